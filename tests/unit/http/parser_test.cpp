#include "common/http/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/http/buffer.h"
#include "unit/http/probes.h"

namespace common::http {
namespace {

constexpr HeadLimits limits{16 * 1024, 32 * 1024, 64};

struct Outcome {
    Parsed parsed = Parsed::need_more;
    int status = 0;  // of the refusal
    Request request;
    std::string left;  // behind the message
    bool keep_alive = false;
};

// Feeds `bytes` as a connection would, `piece` at a time.
Outcome parse(std::string_view bytes, std::size_t piece = std::string_view::npos,
              std::size_t body_max = 1000) {
    Outcome out;
    RequestParser parser{limits};
    WireBuffer in{limits.request_line_max + limits.header_bytes_max + 8};
    parser.start(out.request);
    bool in_body = false;
    for (;;) {
        out.parsed = in_body      ? parser.body(in.view())
                     : in.empty() ? Parsed::need_more
                                  : parser.head(in.view());
        if (out.parsed != Parsed::need_more || in_body) in.consume(parser.consumed());
        if (out.parsed == Parsed::complete && !in_body) {
            in_body = true;
            parser.begin_body(out.request.method == Method::get ? 0 : body_max);
            continue;
        }
        if (out.parsed != Parsed::need_more) break;
        const auto room = in.prepare();
        if (bytes.empty() || room.empty()) break;
        const auto n = std::min({piece, bytes.size(), room.size()});
        std::ranges::copy(bytes.substr(0, n), room.begin());
        in.commit(n);
        bytes.remove_prefix(n);
    }
    if (out.parsed == Parsed::refused) out.status = parser.why().status;
    if (out.parsed == Parsed::complete) out.keep_alive = parser.framing().keep_alive;
    out.left = std::string{in.view()} + std::string{bytes};
    return out;
}

class SmugglingProbe : public testing::TestWithParam<http_test::Probe> {};

TEST_P(SmugglingProbe, IsRefusedHoweverItIsCutIntoPieces) {
    const auto& probe = GetParam();
    for (const std::size_t piece : {std::string_view::npos, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
        const auto out = parse(probe.bytes, piece);
        ASSERT_EQ(out.parsed, Parsed::refused) << "in pieces of " << piece;
        EXPECT_THAT(probe.statuses, testing::Contains(out.status)) << "in pieces of " << piece;
        EXPECT_FALSE(out.request.headers.find("Authorization").contains("smuggled"));
    }
}

INSTANTIATE_TEST_SUITE_P(All, SmugglingProbe, testing::ValuesIn(http_test::probes()),
                         [](const auto& info) { return info.param.name; });

TEST(RequestParser, ReadsAFormPost) {
    for (const std::size_t piece : {std::string_view::npos, std::size_t{1}, std::size_t{3}}) {
        const auto out = parse(
            "POST /v1/customers/cus%2F1?expand[0]=a HTTP/1.1\r\nhost: api.example:8443\r\nAuthorization: "
            "Bearer k\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\namount=10GET /next",
            piece);
        ASSERT_EQ(out.parsed, Parsed::complete);
        EXPECT_EQ(out.request.method, Method::post);
        EXPECT_EQ(out.request.path, "/v1/customers/cus%2F1");
        EXPECT_EQ(out.request.query, "expand[0]=a");
        EXPECT_EQ(out.request.headers.find("AUTHORIZATION"), "Bearer k");
        EXPECT_EQ(out.request.body.view(), "amount=10");
        EXPECT_EQ(out.left, "GET /next");
        EXPECT_TRUE(out.keep_alive);
    }
}

TEST(RequestParser, ReadsAChunkedBodyWithExtensions) {
    for (const std::size_t piece : {std::string_view::npos, std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
        const auto out = parse(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\n\r\nrest",
            piece);
        ASSERT_EQ(out.parsed, Parsed::complete);
        EXPECT_EQ(out.request.body.view(), "abc0123456789");
        EXPECT_EQ(out.left, "rest");
    }
}

TEST(RequestParser, ReadsAGetThatAnnouncesAFormButHasNone) {
    const auto out = parse(
        "GET /v1/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(out.parsed, Parsed::complete);
    EXPECT_TRUE(out.request.body.empty());
}

TEST(RequestParser, ClosesAfterHttp10AndConnectionClose) {
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x , Close\r\n\r\n").keep_alive);
    EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestParser, LetsARequestLineOfTheLimitPassAndNoLongerOne) {
    const std::string fits = "GET /" + std::string(limits.request_line_max - 14, 'a') + " HTTP/1.1";
    ASSERT_EQ(fits.size(), limits.request_line_max);
    for (const std::size_t piece : {std::string_view::npos, std::size_t{1000}}) {
        EXPECT_EQ(parse(fits + "\r\nHost: a\r\n\r\n", piece).parsed, Parsed::complete);
        EXPECT_EQ(parse("GET /" + fits.substr(4) + "\r\nHost: a\r\n\r\n", piece).status, 414);
        EXPECT_EQ(parse(std::string(limits.request_line_max + 2, 'a'), piece).status, 414);
    }
}

TEST(RequestParser, LetsAsManyFieldsAndBytesPassAsTheLimitsSay) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 1; i < limits.fields_max; ++i)
        head += "X-F: 1\r\n";
    EXPECT_EQ(parse(head + "\r\n").parsed, Parsed::complete);
    EXPECT_EQ(parse(head + "X: 1\r\n\r\n").status, 431);

    const std::string start = "GET / HTTP/1.1\r\n";
    const std::string field = "Host: a\r\nX: ";
    const std::string fits = field + std::string(limits.header_bytes_max - field.size() - 2, 'x');
    for (const std::size_t piece : {std::string_view::npos, std::size_t{999}}) {
        EXPECT_EQ(parse(start + fits + "\r\n\r\n", piece).parsed, Parsed::complete);
        EXPECT_EQ(parse(start + fits + "x\r\n\r\n", piece).status, 431);
        EXPECT_EQ(parse(start + fits + "xxxx", piece).status, 431);
    }
}

TEST(RequestParser, RefusesABodyBeyondItsLimitBeforeItArrives) {
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n").status, 413);
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n").status, 413);
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" +
                    std::string(500, 'a') + "\r\n1f5\r\n")
                  .status,
              413);
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
                    std::string(1000, 'a') + "\r\n0\r\n\r\n")
                  .parsed,
              Parsed::complete);
}

