#include "common/http/client_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace common::http {
namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t buffer_bytes_max = 64 * 1024;

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

// A name look-up cannot be interrupted, so it is left to end by itself when the deadline passes.
asio::awaitable<Result<Endpoints>> resolve(asio::io_context& io, const std::string& host, unsigned short port,
                                           Deadline deadline) {
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) co_return Endpoints{{address, port}};

    struct Lookup {
        explicit Lookup(asio::io_context& context) : resolver{context}, done{context} {}
        asio::ip::tcp::resolver resolver;
        asio::steady_timer done;
        std::optional<Endpoints> found;
    };
    const auto lookup = std::make_shared<Lookup>(io);
    lookup->done.expires_at(deadline.at());
    lookup->resolver.async_resolve(host, std::to_string(port),
                                   [lookup](const boost::system::error_code& failure,
                                            const asio::ip::tcp::resolver::results_type& results) {
                                       lookup->found.emplace();
                                       if (!failure)
                                           for (const auto& entry : results)
                                               lookup->found->push_back(entry.endpoint());
                                       lookup->done.cancel();
                                   });
    if (!lookup->found) [[maybe_unused]]
        const auto [ignored] = co_await lookup->done.async_wait(awaited);
    if (!lookup->found || lookup->found->empty())
        co_return Fail{Error::unavailable("cannot resolve {}", Cause::unavailable, {Safe::param(host)})};
    co_return std::move(*lookup->found);
}

}  // namespace

ClientConnection::ClientConnection(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls,
                                   std::size_t response_bytes_max)
    : io_{io},
      tls_{std::move(tls)},
      stream_{TcpSocket{io}, *tls_},
      watchdog_{io,
                [this] {
                    watchdog_.clear();
                    close();
                    if (const auto closed = std::exchange(closed_, nullptr)) closed();
                }},
      parser_{response_bytes_max},
      in_{buffer_bytes_max} {}

void ClientConnection::close() {
    reusable_ = false;
    boost::system::error_code ignored;
    stream_.next_layer().close(ignored);
}

void ClientConnection::close_when_idle(std::chrono::milliseconds limit, std::function<void()> closed) {
    closed_ = std::move(closed);
    watchdog_.set_in(limit);
}

void ClientConnection::taken() {
    closed_ = nullptr;
    watchdog_.clear();
}

bool ClientConnection::gone_stale() {
    char byte = 0;
    const auto got = ::recv(stream_.next_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

asio::awaitable<Status> ClientConnection::open(const ClientOptions& options, Deadline deadline) {
    const auto limit = deadline.at_most(options.connect_max);
    const auto connected = co_await connect(options, limit);
    if (!connected) co_return connected;
    watchdog_.set(limit.at());
    auto status = co_await shake_hands(options);
    watchdog_.clear();
    if (!status) close();
    co_return status;
}

asio::awaitable<Status> ClientConnection::connect(const ClientOptions& options, Deadline deadline) {
    const auto& host = options.address.empty() ? options.host : options.address;
    const auto endpoints = co_await resolve(io_, host, options.port, deadline);
    if (!endpoints) co_return Fail{endpoints.error()};
    watchdog_.set(deadline.at());
    auto& socket = stream_.next_layer();
    boost::system::error_code last = asio::error::timed_out;
    for (const auto& endpoint : *endpoints) {
        if (deadline.passed()) break;
        boost::system::error_code ignored;
        socket.close(ignored);
        const auto [failure] = co_await socket.async_connect(endpoint, awaited);
        last = failure;
        if (failure) continue;
        socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
        co_return Status{};
    }
    watchdog_.clear();
    co_return Fail{
        Error::unavailable("cannot connect to {} port {}: {}", Cause::unavailable,
                           {Safe::param(host), Safe::number(options.port), Safe::param(last.message())})};
}

asio::awaitable<Status> ClientConnection::shake_hands(const ClientOptions& options) {
    if (!expect_host(stream_.native_handle(), options.host))
        co_return Fail{
            Error::unavailable("{} is not a host name", Cause::unavailable, {Safe::param(options.host)})};
    const auto [failure] = co_await stream_.async_handshake(asio::ssl::stream_base::client, awaited);
    if (failure)
        co_return Fail{Error::unavailable("TLS handshake with {} failed: {}", Cause::unavailable,
                                          {Safe::param(options.host), Safe::param(failure.message())})};
    if (!options.peer_identity.empty() &&
        peer_certificate(stream_.native_handle()).identity != options.peer_identity)
        co_return Fail{Error::unavailable("{} is not {}", Cause::unavailable,
                                          {Safe::param(options.host), Safe::param(options.peer_identity)})};
    reusable_ = true;
    co_return Status{};
}

asio::awaitable<ClientConnection::Outcome> ClientConnection::exchange(const ClientRequest& request,
                                                                      std::string_view host_field,
                                                                      Response& response, Deadline deadline) {
    reusable_ = false;
    watchdog_.set(deadline.at());
    parser_.start(response, request.method == Method::head);
    auto outcome = Outcome::not_sent;
    const bool written = co_await write(request, host_field);
    if (written) outcome = co_await read(response);
    watchdog_.clear();
    in_.wipe_consumed();
    reusable_ = outcome == Outcome::answered && parser_.keep_alive() && in_.empty();
    if (!reusable_) close();
    co_return outcome;
}

// TLS delivers a record whole or not at all: after a failed write the last part of the request is missing.
asio::awaitable<bool> ClientConnection::write(const ClientRequest& request, std::string_view host_field) {
    WipedBytes out;
    append_request(out, request, host_field);
    const auto bytes = asio::buffer(out.data(), out.size());
    const auto [failure, size] = co_await asio::async_write(stream_, bytes, awaited);
    co_return !failure;
}

asio::awaitable<ClientConnection::Outcome> ClientConnection::read(Response& response) {
    bool begun = false;
    for (;;) {
        const auto room = in_.prepare();
        if (room.empty()) co_return Outcome::half_answer;
        const auto [failure, size] =
            co_await stream_.async_read_some(asio::buffer(room.data(), room.size()), awaited);
        if (failure) {
            if (!begun) co_return Outcome::no_answer;
            // Only close_notify ends a body that has no length: a cut connection must not pass for one.
            const bool ended = failure == asio::error::eof && parser_.end_of_stream() == Parsed::complete;
            co_return ended ? Outcome::answered : Outcome::half_answer;
        }
        begun = true;
        in_.commit(size);
        const auto step = parser_.feed(in_.view());
        in_.consume(parser_.consumed());
        if (step == Parsed::refused) co_return Outcome::half_answer;
        if (step != Parsed::complete) continue;
        response.close = !parser_.keep_alive();
        co_return Outcome::answered;
    }
}

}  // namespace common::http
