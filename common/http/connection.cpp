#include "common/http/connection.h"

#include <ctime>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "common/crypto.h"
#include "common/log.h"

namespace common::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t request_id_characters = 18;
constexpr std::size_t body_bytes_default = 1 << 20;
constexpr std::size_t out_bytes_kept = 64 * 1024;
constexpr milliseconds goodbye_max{300};  // for the other end's close_notify
constexpr milliseconds linger_max{1000};  // for what it sends until it has seen our answer
constexpr std::size_t linger_bytes_max = 8 << 20;
constexpr milliseconds first_request_in_drain_max{1000};
constexpr unsigned refusals_logged_a_second_max = 10;

std::atomic<int> open_connections{0};  // of all servers of the process: they share one gauge

}  // namespace

void ServerCore::count_rejected(std::string_view reason) {
    metrics.count("http_rejected_total", {{"reason", reason}});
}

bool ServerCore::may_log() {
    const std::int64_t now = std::time(nullptr);
    if (std::exchange(log_second, now) != now) logged_in_second = 0;
    return logged_in_second++ < refusals_logged_a_second_max;
}

Connection::Connection(asio::io_context& io, std::shared_ptr<ServerCore> core, TcpSocket socket,
                       std::shared_ptr<asio::ssl::context> tls, std::string peer_address,
                       std::string address_key)
    : core_{std::move(core)},
      tls_{std::move(tls)},
      stream_{std::move(socket), *tls_},
      watchdog_{io, [this] { expired(); }},
      parser_{{core_->options.request_line_max, core_->options.header_bytes_max,
               core_->options.header_fields_max}},
      in_{core_->options.request_line_max + core_->options.header_bytes_max + 8},
      peer_address_{std::move(peer_address)},
      address_key_{std::move(address_key)},
      began_{steady_clock::now()} {
    place_ = core_->connections.insert(core_->connections.end(), this);
    ++core_->per_address[address_key_];
    core_->metrics.gauge("http_connections", ++open_connections);
}

Connection::~Connection() {
    core_->connections.erase(place_);
    if (const auto at = core_->per_address.find(address_key_);
        at != core_->per_address.end() && --at->second == 0)
        core_->per_address.erase(at);
    core_->metrics.gauge("http_connections", --open_connections);
    if (const auto gone = core_->connection_gone; gone && core_->connections.empty()) gone();
}

// A place among the large bodies, kept until the request is answered.
class Connection::LargeBody {
  public:
    explicit LargeBody(ServerCore& core) : core_{core} {}
    LargeBody(const LargeBody&) = delete;
    LargeBody& operator=(const LargeBody&) = delete;
    ~LargeBody() {
        if (held_) --core_.large_bodies;
    }
    bool take() {
        held_ = core_.large_bodies < core_.options.large_bodies_max;
        if (held_) ++core_.large_bodies;
        return held_;
    }

  private:
    ServerCore& core_;
    bool held_ = false;
};

void Connection::enter(Phase phase, milliseconds limit) {
    phase_ = phase;
    watchdog_.set(steady_clock::now() + limit);
}

// While a request is being read only the read ends, so that an answer can still be sent.
void Connection::expired() {
    timed_out_ = true;
    boost::system::error_code ignored;
    if (phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::body || phase_ == Phase::goodbye) {
        stream_.next_layer().cancel(ignored);
        return;
    }
    watchdog_.clear();
    stream_.next_layer().close(ignored);
}

void Connection::drain() {
    leave_ = true;
    if (phase_ != Phase::idle) return;
    watchdog_.set(steady_clock::now() + (requests_ == 0 ? first_request_in_drain_max : milliseconds{0}));
}

void Connection::abort() {
    leave_ = true;
    boost::system::error_code ignored;
    stream_.next_layer().close(ignored);
}

asio::awaitable<void> Connection::run(std::unique_ptr<Connection> connection) {
    auto& self = *connection;
    try {
        const bool shaken = co_await self.handshake();
        if (shaken) co_await self.serve();
    } catch (const std::exception&) {
        // Its text may hold what the request held; the name of the event must do.
        self.core_->metrics.count("http_exceptions_total");
        log::error("exception ended a connection");
    }
}

