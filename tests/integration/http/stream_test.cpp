// Bodies that are handled while they arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/running_server.h"

namespace http_test {
namespace {

using common::Result;
using common::SecretText;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using Handled = Result<std::optional<http::Response>>;

const std::string last_chunk = "0\r\n\r\n";

std::string chunk(std::string_view text) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    return size + std::string{text} + "\r\n";
}

std::string chunked_head(std::string_view path = "/stream", std::string_view more = "") {
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" +
           std::string{more} + "\r\n";
}

// What the handler saw of the body's end.
enum class End : std::uint8_t { none, whole, broken };
std::atomic<End> seen_end{End::none};

// Gives back what comes, a part a read.
asio::awaitable<Handled> mirror(http::Request& request, http::BodyStream& stream) {
    if (request.path == "/stream/refused")
        co_return http::error_response(common::Error::invalid("no", "", "Not this one."));
    for (;;) {
        SecretText part;
        const auto more = co_await stream.read(part);
        if (!more) {
            seen_end = End::broken;
            co_return common::Fail{more.error()};
        }
        if (!part.empty()) {
            const auto written = co_await stream.write(part.view());
            if (!written) co_return common::Fail{written.error()};
        }
        if (!*more) break;
    }
    seen_end = End::whole;
    const auto written = co_await stream.write("|end");
    if (!written) co_return common::Fail{written.error()};
    co_return std::nullopt;
}

http::ServerOptions streaming(std::chrono::milliseconds patience = 10s) {
    http::ServerOptions options;
    options.streams = [](http::Method, std::string_view path) { return path.starts_with("/stream"); };
    options.stream_handler = mirror;
    options.body_time_max = patience;
    options.stream_bytes_max = 4096;
    seen_end = End::none;
    return options;
}

TEST(HttpStream, IsAnsweredWhileItIsStillArriving) {
    RunningServer server{streaming()};
    RawClient client{server.port};
    client.send(chunked_head() + chunk("first"));
    EXPECT_THAT(client.receive_until("first"),
                AllOf(HasSubstr("HTTP/1.1 200 "), HasSubstr("Transfer-Encoding: chunked\r\n"),
                      HasSubstr("Content-Type: application/x-ndjson\r\n"),
                      HasSubstr("Cache-Control: no-store\r\n"), Not(HasSubstr("Content-Length"))));
    client.send(chunk("second"));
    EXPECT_THAT(client.receive_until("second"), Not(HasSubstr("end")));
    client.send(last_chunk);
    EXPECT_THAT(client.receive_until(last_chunk), HasSubstr("|end"));
    EXPECT_EQ(seen_end, End::whole);
}

TEST(HttpStream, LeavesTheConnectionToTheNextRequest) {
    RunningServer server{streaming()};
    RawClient client{server.port};
    for (int i = 0; i < 3; ++i) {
        client.send(chunked_head() + chunk("a") + last_chunk);
        EXPECT_THAT(client.receive_until(last_chunk), HasSubstr("|end"));
        EXPECT_EQ(body_of(client.ask(post("/other", "b"))), "POST /other?|b||");
    }
    client.send(post("/stream", "of known length"));
    EXPECT_THAT(client.receive_until(last_chunk), AllOf(HasSubstr("of known length"), HasSubstr("|end")));
    client.send(post("/stream", ""));
    EXPECT_THAT(client.receive_until(last_chunk), HasSubstr("|end"));
}

TEST(HttpStream, GoesOnOnlyWhenItIsAskedTo) {
    RunningServer server{streaming()};
    RawClient client{server.port};
    client.send(chunked_head("/stream", "Expect: 100-continue\r\n"));
    EXPECT_THAT(client.receive_until("\r\n\r\n"), HasSubstr("HTTP/1.1 100 "));
    client.send(chunk("now") + last_chunk);
    EXPECT_THAT(client.receive_until(last_chunk), HasSubstr("now"));
    client.send(chunked_head("/stream/refused", "Expect: 100-continue\r\n"));
    const auto refused = client.receive();
    EXPECT_EQ(status_of(refused), 400);
    EXPECT_THAT(refused, HasSubstr("Connection: close")) << "the body may come all the same";
}

TEST(HttpStream, IsNotTakenForWholeWhenItIsCutOff) {
    RunningServer server{streaming(500ms)};
    {
        RawClient client{server.port};
        client.send(chunked_head() + chunk("half"));
        client.receive_until("half");
    }
    EXPECT_TRUE(soon([] { return seen_end == End::broken; }));
    RawClient slow{server.port};
    slow.send(chunked_head() + chunk("half"));
    slow.receive_until("half");
    EXPECT_THAT(slow.receive_all(), Not(EndsWith(last_chunk))) << "too slow, and told so by the missing end";
    EXPECT_TRUE(slow.closed);
}

TEST(HttpStream, IsRefusedWhenItIsNoBody) {
    RunningServer server{streaming()};
    RawClient client{server.port};
    client.send(chunked_head() + "zz\r\n\r\n");
    EXPECT_EQ(status_of(client.receive()), 400);
    client.receive_all();
    EXPECT_TRUE(client.closed);
    RawClient later{server.port};
    later.send(chunked_head() + chunk("good"));
    later.receive_until("good");
    later.send("zz\r\n\r\n");
    EXPECT_THAT(later.receive_all(), Not(EndsWith(last_chunk))) << "the answer had begun";
    EXPECT_TRUE(later.closed);
}

TEST(HttpStream, MayNotBeLongerThanAllowed) {
    RunningServer server{streaming()};
    RawClient client{server.port};
    client.send(chunked_head());
    const std::string part(1024, 'x');
    for (int i = 0; i < 4; ++i) {
        client.send(chunk(part));
        client.receive_until(part);
    }
    client.send(chunk("y"));
    EXPECT_THAT(client.receive_all(), Not(EndsWith(last_chunk)));
    EXPECT_EQ(seen_end, End::broken);
    RawClient other{server.port};
    EXPECT_EQ(
        status_of(other.ask("POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4097\r\n\r\n")),
        413);
}

}  // namespace
}  // namespace http_test
