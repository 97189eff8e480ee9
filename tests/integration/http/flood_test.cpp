// Many bad clients at once: the good one must hardly notice, and nothing may be left behind.
#include <cstdio>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "unit/http/running_server.h"

namespace http_test {
namespace {

std::chrono::microseconds slowest_of_100(RawClient& client) {
    std::chrono::steady_clock::duration slowest{};
    for (int i = 0; i < 100; ++i) {
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(status_of(client.ask(get("/"))), 200);
        slowest = std::max(slowest, std::chrono::steady_clock::now() - began);
    }
    return std::chrono::duration_cast<std::chrono::microseconds>(slowest);
}

std::size_t resident_bytes() {
    std::size_t total = 0, resident = 0;
    auto* file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr || std::fscanf(file, "%zu %zu", &total, &resident) != 2) ADD_FAILURE();
    if (file != nullptr) std::fclose(file);
    return resident * 4096;
}

TEST(HttpServerFlood, EndsHundredsOfSilentHandshakesWhileOthersAreServed) {
    http::ServerOptions options;
    options.handshake_max = 400ms;
    options.connections_per_address_max = 2000;
    RunningServer server{std::move(options)};
    RawClient good{server.port};
    std::vector<int> silent;
    for (int i = 0; i < 400; ++i) {
        silent.push_back(connect_tcp(server.port));
        const char record[] = {0x16, 0x03, 0x01};
        ASSERT_EQ(::send(silent.back(), record, sizeof record, MSG_NOSIGNAL), 3);
    }
    EXPECT_LT(slowest_of_100(good), 500ms);
    EXPECT_TRUE(soon([&server] { return server.rejected("handshake_timeout") == 400; }));
    for (const int fd : silent)
        ::close(fd);
    EXPECT_EQ(status_of(good.ask(get("/"))), 200);
}

TEST(HttpServerFlood, KeepsServingWhenFileDescriptorsRunOut) {
    RunningServer server;
    RawClient good{server.port};
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    std::vector<int> held;
    // The sanitizer's first look at an object of the logger needs a file descriptor of its own.
    EXPECT_EQ(status_of(RawClient{server.port}.ask("nonsense\r\n\r\n")), 400);
    // One is left for the client's end of a connection, none for the server's.
    const int next = ::dup(0);
    ::close(next);
    const rlimit tight{.rlim_cur = static_cast<rlim_t>(next) + 1, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &tight);
    const int waiting = connect_tcp(server.port);
    EXPECT_TRUE(soon([&server] { return server.rejected("accept") >= 2; }));
    const auto refused = server.rejected("accept");
    EXPECT_EQ(status_of(good.ask(get("/"))), 200);
    std::this_thread::sleep_for(300ms);
    EXPECT_LE(server.rejected("accept") - refused, 5) << "accepts in a busy loop";
    ::setrlimit(RLIMIT_NOFILE, &before);
    ::close(waiting);
    EXPECT_TRUE(soon([&server] { return RawClient{server.port}.open; }));
    EXPECT_EQ(status_of(good.ask(get("/"))), 200);
}

TEST(HttpServerFlood, DoesNotGrowWithHostileRequests) {
    RunningServer server;
    const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    const std::vector<std::string> hostile{
        head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(100'000, 't') + "\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'e'),
        head + "X: " + std::string(100'000, 'x'),
        head + "Content-Length: 999999999999999\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n",
    };
    const auto round = [&] {
        for (const auto& bytes : hostile) {
            RawClient client{server.port};
            client.send(bytes);
            EXPECT_GE(status_of(client.receive()), 400);
        }
    };
    for (int i = 0; i < 20; ++i)
        round();
    const auto before = resident_bytes();
    for (int i = 0; i < 40; ++i)
        round();
#if !defined(__has_feature) || !__has_feature(address_sanitizer)  // which keeps freed memory for a while
    EXPECT_LT(resident_bytes(), before + (5U << 20));
#else
    EXPECT_GT(before, 0U);
#endif
    EXPECT_EQ(server.metrics.counter_value("http_exceptions_total"), 0);
    EXPECT_EQ(server.handled, 0);
}

TEST(HttpServerFlood, SurvivesClientsThatVanishAtAnyMoment) {
    RunningServer server;
    const auto whole = get("/first") + post("/second", "body");
    for (std::size_t cut = 0; cut <= whole.size(); cut += 3) {
        RawClient client{server.port};
        client.send(whole.substr(0, cut));
    }
    RawClient good{server.port};
    EXPECT_EQ(status_of(good.ask(get("/"))), 200);
    good.shut_down_writing();
    good.receive_all();
    EXPECT_TRUE(good.closed);
    EXPECT_EQ(server.metrics.counter_value("http_exceptions_total"), 0);
}

TEST(HttpServerFlood, CanBeDestroyedWhileRequestsRun) {
    auto server = std::make_unique<RunningServer>(
        http::ServerOptions{}, [](http::Request&) -> asio::awaitable<http::Response> {
            asio::steady_timer timer{co_await asio::this_coro::executor};
            timer.expires_after(10s);
            co_await timer.async_wait(asio::use_awaitable);
            co_return http::json_response(200, "{}");
        });
    RawClient busy{server->port}, idle{server->port};
    busy.send(get("/"));
    ASSERT_TRUE(soon([&server] { return server->handled == 1; }));
    server.reset();
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_TRUE(idle.closed);
}

}  // namespace
}  // namespace http_test