asio::awaitable<bool> Connection::handshake() {
    enter(Phase::handshake, core_->options.handshake_max);
    const auto [failure] = co_await stream_.async_handshake(asio::ssl::stream_base::server, awaited);
    if (failure) {
        core_->count_rejected(timed_out_ ? "handshake_timeout" : "handshake");
        // Those who only leave (health checks, scanners) are not worth a line.
        if (failure.category() == asio::error::get_ssl_category() && core_->may_log())
            log::info("TLS handshake failed",
                      {{"address", Safe::param(peer_address_)}, {"why", Safe::param(failure.message())}});
        co_return false;
    }
    if (core_->options.request_client_certificate) peer_ = peer_certificate(stream_.native_handle());
    co_return true;
}

asio::awaitable<void> Connection::serve() {
    for (bool more = true; more;) {
        more = co_await serve_one();
        in_.wipe_consumed();
    }
    co_await close_gently();
}

asio::awaitable<bool> Connection::serve_one() {
    Request request;
    request.peer_address = peer_address_;
    request.peer_identity = peer_.identity;
    request.request_id = "req_" + crypto::random_base62(request_id_characters);
    keep_alive_ = false;
    const bool head_read = co_await read_head(request);
    if (!head_read) co_return false;
    request.deadline = Deadline::in(core_->options.request_max);
    if (certificate_expired()) {
        core_->count_rejected("certificate_expired");
        const Error error{401, ErrorType::invalid_request, "", "The client certificate has expired."};
        auto refusal = error_response(error);
        co_await answer(request, std::move(refusal));
        co_return false;
    }
    if (core_->options.streams && core_->options.streams(request.method, request.path))
        co_return co_await serve_stream(request);
    LargeBody large{*core_};
    const bool body_read = co_await read_body(request, large);
    if (!body_read) co_return false;
    keep_alive_ = parser_.framing().keep_alive && !is_leaving();
    rest();
    auto response = co_await handle(request);
    if (request.deadline.passed())
        log::write(log::Level::warning, "handler outlived its deadline", {}, request.request_id);
    keep_alive_ = keep_alive_ && !response.close && !is_leaving();
    co_await answer(request, std::move(response));
    co_return keep_alive_ && !peer_gone_;
}

asio::awaitable<bool> Connection::read_head(Request& request) {
    parser_.start(request);
    if (!in_.empty())
        enter(Phase::head, core_->options.header_max);
    else if (requests_ == 0)
        enter(Phase::idle, leave_ ? first_request_in_drain_max : core_->options.header_max);
    else if (leave_)
        co_return false;
    else
        enter(Phase::idle, core_->options.idle_max);
    for (;;) {
        const auto step = in_.empty() ? Parsed::need_more : parser_.head(in_.view());
        if (step == Parsed::complete) break;
        if (step == Parsed::refused) {
            co_await refuse(request, parser_.why());
            co_return false;
        }
        const auto read = co_await read_more();
        if (read == Read::timeout && !in_.empty()) co_await refuse(request, reject::timeout);
        if (read != Read::bytes) {
            if (!in_.empty() && read == Read::end) core_->count_rejected("cut_off");
            co_return false;
        }
        if (phase_ == Phase::idle) enter(Phase::head, core_->options.header_max);
    }
    ++requests_;
    request_began_ = steady_clock::now();
    in_.consume(parser_.consumed());
    co_return true;
}

std::size_t Connection::body_max(const Request& request) const {
    if (request.method == Method::get || request.method == Method::head) return 0;
    return core_->options.body_max ? core_->options.body_max(request.method, request.path)
                                   : body_bytes_default;
}

bool Connection::may_be_large(const Request& request) const {
    const auto& framing = parser_.framing();
    const auto most = body_max(request);
    return most > body_bytes_default &&
           (framing.chunked || (framing.length > body_bytes_default && framing.length <= most));
}

asio::awaitable<bool> Connection::read_body(Request& request, LargeBody& large) {
    const auto& framing = parser_.framing();
    if (!framing.chunked && framing.length == 0) co_return true;
    enter(Phase::body, core_->options.body_time_max);
    if (may_be_large(request) && !large.take()) {
        co_await refuse(request, reject::large_bodies);
        co_return false;
    }
    parser_.begin_body(body_max(request));
    bool continued = !framing.expects_continue;
    for (;;) {
        const auto step = parser_.body(in_.view());
        in_.consume(parser_.consumed());
        if (step == Parsed::complete) co_return true;
        if (step == Parsed::refused) {
            co_await refuse(request, parser_.why());
            co_return false;
        }
        if (!continued && in_.empty() && request.body.empty()) {
            append(out_, "HTTP/1.1 100 Continue\r\n\r\n");
            const bool written = co_await write_out();
            if (!written) co_return false;
            enter(Phase::body, core_->options.body_time_max);
        }
        continued = true;
        if (in_.prepare().empty()) {
            co_await refuse(request, reject::chunk);
            co_return false;
        }
        const auto read = co_await read_more();
        if (read == Read::timeout) co_await refuse(request, reject::timeout);
        if (read == Read::end) core_->count_rejected("cut_off");
        if (read != Read::bytes) co_return false;
    }
}

