// Requests whose bodies are handled while they arrive.
#include "common/http/connection.h"
#include "common/log.h"

namespace common::http {
namespace {

Error cut_off() {
    return Error::unavailable("the caller is gone, too slow, or sent what is no body");
}

}  // namespace

class Connection::Stream final : public BodyStream {
  public:
    Stream(Connection& connection, Request& request) : connection_{connection}, request_{request} {}

    Task<bool> read(SecretText& into) override;
    Task<bool> write(std::string_view part) override;
    bool stopping() const override { return connection_.is_leaving(); }
    // Whether the answer has been written to its end.
    asio::awaitable<bool> finish();
    bool answering() const { return answering_; }
    bool read_to_the_end() const { return ended_; }
    const Reject* why() const { return why_; }

  private:
    Task<bool> read_some(SecretText& into);
    asio::awaitable<bool> more_bytes();
    Connection& connection_;
    Request& request_;
    std::size_t taken_ = 0;
    bool began_ = false, answering_ = false;
    bool ended_ = !connection_.parser_.framing().chunked && connection_.parser_.framing().length == 0;
    const Reject* why_ = nullptr;
};

// Nobody watches the clock between two calls: what a handler does takes its own time.
Task<bool> Connection::Stream::read(SecretText& into) {
    auto came = co_await read_some(into);
    connection_.rest();
    co_return came;
}

Task<bool> Connection::Stream::read_some(SecretText& into) {
    auto& self = connection_;
    const auto& framing = self.parser_.framing();
    const auto bytes_max = self.core_->options.stream_bytes_max;
    if (ended_) co_return false;
    if (!std::exchange(began_, true)) {
        self.parser_.begin_body(bytes_max);
        if (framing.expects_continue && self.in_.empty()) {
            append(self.out_, "HTTP/1.1 100 Continue\r\n\r\n");
            const bool written = co_await self.write_out();
            if (!written) co_return Fail{cut_off()};
        }
    }
    self.enter(Phase::body, self.core_->options.body_time_max);
    for (;;) {
        const auto step = self.parser_.body(self.in_.view());
        self.in_.consume(self.parser_.consumed());
        taken_ += request_.body.size();
        into.append(request_.body.view());
        const bool came = !request_.body.empty();
        request_.body.clear();
        ended_ = step == Parsed::complete;
        if (step == Parsed::refused) why_ = &self.parser_.why();
        if (taken_ > bytes_max) why_ = &reject::body_too_large;
        if (why_ != nullptr) co_return Fail{cut_off()};
        if (ended_ && !came) co_return false;
        if (came) co_return true;
        const bool more = co_await more_bytes();
        if (!more) co_return Fail{cut_off()};
    }
}

asio::awaitable<bool> Connection::Stream::more_bytes() {
    auto& self = connection_;
    if (self.in_.prepare().empty()) {
        why_ = &reject::chunk;
        co_return false;
    }
    const auto read = co_await self.read_more();
    if (read == Read::timeout) why_ = &reject::timeout;
    if (read == Read::end) self.core_->count_rejected("cut_off");
    co_return read == Read::bytes;
}

Task<bool> Connection::Stream::write(std::string_view part) {
    auto& self = connection_;
    if (part.empty()) co_return true;
    if (!std::exchange(answering_, true))
        append_stream_head(self.out_, self.core_->options.stream_type,
                           {.request_id = request_.request_id,
                            .fixed_headers = self.core_->options.fixed_headers,
                            .keep_alive = self.keep_alive_,
                            .to_head_request = false});
    append_chunk(self.out_, part);
    const bool written = co_await self.write_out();
    self.rest();
    if (!written) co_return Fail{cut_off()};
    co_return true;
}

asio::awaitable<bool> Connection::Stream::finish() {
    append_chunk(connection_.out_, "");
    co_return co_await connection_.write_out();
}

void Connection::rest() {
    phase_ = Phase::handling;
    watchdog_.clear();
    in_.wipe_consumed();
}

asio::awaitable<bool> Connection::serve_stream(Request& request) {
    keep_alive_ = parser_.framing().keep_alive && !is_leaving();
    rest();
    Stream stream{*this, request};
    Result<std::optional<Response>> handled;
    try {
        handled = co_await core_->options.stream_handler(request, stream);
    } catch (const std::exception&) {
        core_->metrics.count("http_exceptions_total");
        log::write(log::Level::error, "exception in a handler", {}, request.request_id);
        handled = Fail{Error::internal("exception in a handler")};
    }
    // What is left of the body would be taken for the next request.
    keep_alive_ = keep_alive_ && stream.read_to_the_end() && !is_leaving();
    if (!handled && stream.answering()) {
        count(request, handled.error().status());
        if (!peer_gone_) log::failure("stream cut off", handled.error(), request.request_id);
        co_return false;
    }
    if (!handled && stream.why() != nullptr) {
        co_await refuse(request, *stream.why());
        co_return false;
    }
    if (!handled || *handled) {
        auto response = handled ? std::move(**handled) : error_response(handled.error());
        co_await answer(request, std::move(response));
        co_return keep_alive_ && !peer_gone_;
    }
    count(request, 200);
    const bool written = co_await stream.finish();
    co_return written&& keep_alive_ && !peer_gone_;
}

}  // namespace common::http
