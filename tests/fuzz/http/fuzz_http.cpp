// Feeds bytes to the request parser as a connection does, in one piece and in pieces of a size that the first
// byte chooses: both must see the same requests, and none beyond the limits. The same bytes go to the answer
// parser.
#include <cstdlib>

#include "common/http/buffer.h"
#include "common/http/parser.h"

namespace {

namespace http = common::http;

constexpr http::HeadLimits limits{512, 1024, 8};
constexpr std::size_t body_max = 256;
constexpr std::size_t buffer_max = limits.request_line_max + limits.header_bytes_max + 8;

void require(bool condition) {
    if (!condition) std::abort();
}

void check(const http::Request& request, const http::Framing& framing) {
    require(request.body.size() <= body_max);
    require(request.headers.all().size() <= limits.fields_max);
    require(request.path.starts_with('/'));
    require(request.headers.has("Host"));
    require(!framing.chunked || !request.headers.has("Content-Length"));
    require(framing.chunked || request.body.size() == framing.length);
    if (request.method == http::Method::get) require(request.body.empty());
}

// What was read, written down for comparison. When a refusal is known may depend on the pieces.
std::string read_requests(std::string_view bytes, std::size_t piece) {
    std::string log;
    http::RequestParser parser{limits};
    http::WireBuffer in{buffer_max};
    http::Request request;
    parser.start(request);
    bool in_body = false;
    for (;;) {
        auto step = http::Parsed::need_more;
        if (in_body || !in.empty()) step = in_body ? parser.body(in.view()) : parser.head(in.view());
        require(parser.consumed() <= in.view().size());
        if (step != http::Parsed::need_more || in_body) in.consume(parser.consumed());
        if (step == http::Parsed::refused) return log;
        if (step == http::Parsed::complete && !in_body) {
            in_body = true;
            parser.begin_body(request.method == http::Method::get ? 0 : body_max);
            continue;
        }
        if (step == http::Parsed::complete) {
            check(request, parser.framing());
            log += request.path + '?' + request.query + ' ' + std::string{request.body.view()} + '\n';
            if (!parser.framing().keep_alive) return log;
            request = {};
            parser.start(request);
            in_body = false;
            in.wipe_consumed();
            continue;
        }
        const auto room = in.prepare();
        if (room.empty() || bytes.empty()) return log + (room.empty() ? "full" : "");
        const auto n = std::min({piece, bytes.size(), room.size()});
        std::ranges::copy(bytes.substr(0, n), room.begin());
        in.commit(n);
        bytes.remove_prefix(n);
    }
}

void read_answer(std::string_view bytes, std::size_t piece) {
    http::ResponseParser parser{body_max};
    http::Response response;
    parser.start(response, false);
    std::string waiting;
    while (!bytes.empty()) {
        const auto n = std::min(piece, bytes.size());
        waiting += bytes.substr(0, n);
        bytes.remove_prefix(n);
        const auto step = parser.feed(waiting);
        require(parser.consumed() <= waiting.size());
        waiting.erase(0, parser.consumed());
        require(response.body.size() <= body_max);
        if (step != http::Parsed::need_more) return;
    }
    static_cast<void>(parser.end_of_stream());
    require(response.body.size() <= body_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t piece = data[0] % 32 + 1U;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    // How full the buffer is when a flood is cut off depends on the pieces; what was read before must not.
    const auto whole = read_requests(bytes, bytes.size());
    const auto pieces = read_requests(bytes, piece);
    if (!whole.ends_with("full") && !pieces.ends_with("full")) require(whole == pieces);
    read_answer(bytes, bytes.size());
    read_answer(bytes, piece);
    return 0;
}
