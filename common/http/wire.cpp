#include "common/http/wire.h"

#include <array>
#include <charconv>
#include <ctime>

#include <boost/beast/http/status.hpp>

#include "common/http/text.h"

namespace common::http {
namespace {

void append_number(WipedBytes& out, std::uint64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.insert(out.end(), digits.data(), end);
}

void append_field(WipedBytes& out, std::string_view name, std::string_view value) {
    append(out, name);
    append(out, ": ");
    const auto begin = out.size();
    append(out, value);
    for (auto i = begin; i < out.size(); ++i)
        if ((static_cast<unsigned char>(out[i]) < 0x20 && out[i] != '\t') || out[i] == 0x7f) out[i] = ' ';
    append(out, "\r\n");
}

// RFC 9110 §5.6.7, made once a second and thread.
std::string_view date() {
    thread_local std::time_t made = 0;
    thread_local std::array<char, 32> text{};
    thread_local std::size_t size = 0;
    const auto now = std::time(nullptr);
    if (now != made) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        made = now;
    }
    return {text.data(), size};
}

bool is_ours(std::string_view name) {
    for (const auto* ours :
         {"Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Request-Id", "Date"})
        if (equal_ignoring_case(name, ours)) return true;
    return false;
}

void append_status_line(WipedBytes& out, int status) {
    append(out, "HTTP/1.1 ");
    append_number(out, static_cast<std::uint64_t>(status));
    append(out, " ");
    const auto reason =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
    append(out, {reason.data(), reason.size()});
    append(out, "\r\n");
}

}  // namespace

void append(WipedBytes& out, std::string_view text) {
    out.insert(out.end(), text.begin(), text.end());
}

void append_response(WipedBytes& out, const Response& response, const AnswerFrame& frame) {
    const bool bodyless =
        response.status == 204 || response.status == 304;  // RFC 9110 §8.6: no length either
    out.reserve(out.size() + 1024 + response.body.size());
    append_status_line(out, response.status);
    append_field(out, "Date", date());
    if (!bodyless) {
        if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
        append(out, "Content-Length: ");
        append_number(out, response.body.size());
        append(out, "\r\n");
    }
    append_field(out, "Request-Id", frame.request_id);
    for (const auto& [name, value] : frame.fixed_headers)
        if (!response.headers.has(name)) append_field(out, name, value);
    for (const auto& [name, value] : response.headers.all())
        if (is_token(name) && !is_ours(name)) append_field(out, name, value);
    if (!frame.keep_alive) append(out, "Connection: close\r\n");
    append(out, "\r\n");
    if (!bodyless && !frame.to_head_request) append(out, response.body);
}

void append_stream_head(WipedBytes& out, std::string_view content_type, const AnswerFrame& frame) {
    append_status_line(out, 200);
    append_field(out, "Date", date());
    append_field(out, "Content-Type", content_type);
    append(out, "Transfer-Encoding: chunked\r\n");
    append_field(out, "Request-Id", frame.request_id);
    for (const auto& [name, value] : frame.fixed_headers)
        append_field(out, name, value);
    if (!frame.keep_alive) append(out, "Connection: close\r\n");
    append(out, "\r\n");
}

void append_chunk(WipedBytes& out, std::string_view part) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part.size(), 16).ptr;
    out.insert(out.end(), digits.data(), end);
    append(out, "\r\n");
    append(out, part);
    append(out, "\r\n");
}

void append_request(WipedBytes& out, const ClientRequest& request, std::string_view host_field) {
    const auto body = request.body.view();
    out.reserve(out.size() + 1024 + body.size());
    append(out, to_string(request.method));
    append(out, " ");
    append(out, request.target);
    append(out, " HTTP/1.1\r\n");
    append_field(out, "Host", host_field);
    if (!body.empty() && !request.content_type.empty())
        append_field(out, "Content-Type", request.content_type);
    if (!body.empty() || request.method == Method::post || request.method == Method::put ||
        request.method == Method::patch) {
        append(out, "Content-Length: ");
        append_number(out, body.size());
        append(out, "\r\n");
    }
    for (const auto& [name, value] : request.headers.all())
        if (is_token(name) && !is_ours(name) && !equal_ignoring_case(name, "Host"))
            append_field(out, name, value);
    append(out, "\r\n");
    append(out, body);
}

}  // namespace common::http
