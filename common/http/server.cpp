#include "common/http/server.h"

#include <set>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/http/connection.h"
#include "common/log.h"
#include "common/runtime.h"

namespace common::http {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds accept_pause{100};  // when there are no file descriptors left

// One subscriber of IPv6 has a /64 at least, so that is what counts as an address.
std::string limit_key(const asio::ip::address& address) {
    if (!address.is_v6()) return address.to_string();
    const auto bytes = address.to_v6().to_bytes();
    return {reinterpret_cast<const char*>(bytes.data()), 8};
}

asio::ip::address plain(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return address;
}

// Ports that servers of this process listen on. They share one (SO_REUSEPORT); with another process none may
// be shared, for then a second one started by mistake would silently take half of the connections.
class ListeningPorts {
  public:
    // Runs `bind`; before, the endpoint is tried alone unless this process has it already.
    template <class Bind>
    void claim(const asio::ip::tcp::endpoint& endpoint, boost::system::error_code& failure, Bind bind) {
        const std::lock_guard lock{mutex_};
        if (endpoint.port() != 0 && !held_.contains(endpoint)) try_alone(endpoint, failure);
        if (failure) return;
        if (const auto bound = bind()) held_.insert(*bound);
    }
    void release(const asio::ip::tcp::endpoint& endpoint) {
        const std::lock_guard lock{mutex_};
        if (const auto at = held_.find(endpoint); at != held_.end()) held_.erase(at);
    }

  private:
    static void try_alone(const asio::ip::tcp::endpoint& endpoint, boost::system::error_code& failure) {
        asio::io_context io;
        Acceptor alone{io};
        alone.open(endpoint.protocol(), failure);
        if (!failure) alone.set_option(Acceptor::reuse_address{true}, failure);
        if (!failure) alone.bind(endpoint, failure);
    }
    std::mutex mutex_;
    std::multiset<asio::ip::tcp::endpoint> held_;
};

ListeningPorts& listening_ports() {
    static ListeningPorts one;
    return one;
}

}  // namespace

struct Server::Impl {
    Impl(asio::io_context& context, ServerOptions options, TlsSource source, Handler handler,
         Metrics& metrics)
        : io{context},
          acceptor{context},
          pause{context},
          drain_timer{context},
          tls{std::move(source)},
          core{std::make_shared<ServerCore>(std::move(options), std::move(handler), metrics)} {}

    std::optional<asio::ip::tcp::endpoint> bind(const asio::ip::tcp::endpoint& endpoint,
                                                boost::system::error_code& failure);
    static asio::awaitable<void> accept_all(std::shared_ptr<Impl> self);
    void take(TcpSocket socket);
    void stop_accepting();
    void finish_drain();

    asio::io_context& io;
    Acceptor acceptor;
    asio::steady_timer pause, drain_timer;
    TlsSource tls;
    std::shared_ptr<ServerCore> core;
    std::optional<asio::ip::tcp::endpoint> bound;
    std::function<void()> drained;
    bool stopped = false;
};

Server::Server(asio::io_context& io, ServerOptions options, TlsSource tls, Handler handler, Metrics& metrics)
    : impl_{std::make_shared<Impl>(io, std::move(options), std::move(tls), std::move(handler), metrics)} {}

Server::~Server() {
    impl_->stop_accepting();
    impl_->drain_timer.cancel();
    impl_->core->connection_gone = nullptr;
    for (auto* connection : impl_->core->connections)
        connection->abort();
}

Result<unsigned short> Server::start() {
    const auto& options = impl_->core->options;
    boost::system::error_code failure;
    const auto address = asio::ip::make_address(options.address, failure);
    if (failure)
        return Fail{Error::internal("address {} is not an IP address", {Safe::param(options.address)})};
    const asio::ip::tcp::endpoint endpoint{address, options.port};
    listening_ports().claim(endpoint, failure, [&] { return impl_->bound = impl_->bind(endpoint, failure); });
    if (failure) {
        boost::system::error_code ignored;
        impl_->acceptor.close(ignored);
        return Fail{Error::internal(
            "cannot listen on {} port {}: {}",
            {Safe::param(options.address), Safe::number(options.port), Safe::param(failure.message())})};
    }
    asio::co_spawn(impl_->io, Impl::accept_all(impl_), log_exceptions("accepting connections"));
    return impl_->bound->port();
}

