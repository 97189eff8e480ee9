#include "common/http/policy.h"

#include <charconv>

#include "common/http/text.h"

namespace common::http {
namespace {

constexpr std::size_t content_length_digits_max = 15;

const Reject* check_request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return &reject::malformed;
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(method)) return &reject::malformed;
    if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7]))
        return &reject::malformed;
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return &reject::version;
    if (method_of(method) == Method::other) return &reject::method;
    const auto printable = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
    if (!target.starts_with('/') || !std::ranges::all_of(target, printable)) return &reject::target;
    return nullptr;
}

const Reject* check_field_line(std::string_view line) {
    if (line.front() == ' ' || line.front() == '\t') return &reject::folded;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return &reject::field;
    const auto control = [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    };
    return std::ranges::any_of(line.substr(colon + 1), control) ? &reject::field : nullptr;
}

bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= 261 && std::ranges::all_of(text, [](char c) {
        return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || std::string_view{".-_:[]"}.contains(c);
    });
}

// What the fields that decide about boundaries say, and how often.
struct FieldFacts {
    std::string_view host, length, encoding, connection, expect;
    unsigned hosts = 0, lengths = 0, encodings = 0, expects = 0, authorizations = 0, content_types = 0,
             keys = 0;
    bool upgrade = false, close = false, keep_alive = false;

    void take(std::string_view name, std::string_view value) {
        const auto is = [name](std::string_view other) { return equal_ignoring_case(name, other); };
        switch (name.size()) {
            case 4:
                if (is("host")) host = value, ++hosts;
                break;
            case 6:
                if (is("expect")) expect = value, ++expects;
                break;
            case 7:
                if (is("upgrade")) upgrade = true;
                break;
            case 10:
                if (is("connection")) {
                    close |= lists(value, "close");
                    keep_alive |= lists(value, "keep-alive");
                    upgrade |= lists(value, "upgrade") || lists(value, "http2-settings");
                }
                break;
            case 12:
                content_types += is("content-type");
                break;
            case 13:
                authorizations += is("authorization");
                break;
            case 14:
                if (is("content-length")) length = value, ++lengths;
                break;
            case 15:
                keys += is("idempotency-key");
                break;
            case 17:
                if (is("transfer-encoding")) encoding = value, ++encodings;
                break;
            default:
                break;
        }
    }
};

const Reject* check_framing(const FieldFacts& facts, int version, Framing& framing) {
    if (facts.encodings != 0) {
        if (facts.lengths != 0) return &reject::ambiguous_length;
        if (version != 11) return &reject::chunked_in_1_0;
        if (facts.encodings > 1 || facts.encoding != "chunked") return &reject::transfer_encoding;
        framing.chunked = true;
        return nullptr;
    }
    if (facts.lengths == 0) return nullptr;
    const auto text = facts.length;
    if (facts.lengths > 1 || text.empty() || text.size() > content_length_digits_max ||
        !std::ranges::all_of(text, is_digit))
        return &reject::content_length;
    std::from_chars(text.data(), text.data() + text.size(), framing.length);
    return nullptr;
}

}  // namespace

Error error_of(const Reject& why) {
    if (why.status == reject::large_bodies.status) return Error::unavailable(why.message);
    return {why.status, ErrorType::invalid_request, "", why.message};
}

Method method_of(std::string_view name) {
    for (const auto method :
         {Method::get, Method::post, Method::del, Method::options, Method::head, Method::put, Method::patch})
        if (name == to_string(method)) return method;
    return Method::other;
}

HeadScanner::State HeadScanner::refuse(const Reject& why) {
    why_ = &why;
    return State::refused;
}

const Reject* HeadScanner::take_line(std::string_view line, const HeadLimits& limits) {
    if (lines_++ == 0) {
        if (line.size() > limits.request_line_max) return &reject::line_too_long;
        return check_request_line(line);
    }
    if (lines_ - 1 > limits.fields_max) return &reject::header_too_large;
    return check_field_line(line);
}

HeadScanner::State HeadScanner::scan(std::string_view bytes, const HeadLimits& limits) {
    if (why_ != nullptr) return State::refused;
    for (;;) {
        const auto feed = bytes.find('\n', looked_);
        if (feed == std::string_view::npos) break;
        if (feed == scanned_ || bytes[feed - 1] != '\r') return refuse(reject::line_end);
        const auto line = bytes.substr(scanned_, feed - 1 - scanned_);
        scanned_ = looked_ = feed + 1;
        if (line.empty()) return lines_ == 0 ? refuse(reject::line_end) : State::complete;
        if (const auto* why = take_line(line, limits)) return refuse(*why);
        if (lines_ == 1) fields_begin_ = scanned_;
        if (scanned_ - fields_begin_ > limits.header_bytes_max) return refuse(reject::header_too_large);
    }
    looked_ = bytes.size();
    // One byte more: the carriage return of a line that is exactly as long as it may be.
    if (lines_ == 0 && bytes.size() > limits.request_line_max + 1) return refuse(reject::line_too_long);
    if (lines_ != 0 && bytes.size() - fields_begin_ > limits.header_bytes_max + 1)
        return refuse(reject::header_too_large);
    return State::need_more;
}

const Reject* check_head(const RequestLine& line, const Headers& headers, Framing& framing) {
    FieldFacts facts;
    for (const auto& [name, value] : headers.all())
        facts.take(name, value);
    if (facts.hosts != 1 || !is_host(facts.host)) return &reject::host;
    if (facts.authorizations > 1 || facts.content_types > 1 || facts.keys > 1 || facts.expects > 1)
        return &reject::duplicate_field;
    if (facts.upgrade) return &reject::upgrade;
    if (const auto* why = check_framing(facts, line.version, framing)) return why;
    if (facts.expects != 0) {
        if (line.version != 11 || !equal_ignoring_case(facts.expect, "100-continue"))
            return &reject::expectation;
        framing.expects_continue = framing.chunked || framing.length != 0;
    }
    // HTTP/1.0 connections close after their answer, whatever they ask for.
    framing.keep_alive = line.version == 11 && !facts.close;
    return nullptr;
}

}  // namespace common::http