TEST(RequestParser, RefusesFloodsOfChunkExtensionsAndTrailers) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string many = head;
    for (int i = 0; i < 100; ++i)
        many += "1;" + std::string(100, 'e') + "\r\na\r\n";
    EXPECT_EQ(parse(many).status, 400);
    const auto endless = parse(head + "1;" + std::string(1 << 20, 'e'));
    EXPECT_NE(endless.parsed, Parsed::complete);
    EXPECT_GT(endless.left.size(), std::size_t{900'000}) << "must stop to take bytes";
    const auto trailer = parse(head + "0\r\nX: " + std::string(100'000, 't') + "\r\n\r\n");
    EXPECT_NE(trailer.parsed, Parsed::complete);
}

TEST(WireBuffer, LeavesNothingOfWhatWasConsumed) {
    WireBuffer buffer{1 << 16};
    const std::string secret = "4242424242424242";
    for (int i = 0; i < 3000; ++i) {
        auto room = buffer.prepare();
        std::ranges::copy(secret, room.begin());
        buffer.commit(secret.size());
    }
    buffer.consume(2999 * secret.size());
    buffer.wipe_consumed();
    EXPECT_EQ(buffer.view(), secret);
    const auto memory = std::string_view{buffer.memory().data(), buffer.memory().size()};
    EXPECT_EQ(memory.find_first_not_of('\0', secret.size()), std::string_view::npos);
    buffer.consume(secret.size());
    buffer.wipe_consumed();
    EXPECT_EQ(memory.find_first_not_of('\0'), std::string_view::npos);
}

Parsed feed(ResponseParser& parser, std::string_view bytes, std::size_t piece, std::string& left) {
    std::string waiting;
    for (;;) {
        const auto n = std::min(piece, bytes.size());
        if (n == 0) return Parsed::need_more;
        waiting += bytes.substr(0, n);
        bytes.remove_prefix(n);
        const auto step = parser.feed(waiting);
        waiting.erase(0, parser.consumed());
        left = waiting + std::string{bytes};
        if (step != Parsed::need_more) return step;
    }
}

TEST(ResponseParser, PassesOverInterimAnswers) {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{1}}) {
        ResponseParser parser{100};
        Response response;
        std::string left;
        parser.start(response, false);
        ASSERT_EQ(feed(parser,
                       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                       "HTTP/1.1 402 Payment Required\r\nContent-Type: application/json\r\nContent-Length: "
                       "2\r\n\r\n{}",
                       piece, left),
                  Parsed::complete);
        EXPECT_EQ(response.status, 402);
        EXPECT_EQ(response.body, "{}");
        EXPECT_FALSE(response.headers.has("Link"));
        EXPECT_TRUE(parser.keep_alive());
        EXPECT_EQ(left, "");
    }
}

TEST(ResponseParser, ReadsChunkedAnswersAndLeavesTrailersOut) {
    ResponseParser parser{100};
    Response response;
    std::string left;
    parser.start(response, false);
    ASSERT_EQ(
        feed(parser, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n", 3,
             left),
        Parsed::complete);
    EXPECT_EQ(response.body, "ab");
    EXPECT_FALSE(response.headers.has("X"));
}

TEST(ResponseParser, RefusesAnswersBeyondTheLimit) {
    for (const auto* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"}) {
        ResponseParser parser{100};
        Response response;
        std::string left;
        parser.start(response, false);
        EXPECT_EQ(feed(parser, answer, 1000, left), Parsed::refused);
        EXPECT_TRUE(parser.too_large());
    }
}

}  // namespace
}  // namespace common::http
