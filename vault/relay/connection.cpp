#include "vault/relay/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/x509v3.h>

#include "common/error.h"

namespace vault::relay {
namespace {

using common::Cause;
using common::Error;
using common::Fail;
using common::Safe;
using common::Status;

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);

Status failed(common::Text what, const boost::system::error_code& why) {
    return Fail{Error::unavailable(what, Cause::unavailable, {Safe::param(why.message())})};
}

// The server's name is in its certificate (RFC 9525). Processes of one's own are known by identity instead.
bool expect_host(SSL* connection, const std::string& host) {
    SSL_set_verify(connection, SSL_VERIFY_PEER, nullptr);
    boost::system::error_code not_an_address;
    [[maybe_unused]] const auto address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()) == 1;
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(connection, host.c_str()) == 1 &&
           SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
}

// Calls `late` unless it is destroyed before. A timer alone would not do: its handler may be queued already
// when the timer goes.
class Limit {
  public:
    Limit(asio::io_context& io, std::chrono::milliseconds limit, std::function<void()> late)
        : timer_{io, limit}, late_{std::make_shared<std::function<void()>>(std::move(late))} {
        timer_.async_wait([late = late_](const boost::system::error_code& cancelled) {
            if (!cancelled && *late) (*late)();
        });
    }
    Limit(const Limit&) = delete;
    Limit& operator=(const Limit&) = delete;
    ~Limit() { *late_ = nullptr; }
    bool passed() const { return std::chrono::steady_clock::now() >= timer_.expiry(); }

  private:
    asio::steady_timer timer_;
    std::shared_ptr<std::function<void()>> late_;
};

// Dead peers are found by the kernel too: after 60 s of silence, three probes 10 s apart.
void keep_alive(common::http::TcpSocket& socket) {
    boost::system::error_code ignored;
    using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
    using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
    using Count = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
    socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket.set_option(asio::socket_base::keep_alive{true}, ignored);
    socket.set_option(Idle{60}, ignored);
    socket.set_option(Interval{10}, ignored);
    socket.set_option(Count{3}, ignored);
}

}  // namespace

Connection::Connection(asio::io_context& io, const LinkOptions& options,
                       std::shared_ptr<asio::ssl::context> tls)
    : echo_timer{io}, io_{io}, options_{options}, context_{std::move(tls)}, wake_{io} {
    if (context_)
        tls_.emplace(common::http::TcpSocket{io}, *context_);
    else
        plain_.emplace(io);
    wake_.expires_at(Steady::time_point::max());
}

asio::awaitable<Status> Connection::open() {
    if (auto connected = co_await connect(); !connected) co_return connected;
    if (!tls_) co_return Status{};
    co_return co_await handshake();
}

asio::awaitable<Status> Connection::connect() {
    asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type> resolver{io_};
    const Limit limit{io_, options_.connect_max, [this, &resolver] {
                          resolver.cancel();
                          boost::system::error_code ignored;
                          socket().close(ignored);
                      }};
    const auto service = std::to_string(options_.port);
    const auto [unknown, addresses] = co_await resolver.async_resolve(options_.host, service, quiet);
    if (unknown) co_return failed("the acquirer's host cannot be resolved: {}", unknown);
    for (const auto& entry : addresses) {
        if (limit.passed() || !open_now) break;
        boost::system::error_code ignored;
        socket().close(ignored);
        const auto [refused] = co_await socket().async_connect(entry.endpoint(), quiet);
        if (refused) continue;
        keep_alive(socket());
        co_return Status{};
    }
    co_return Fail{Error::unavailable("the acquirer cannot be reached")};
}

asio::awaitable<Status> Connection::handshake() {
    if (options_.peer_identity.empty() && !expect_host(tls_->native_handle(), options_.host))
        co_return Fail{Error::internal("the acquirer's host name cannot be checked")};
    const Limit limit{io_, options_.handshake_max, [this] {
                          boost::system::error_code ignored;
                          socket().close(ignored);
                      }};
    const auto [refused] = co_await tls_->async_handshake(asio::ssl::stream_base::client, quiet);
    if (refused) co_return failed("the handshake with the acquirer failed: {}", refused);
    const auto peer = common::http::peer_certificate(tls_->native_handle());
    if (!options_.peer_identity.empty() && peer.identity != options_.peer_identity)
        co_return Fail{Error::unavailable("the acquirer is {} by its certificate", Cause::unavailable,
                                          {Safe::param(peer.identity)})};
    co_return Status{};
}

asio::awaitable<std::size_t> Connection::read(std::span<std::uint8_t> into) {
    const asio::mutable_buffer buffer{into.data(), into.size()};
    std::size_t taken = 0;
    boost::system::error_code ended;
    if (tls_)
        std::tie(ended, taken) = co_await tls_->async_read_some(buffer, quiet);
    else
        std::tie(ended, taken) = co_await plain_->async_read_some(buffer, quiet);
    if (ended) co_return 0;
    last_byte = Steady::now();
    co_return taken;
}

void Connection::queue(Outgoing outgoing) {
    outgoing_.push_back(std::move(outgoing));
    wake_.cancel();
}

asio::awaitable<void> Connection::write_queued() {
    while (open_now) {
        if (outgoing_.empty()) {
            wake_.expires_at(Steady::time_point::max());
            [[maybe_unused]] const auto woken = co_await wake_.async_wait(quiet);
            continue;
        }
        const Outgoing next = std::move(outgoing_.front());
        outgoing_.pop_front();
        if (next.pending && next.pending->outcome) continue;  // has waited too long for its turn
        if (next.pending) next.pending->begun = true;
        const Limit limit{io_, options_.write_max, [this] { close(); }};
        const asio::const_buffer buffer{next.frame.view().data(), next.frame.size()};
        boost::system::error_code broken;
        std::size_t written = 0;
        if (tls_)
            std::tie(broken, written) = co_await asio::async_write(*tls_, buffer, quiet);
        else
            std::tie(broken, written) = co_await asio::async_write(*plain_, buffer, quiet);
        if (broken) close();
        if (!open_now) co_return;
        if (next.pending && !next.pending->outcome) {
            next.pending->written = true;
            next.pending->written_at = Steady::now();
            next.pending->timer.expires_after(next.pending->answer_max);
        }
    }
}

void Connection::end(const std::shared_ptr<Pending>& pending, Link::Outcome outcome) {
    if (pending->outcome) return;
    pending->outcome = outcome;
    in_flight.erase(pending->expected.stan());
    pending->timer.cancel();
}

void Connection::close() {
    if (!open_now) return;
    open_now = signed_on = false;
    boost::system::error_code ignored;
    socket().close(ignored);
    wake_.cancel();
    echo_timer.cancel();
    const auto pending = std::move(in_flight);
    in_flight.clear();
    for (const auto& [stan, request] : pending)
        end(request, request->begun ? Link::Outcome::lost : Link::Outcome::not_sent);
    outgoing_.clear();
}

}  // namespace vault::relay
