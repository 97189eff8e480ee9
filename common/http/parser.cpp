#include "common/http/parser.h"

#include <boost/beast/http/basic_parser.hpp>

namespace common::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using Field = beast::http::field;
using View = beast::string_view;

constexpr std::size_t chunk_extension_bytes_max = 4096;  // of all chunks of a body together
constexpr std::size_t last_chunk_size = 5;               // 0 CR LF CR LF
constexpr std::size_t body_reserve_max =
    64 * 1024;  // a declared length alone makes us keep no more than this
constexpr std::size_t response_fields_max = 128;

std::string_view std_view(View text) {
    return {text.data(), text.size()};
}

bool is_plain_text(View text) {
    return std::ranges::all_of(text, [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

// The request goes straight into Request: no Beast container, whose handling of long fields throws in
// Boost 1.81 and which merges trailer fields into the header.
class RequestSink final : public beast::http::basic_parser<true> {
  public:
    explicit RequestSink(Request& request) : request_{request} {
        header_limit(128 * 1024);  // HeadScanner has been here
        body_limit(boost::none);   // counted below, from the limit that the path gets
    }

    RequestLine line() const { return {method_, target_, version_}; }
    const Reject* why = nullptr;
    std::size_t body_max = 0;

  private:
    void on_request_impl(beast::http::verb, View method, View target, int version, error_code&) override {
        method_ = std_view(method);
        target_ = std_view(target);
        version_ = version;
        request_.method = method_of(method_);
        const auto mark = target_.find('?');
        request_.path = target_.substr(0, mark);
        request_.query = mark == std::string_view::npos ? std::string_view{} : target_.substr(mark + 1);
    }
    void on_response_impl(int, View, int, error_code&) override {}
    void on_field_impl(Field, View name, View value, error_code& failure) override {
        if (head_done_) return fail(reject::trailer, failure);
        request_.headers.add(std_view(name), std_view(value));
    }
    void on_header_impl(error_code&) override { head_done_ = true; }
    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code&) override {
        if (length) request_.body.reserve(std::min<std::size_t>(*length, body_reserve_max));
    }
    std::size_t on_body_impl(View bytes, error_code& failure) override { return take(bytes, failure); }
    void on_chunk_header_impl(std::uint64_t size, View extension, error_code& failure) override {
        extension_bytes_ += extension.size();
        if (extension_bytes_ > chunk_extension_bytes_max || !is_plain_text(extension))
            return fail(reject::chunk, failure);
        if (size > body_max || request_.body.size() + size > body_max) fail(too_large(), failure);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code& failure) override {
        return take(bytes, failure);
    }
    void on_finish_impl(error_code&) override {}

    std::size_t take(View bytes, error_code& failure) {
        if (request_.body.size() + bytes.size() > body_max) {
            fail(too_large(), failure);
            return 0;
        }
        request_.body.append(std_view(bytes));
        return bytes.size();
    }
    const Reject& too_large() const {
        return body_max == 0 ? reject::body_unexpected : reject::body_too_large;
    }
    void fail(const Reject& reason, error_code& failure) {
        why = &reason;
        failure = beast::http::error::bad_value;
    }

    Request& request_;
    std::string_view method_, target_;  // into the caller's bytes; used before the head is consumed
    int version_ = 0;
    bool head_done_ = false;
    std::size_t extension_bytes_ = 0;
};

class ResponseSink final : public beast::http::basic_parser<false> {
  public:
    ResponseSink(Response& response, std::size_t body_max) : response_{response}, body_max_{body_max} {
        header_limit(64 * 1024);
        body_limit(boost::none);
        eager(true);
    }
    bool too_large = false;
    bool interim() const { return is_header_done() && response_.status / 100 == 1; }
    bool announces_too_much() {
        too_large = too_large || (!skip() && content_length().value_or(0) > body_max_);
        return too_large;
    }

  private:
    void on_request_impl(beast::http::verb, View, View, int, error_code&) override {}
    void on_response_impl(int code, View, int, error_code&) override { response_.status = code; }
    void on_field_impl(Field field, View name, View value, error_code& failure) override {
        if (head_done_) return;  // trailer fields say nothing to us
        if (response_.headers.all().size() >= response_fields_max) {
            failure = beast::http::error::header_limit;
            return;
        }
        if (field == Field::content_type) response_.content_type = std_view(value);
        response_.headers.add(std_view(name), std_view(value));
    }
    void on_header_impl(error_code&) override { head_done_ = true; }
    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& failure) override {
        if (!length) return;
        if (*length > body_max_) return fail(failure);
        response_.body.reserve(std::min<std::size_t>(*length, body_reserve_max));
    }
    std::size_t on_body_impl(View bytes, error_code& failure) override { return take(bytes, failure); }
    void on_chunk_header_impl(std::uint64_t size, View, error_code& failure) override {
        if (size > body_max_ || response_.body.size() + size > body_max_) fail(failure);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code& failure) override {
        return take(bytes, failure);
    }
    void on_finish_impl(error_code&) override {}

    std::size_t take(View bytes, error_code& failure) {
        if (response_.body.size() + bytes.size() > body_max_) {
            fail(failure);
            return 0;
        }
        response_.body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    void fail(error_code& failure) {
        too_large = true;
        failure = beast::http::error::body_limit;
    }

    Response& response_;
    std::size_t body_max_;
    bool head_done_ = false;
};

}  // namespace

struct RequestParser::Impl {
    Request* request = nullptr;
    std::optional<RequestSink> sink;
};

RequestParser::RequestParser(HeadLimits limits) : impl_{std::make_unique<Impl>()}, limits_{limits} {}
RequestParser::~RequestParser() = default;

void RequestParser::start(Request& request) {
    impl_->request = &request;
    impl_->sink.emplace(request);
    scanner_ = {};
    framing_ = {};
    consumed_ = 0;
    why_ = nullptr;
}

Parsed RequestParser::refuse(const Reject& why) {
    why_ = &why;
    return Parsed::refused;
}

Parsed RequestParser::head(std::string_view bytes) {
    consumed_ = 0;
    switch (scanner_.scan(bytes, limits_)) {
        case HeadScanner::State::need_more:
            return Parsed::need_more;
        case HeadScanner::State::refused:
            return refuse(*scanner_.why());
        case HeadScanner::State::complete:
            break;
    }
    auto& sink = *impl_->sink;
    error_code failure;
    consumed_ = sink.put(boost::asio::buffer(bytes.substr(0, scanner_.head_size())), failure);
    if (failure || !sink.is_header_done() || consumed_ != scanner_.head_size())
        return refuse(reject::malformed);
    if (const auto* why = check_head(sink.line(), impl_->request->headers, framing_)) return refuse(*why);
    // Two readings of the same head must agree before a single byte of the body is believed.
    if (sink.chunked() != framing_.chunked) return refuse(reject::malformed);
    if (!framing_.chunked && sink.content_length().value_or(0) != framing_.length)
        return refuse(reject::malformed);
    return Parsed::complete;
}

void RequestParser::begin_body(std::size_t body_max) {
    impl_->sink->body_max = body_max;
    impl_->sink->eager(true);
}

Parsed RequestParser::body(std::string_view bytes) {
    auto& sink = *impl_->sink;
    consumed_ = 0;
    if (sink.is_done()) return Parsed::complete;
    if (framing_.length > sink.body_max)
        return refuse(sink.body_max == 0 ? reject::body_unexpected : reject::body_too_large);
    // Every chunked body goes on for that long; Beast of Boost 1.81 asserts it in the middle of a last chunk.
    if (bytes.size() < (framing_.chunked ? last_chunk_size : 1)) return Parsed::need_more;
    error_code failure;
    consumed_ = sink.put(boost::asio::buffer(bytes), failure);
    if (failure && failure != beast::http::error::need_more)
        return refuse(sink.why != nullptr ? *sink.why : framing_.chunked ? reject::chunk : reject::malformed);
    return sink.is_done() ? Parsed::complete : Parsed::need_more;
}

struct ResponseParser::Impl {
    Response* response = nullptr;
    bool to_head_request = false;
    std::optional<ResponseSink> sink;
    void restart(std::size_t body_max) {
        *response = {};
        sink.emplace(*response, body_max);
        sink->skip(to_head_request);
    }
};

ResponseParser::ResponseParser(std::size_t body_max) : impl_{std::make_unique<Impl>()}, body_max_{body_max} {}
ResponseParser::~ResponseParser() = default;

void ResponseParser::start(Response& response, bool to_head_request) {
    impl_->response = &response;
    impl_->to_head_request = to_head_request;
    impl_->restart(body_max_);
}

Parsed ResponseParser::feed(std::string_view bytes) {
    consumed_ = 0;
    while (consumed_ < bytes.size()) {
        error_code failure;
        consumed_ += impl_->sink->put(boost::asio::buffer(bytes.substr(consumed_)), failure);
        if (failure == beast::http::error::need_more) return Parsed::need_more;
        if (failure || impl_->sink->announces_too_much()) return Parsed::refused;
        if (!impl_->sink->is_done()) continue;
        if (!impl_->sink->interim()) return Parsed::complete;
        impl_->restart(body_max_);
    }
    return Parsed::need_more;
}

Parsed ResponseParser::end_of_stream() {
    error_code failure;
    if (impl_->sink->got_some()) impl_->sink->put_eof(failure);
    if (!impl_->sink->got_some() || failure || !impl_->sink->is_done()) return Parsed::refused;
    return Parsed::complete;
}

bool ResponseParser::too_large() const {
    return impl_->sink->too_large;
}
bool ResponseParser::has_head() const {
    return impl_->sink->is_header_done() && !impl_->sink->interim();
}
bool ResponseParser::keep_alive() const {
    return impl_->sink->keep_alive() && !impl_->sink->need_eof();
}

}  // namespace common::http