std::optional<asio::ip::tcp::endpoint> Server::Impl::bind(const asio::ip::tcp::endpoint& endpoint,
                                                          boost::system::error_code& failure) {
    acceptor.open(endpoint.protocol(), failure);
    if (!failure) acceptor.set_option(Acceptor::reuse_address{true}, failure);
    if (!failure) acceptor.set_option(ReusePort{true}, failure);
    if (!failure) acceptor.bind(endpoint, failure);
    if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) return std::nullopt;
    return acceptor.local_endpoint(failure);
}

asio::awaitable<void> Server::Impl::accept_all(std::shared_ptr<Impl> self) {
    while (!self->stopped) {
        TcpSocket socket{self->io};
        const auto [failure] = co_await self->acceptor.async_accept(socket, awaited);
        if (self->stopped) co_return;
        if (!failure) {
            self->take(std::move(socket));
            continue;
        }
        self->core->count_rejected("accept");
        if (failure == asio::error::connection_aborted) continue;
        log::warning("cannot accept a connection", {{"why", Safe::param(failure.message())}});
        self->pause.expires_after(accept_pause);
        [[maybe_unused]] const auto [ignored] = co_await self->pause.async_wait(awaited);
    }
}

void Server::Impl::take(TcpSocket socket) {
    boost::system::error_code failure;
    const auto peer = socket.remote_endpoint(failure);
    if (failure) return;
    const auto address = plain(peer.address());
    auto key = limit_key(address);
    if (core->connections.size() >= core->options.connections_max) return core->count_rejected("connections");
    const auto held = core->per_address.find(key);
    if (held != core->per_address.end() && held->second >= core->options.connections_per_address_max)
        return core->count_rejected("connections_of_address");
    socket.set_option(asio::ip::tcp::no_delay{true}, failure);
    try {
        auto context = tls();
        if (!context) return core->count_rejected("no_certificate");
        auto connection = std::make_unique<Connection>(io, core, std::move(socket), std::move(context),
                                                       address.to_string(), std::move(key));
        asio::co_spawn(io, Connection::run(std::move(connection)), log_exceptions("serving a connection"));
    } catch (const std::exception&) {
        core->metrics.count("http_exceptions_total");
        log::error("cannot begin to serve a connection");
    }
}

void Server::Impl::stop_accepting() {
    stopped = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    if (bound) listening_ports().release(*std::exchange(bound, std::nullopt));
    pause.cancel();
}

void Server::Impl::finish_drain() {
    core->connection_gone = nullptr;
    drain_timer.cancel();
    if (auto done = std::exchange(drained, nullptr)) asio::post(io, std::move(done));
}

void Server::drain(std::chrono::milliseconds wait, std::function<void()> done) {
    auto& self = *impl_;
    self.stop_accepting();
    self.core->draining = true;
    self.drained = std::move(done);
    if (self.core->connections.empty()) return self.finish_drain();
    self.core->connection_gone = [weak = std::weak_ptr{impl_}] {
        if (const auto alive = weak.lock()) alive->finish_drain();
    };
    for (auto* connection : self.core->connections)
        connection->drain();
    self.drain_timer.expires_after(wait);
    self.drain_timer.async_wait([weak = std::weak_ptr{impl_}](const boost::system::error_code& failure) {
        const auto alive = weak.lock();
        if (failure || !alive) return;
        for (auto* connection : alive->core->connections)
            connection->abort();
        alive->finish_drain();
    });
}

}  // namespace common::http
