#include "gateway/simulator/host.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/log.h"
#include "common/runtime.h"
#include "gateway/simulator/session.h"

namespace simulator {

using asio::ip::tcp;
using common::Error;
using common::Fail;
using common::Safe;

Host::Host(asio::io_context& io, HostOptions options, std::shared_ptr<certs::TlsContext> tls, Issuer& issuer,
           Journal& journal, common::Metrics& metrics)
    : io_{io},
      options_{std::move(options)},
      tls_{std::move(tls)},
      issuer_{issuer},
      journal_{journal},
      metrics_{metrics},
      acceptor_{io} {}

Host::~Host() = default;

common::Result<unsigned short> Host::start() {
    boost::system::error_code failed;
    const auto address = asio::ip::make_address(options_.address, failed);
    if (failed) return Fail{Error::internal("server.address is no IP address")};
    const tcp::endpoint endpoint{address, options_.port};
    acceptor_.open(endpoint.protocol(), failed);
    if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address{true}, failed);
    if (!failed) acceptor_.bind(endpoint, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
        return Fail{Error::internal("cannot listen on port {}: error {}",
                                    {Safe::number(options_.port), Safe::number(failed.value())})};
    asio::co_spawn(io_, accept(), common::log_exceptions("accept"));
    return acceptor_.local_endpoint().port();
}

asio::awaitable<void> Host::accept() {
    while (acceptor_.is_open()) {
        auto [failed, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!acceptor_.is_open()) co_return;
        if (failed) {
            // Out of descriptors, most likely: give connections time to end.
            asio::steady_timer pause{io_, std::chrono::milliseconds{100}};
            (void)co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
            continue;
        }
        if (sessions_.size() >= options_.connections_max) continue;  // the socket closes itself
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay{true}, ignored);
        socket.set_option(asio::socket_base::keep_alive{true}, ignored);
        auto session = std::make_shared<Session>(*this, std::move(socket), tls_->current());
        sessions_.insert(session);
        metrics_.gauge("simulator_connections", static_cast<double>(sessions_.size()));
        asio::co_spawn(io_, session->run(), common::log_exceptions("session"));
    }
}

void Host::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    const auto open = sessions_;
    for (const auto& session : open)
        session->close();
}

void Host::forget(const std::shared_ptr<Session>& session) {
    sessions_.erase(session);
    metrics_.gauge("simulator_connections", static_cast<double>(sessions_.size()));
}

std::string Host::next_stan() {
    stan_ = stan_ >= 999999 ? 900000 : stan_ + 1;
    return std::to_string(stan_);
}

}  // namespace simulator