asio::awaitable<Response> Connection::handle(Request& request) {
    try {
        co_return co_await core_->handler(request);
    } catch (const std::exception&) {
        core_->metrics.count("http_exceptions_total");
        log::write(log::Level::error, "exception in a handler", {}, request.request_id);
    }
    auto response = error_response(Error::internal("exception in a handler"));
    response.close = true;
    co_return response;
}

asio::awaitable<Connection::Read> Connection::read_more() {
    timed_out_ = false;
    const auto room = in_.prepare();
    const auto [failure, size] =
        co_await stream_.async_read_some(asio::buffer(room.data(), room.size()), awaited);
    if (!failure) {
        in_.commit(size);
        co_return Read::bytes;
    }
    if (timed_out_ && failure == asio::error::operation_aborted) co_return Read::timeout;
    peer_gone_ = true;
    co_return Read::end;
}

asio::awaitable<bool> Connection::write_out() {
    enter(Phase::writing, core_->options.write_max);
    const auto bytes = asio::buffer(out_.data(), out_.size());
    const auto [failure, size] = co_await asio::async_write(stream_, bytes, awaited);
    wipe(out_.data(), out_.size());
    out_.clear();
    if (out_.capacity() > out_bytes_kept) out_ = {};
    if (failure) peer_gone_ = true;
    co_return !failure;
}

std::string_view Connection::route_of(const Request& request) {
    route_ = request.path.empty() || !core_->options.route_label
                 ? "other"
                 : core_->options.route_label(request.method, request.path);
    return route_;
}

asio::awaitable<void> Connection::answer(const Request& request, Response response) {
    append_response(out_, response,
                    {.request_id = request.request_id,
                     .fixed_headers = core_->options.fixed_headers,
                     .keep_alive = keep_alive_,
                     .to_head_request = request.method == Method::head});
    wipe(response.body.data(), response.body.size());
    count(request, response.status);
    const bool written = co_await write_out();
    if (!written) core_->count_rejected("unread_answer");
    if (requests_ != 0)
        core_->metrics.observe("http_request_seconds", steady_clock::now() - request_began_,
                               {{"route", route_}});
}

void Connection::count(const Request& request, int status) {
    core_->metrics.count("http_requests_total", {{"route", route_of(request)},
                                                 {"method", to_string(request.method)},
                                                 {"status", std::to_string(status)}});
}

Error Connection::error_for(const Request& request, const Reject& why) const {
    if (&why == &reject::body_too_large && core_->options.body_refusal)
        if (auto other = core_->options.body_refusal(request.method, request.path)) return *std::move(other);
    return error_of(why);
}

asio::awaitable<void> Connection::refuse(const Request& request, const Reject& why) {
    keep_alive_ = false;
    core_->count_rejected(why.reason);
    const auto error = error_for(request, why);
    if (core_->may_log())
        log::write(log::Level::info, "request refused",
                   {{"status", Safe::number(error.status())}, {"why", Safe::id(why.reason)}},
                   request.request_id);
    auto response = error_response(error);
    co_await answer(request, std::move(response));
}

bool Connection::is_leaving() const {
    return leave_ || core_->draining || steady_clock::now() - began_ >= core_->options.connection_max;
}

bool Connection::certificate_expired() const {
    return std::time(nullptr) > peer_.not_after;
}

// Says goodbye, then reads on for a moment: closing a socket with unread bytes resets it, and the reset can
// overtake the answer.
asio::awaitable<void> Connection::close_gently() {
    auto& socket = stream_.next_layer();
    if (!socket.is_open()) co_return;
    if (peer_gone_) co_return;
    enter(Phase::goodbye, goodbye_max);
    [[maybe_unused]] const auto [ended] = co_await stream_.async_shutdown(awaited);
    boost::system::error_code failure;
    socket.shutdown(asio::socket_base::shutdown_send, failure);
    if (failure) co_return;
    enter(Phase::closing, linger_max);
    std::array<char, 4096> discarded;
    for (std::size_t total = 0; total < linger_bytes_max;) {
        const auto [end, size] = co_await socket.async_read_some(asio::buffer(discarded), awaited);
        if (end) co_return;
        total += size;
    }
}

}  // namespace common::http
