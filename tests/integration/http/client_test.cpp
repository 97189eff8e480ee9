#include "common/http/client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/runtime.h"
#include "unit/http/running_server.h"

namespace http_test {
namespace {

using common::Cause;
using common::Deadline;
using testing::HasSubstr;

using Sent = common::Result<http::Response>;

// A client on its own thread that trusts the given certificates.
class TestClient {
  public:
    TestClient(const std::vector<Identity>& trusted, http::ClientOptions options,
               const Identity* own = nullptr)
        : context_{make_context(trusted, own)} {
        if (options.host.empty()) options.host = "localhost";
        options.address = "127.0.0.1";
        client.emplace(thread.io, std::move(options), [this] { return context_; }, metrics);
    }
    ~TestClient() {
        thread.run([this] { client.reset(); });
        thread.run([] {});
        thread.stop();
    }
    std::future<Sent> start(http::ClientRequest request, std::chrono::milliseconds limit = 5s) {
        return asio::co_spawn(thread.io, client->send(std::move(request), Deadline::in(limit)),
                              asio::use_future);
    }
    Sent send(http::ClientRequest request, std::chrono::milliseconds limit = 5s) {
        return start(std::move(request), limit).get();
    }
    double connections() const {
        return metrics.counter_value("http_client_connections_total", {{"result", "open"}});
    }

    common::Metrics metrics;
    std::optional<http::Client> client;
    IoThread thread;

  private:
    Context context_;
};

http::ClientRequest request_to(std::string target, std::string_view body = "", bool idempotent = false) {
    http::ClientRequest request;
    request.target = std::move(target);
    request.idempotent = idempotent;
    if (!body.empty()) {
        request.method = http::Method::post;
        request.body = common::SecretText{body};
    }
    return request;
}

http::ClientOptions options_for(unsigned short port) {
    http::ClientOptions options;
    options.port = port;
    return options;
}

TEST(HttpClient, KeepsItsConnection) {
    RunningServer server;
    TestClient client{{server.identity}, options_for(server.port)};
    for (int i = 0; i < 5; ++i) {
        auto request = request_to("/v1/x?a=" + std::to_string(i), "body");
        request.headers.set("Authorization", "Bearer k");
        const auto answer = client.send(std::move(request));
        ASSERT_TRUE(answer.has_value()) << answer.error().describe();
        EXPECT_EQ(answer->body, "POST /v1/x?a=" + std::to_string(i) + "|body||Bearer k");
        EXPECT_EQ(answer->content_type, "application/json; charset=utf-8");
        EXPECT_TRUE(answer->headers.has("request-id"));
    }
    EXPECT_EQ(client.connections(), 1);
}

TEST(HttpClient, OpensNewConnectionsAfterReset) {
    RunningServer server;
    TestClient client{{server.identity}, options_for(server.port)};
    ASSERT_TRUE(client.send(request_to("/")).has_value());
    client.thread.run([&] { client.client->reset(); });
    ASSERT_TRUE(client.send(request_to("/")).has_value());
    EXPECT_EQ(client.connections(), 2);
}

TEST(HttpClient, LetsFurtherCallsWaitTheirTurn) {
    RunningServer server{{}, [](http::Request& request) -> asio::awaitable<http::Response> {
                             asio::steady_timer timer{co_await asio::this_coro::executor};
                             timer.expires_after(20ms);
                             co_await timer.async_wait(asio::use_awaitable);
                             co_return http::json_response(200, request.path);
                         }};
    auto options = options_for(server.port);
    options.connections_max = 2;
    TestClient client{{server.identity}, std::move(options)};
    std::vector<std::future<Sent>> calls;
    for (int i = 0; i < 12; ++i)
        calls.push_back(client.start(request_to("/" + std::to_string(i))));
    for (int i = 0; i < 12; ++i) {
        const auto answer = calls[static_cast<std::size_t>(i)].get();
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->body, "/" + std::to_string(i));
    }
    EXPECT_EQ(client.connections(), 2);
    EXPECT_EQ(client.metrics.counter_value("http_client_waits_total"), 10);
}

TEST(HttpClient, DoesNotWaitBeyondTheDeadlineForAConnection) {
    RunningServer server{{}, [](http::Request&) -> asio::awaitable<http::Response> {
                             asio::steady_timer timer{co_await asio::this_coro::executor};
                             timer.expires_after(400ms);
                             co_await timer.async_wait(asio::use_awaitable);
                             co_return http::json_response(200, "{}");
                         }};
    auto options = options_for(server.port);
    options.connections_max = 1;
    TestClient client{{server.identity}, std::move(options)};
    auto first = client.start(request_to("/1"));
    ASSERT_TRUE(soon([&] { return server.handled == 1; }));
    const auto second = client.send(request_to("/2"), 100ms);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().cause(), Cause::unavailable);
    EXPECT_TRUE(first.get().has_value());
    EXPECT_TRUE(client.send(request_to("/3")).has_value());
    EXPECT_EQ(server.handled, 2);
}

TEST(HttpClient, CallsAMissingServerUnavailable) {
    unsigned short port = 0;
    Identity identity;
    {
        RunningServer server;
        port = server.port;
        identity = server.identity;
    }
    TestClient client{{identity}, options_for(port)};
    const auto answer = client.send(request_to("/"));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().cause(), Cause::unavailable);
    EXPECT_EQ(answer.error().status(), 503);
}

TEST(HttpClient, TalksOnlyToTheHostItWasTold) {
    RunningServer server;
    const std::vector<std::pair<std::string, bool>> hosts{
        {"localhost", true}, {"127.0.0.1", true}, {"other.example", false}, {"127.0.0.2", false}};
    for (const auto& [host, allowed] : hosts) {
        auto options = options_for(server.port);
        options.host = host;
        TestClient client{{server.identity}, std::move(options)};
        const auto answer = client.send(request_to("/"));
        EXPECT_EQ(answer.has_value(), allowed) << host;
        if (!answer) EXPECT_EQ(answer.error().cause(), Cause::unavailable);
    }
    TestClient distrusting{{make_identity()}, options_for(server.port)};
    EXPECT_FALSE(distrusting.send(request_to("/")).has_value());
    EXPECT_EQ(server.handled, 2);
}

TEST(HttpClient, ChecksTheIdentityOfItsPeer) {
    const auto vault = make_identity({.alternative_names = "DNS:localhost,URI:spiffe://portcullis/vault"});
    const auto two = make_identity(
        {.alternative_names = "DNS:localhost,URI:spiffe://portcullis/vault,URI:spiffe://portcullis/gateway"});
    for (const auto& [identity, allowed] : {std::pair{vault, true}, std::pair{two, false}}) {
        RunningServer server{{}, echo, make_context({}, &identity)};
        auto options = options_for(server.port);
        options.peer_identity = "spiffe://portcullis/vault";
        TestClient client{{identity}, options};
        const auto answer = client.send(request_to("/"));
        EXPECT_EQ(answer.has_value(), allowed);
        options.peer_identity = "spiffe://portcullis/acquirer";
        TestClient other{{identity}, std::move(options)};
        const auto refused = other.send(request_to("/"));
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().cause(), Cause::unavailable);
        EXPECT_EQ(server.handled, allowed ? 1 : 0);
    }
}

TEST(HttpClient, ShowsItsOwnCertificate) {
    const auto own = make_identity();
    const auto gateway = make_identity({.alternative_names = "URI:spiffe://portcullis/gateway"});
    http::ServerOptions options;
    options.request_client_certificate = true;
    RunningServer server{std::move(options), echo, make_context({gateway}, &own, true)};
    TestClient client{{own}, options_for(server.port), &gateway};
    const auto answer = client.send(request_to("/"));
    ASSERT_TRUE(answer.has_value()) << answer.error().describe();
    EXPECT_EQ(answer->body, "GET /?||spiffe://portcullis/gateway|");
    // In TLS 1.3 the client learns only after its first bytes that its certificate was wanted.
    TestClient nobody{{own}, options_for(server.port)};
    EXPECT_FALSE(nobody.send(request_to("/")).has_value());
    EXPECT_EQ(server.handled, 1);
}

TEST(HttpClient, NoticesAClosedConnectionBeforeItSends) {
    http::ServerOptions server_options;
    server_options.idle_max = 50ms;
    RunningServer server{std::move(server_options)};
    TestClient client{{server.identity}, options_for(server.port)};
    for (int i = 1; i <= 3; ++i) {
        const auto answer = client.send(request_to("/", "not idempotent"));
        ASSERT_TRUE(answer.has_value()) << answer.error().describe();
        std::this_thread::sleep_for(150ms);
    }
    EXPECT_EQ(server.handled, 3);
    EXPECT_EQ(client.connections(), 3);
    EXPECT_EQ(client.metrics.counter_value("http_client_stale_total"), 2);
}

TEST(HttpClient, ClosesConnectionsThatNobodyUses) {
    RunningServer server;
    auto options = options_for(server.port);
    options.idle_max = 50ms;
    TestClient client{{server.identity}, std::move(options)};
    ASSERT_TRUE(client.send(request_to("/")).has_value());
    std::this_thread::sleep_for(200ms);
    ASSERT_TRUE(client.send(request_to("/")).has_value());
    EXPECT_EQ(client.connections(), 2);
    EXPECT_EQ(client.metrics.counter_value("http_client_stale_total"), 0);
}

TEST(HttpClient, DoesNotKnowTheOutcomeWhenTheAnswerIsLate) {
    RunningServer server{{}, [](http::Request&) -> asio::awaitable<http::Response> {
                             asio::steady_timer timer{co_await asio::this_coro::executor};
                             timer.expires_after(600ms);
                             co_await timer.async_wait(asio::use_awaitable);
                             co_return http::json_response(200, "{}");
                         }};
    TestClient client{{server.identity}, options_for(server.port)};
    const auto began = std::chrono::steady_clock::now();
    const auto answer = client.send(request_to("/", "x", true), 150ms);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().cause(), Cause::outcome_unknown);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 500ms);
    EXPECT_EQ(server.handled, 1);
}

// A TLS server that does what its script says: one step per connection or request.
class ScriptedServer {
  public:
    // What to send after each request: "" = close without an answer.
    explicit ScriptedServer(std::vector<std::vector<std::string>> connections)
        : identity{make_identity()}, context_{make_context({}, &identity)} {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
        socklen_t size = sizeof address;
        ::bind(listener_, generic, size);
        ::listen(listener_, 8);
        ::getsockname(listener_, generic, &size);
        port = ntohs(address.sin_port);
        thread_ = std::thread{[this, script = std::move(connections)] {
            for (const auto& answers : script)
                serve(answers);
        }};
    }
    ~ScriptedServer() {
        ::shutdown(listener_, SHUT_RDWR);
        ::close(listener_);
        thread_.join();
    }
    Identity identity;
    unsigned short port = 0;
    std::atomic<int> requests{0};

  private:
    void serve(const std::vector<std::string>& answers) {
        const int fd = ::accept(listener_, nullptr, nullptr);
        if (fd < 0) return;
        const std::unique_ptr<SSL, decltype(&SSL_free)> ssl{SSL_new(context_->native_handle()), SSL_free};
        SSL_set_fd(ssl.get(), fd);
        if (SSL_accept(ssl.get()) == 1)
            for (const auto& answer : answers) {
                std::string request;
                char byte = 0;
                while (!request.ends_with("\r\n\r\n") && SSL_read(ssl.get(), &byte, 1) == 1)
                    request += byte;
                if (!request.ends_with("\r\n\r\n")) break;
                ++requests;
                if (answer.empty()) break;
                SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
            }
        ::close(fd);
    }
    Context context_;
    int listener_ = -1;
    std::thread thread_;
};

const std::string fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

TEST(HttpClient, SendsIdempotentRequestsAgainWhenAKeptConnectionDies) {
    ScriptedServer server{{{fine, ""}, {fine}}};
    TestClient client{{server.identity}, options_for(server.port)};
    EXPECT_TRUE(client.send(request_to("/1", "", true)).has_value());
    EXPECT_TRUE(client.send(request_to("/2", "", true)).has_value());
    EXPECT_EQ(server.requests, 3);
}

TEST(HttpClient, SendsOtherRequestsAtMostOnce) {
    ScriptedServer server{{{fine, ""}, {fine}}};
    TestClient client{{server.identity}, options_for(server.port)};
    EXPECT_TRUE(client.send(request_to("/1")).has_value());
    const auto answer = client.send(request_to("/2"));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().cause(), Cause::outcome_unknown);
    EXPECT_EQ(server.requests, 2);
    EXPECT_TRUE(client.send(request_to("/3")).has_value());
}

TEST(HttpClient, DoesNotKnowTheOutcomeWhenTheSecondAttemptCannotBegin) {
    auto server = std::make_unique<ScriptedServer>(std::vector<std::vector<std::string>>{{fine, ""}});
    auto options = options_for(server->port);
    options.connect_max = 200ms;
    TestClient client{{server->identity}, std::move(options)};
    EXPECT_TRUE(client.send(request_to("/1", "", true)).has_value());
    // The script has ended: the listener still takes connections but never shakes hands.
    const auto answer = client.send(request_to("/2", "", true));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().cause(), Cause::outcome_unknown);
    EXPECT_EQ(server->requests, 2);
}

TEST(HttpClient, SendsNothingAfterItsDeadline) {
    RunningServer server;
    TestClient client{{server.identity}, options_for(server.port)};
    ASSERT_TRUE(client.send(request_to("/1")).has_value());
    const auto answer = client.send(request_to("/2"), 0ms);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().cause(), Cause::unavailable);
    EXPECT_EQ(server.handled, 1);
}

TEST(HttpClient, EndsQuietlyWhenItsCallerGivesUp) {
    RunningServer server{{}, [](http::Request&) -> asio::awaitable<http::Response> {
                             asio::steady_timer timer{co_await asio::this_coro::executor};
                             timer.expires_after(300ms);
                             co_await timer.async_wait(asio::use_awaitable);
                             co_return http::json_response(200, "{}");
                         }};
    auto options = options_for(server.port);
    options.connections_max = 1;
    TestClient client{{server.identity}, std::move(options)};
    std::vector<std::future<Sent>> calls;
    for (int i = 0; i < 3; ++i)
        calls.push_back(
            asio::co_spawn(client.thread.io,
                           common::with_deadline(client.client->send(request_to("/"), Deadline::in(5s)),
                                                 Deadline::in(std::chrono::milliseconds{50 + 20 * i})),
                           asio::use_future));
    for (auto& call : calls)
        EXPECT_EQ(call.get().error().cause(), Cause::deadline_exceeded);
    EXPECT_TRUE(client.send(request_to("/after")).has_value());
    EXPECT_EQ(server.metrics.counter_value("http_exceptions_total"), 0);
}

TEST(HttpClient, DoesNotRepeatWhatAFreshConnectionLost) {
    ScriptedServer server{{{""}, {fine}}};
    TestClient client{{server.identity}, options_for(server.port)};
    const auto answer = client.send(request_to("/1", "", true));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().cause(), Cause::outcome_unknown);
    EXPECT_EQ(server.requests, 1);
    EXPECT_TRUE(client.send(request_to("/2")).has_value());
}

TEST(HttpClient, TakesNoAnswerThatIsCutOffMalformedOrTooLarge) {
    const std::vector<std::string> bad{
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\n\r\nno length, and the connection is cut without close_notify",
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') +
            "\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n",
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    };
    std::vector<std::vector<std::string>> script;
    for (const auto& answer : bad)
        script.push_back({answer, ""});
    ScriptedServer server{script};
    auto options = options_for(server.port);
    options.response_bytes_max = 1000;
    TestClient client{{server.identity}, std::move(options)};
    for (const auto& answer : bad) {
        // The scripted end waits for a second request, so only a deadline ends an answer that goes on.
        const auto got = client.send(request_to("/", "", true), 300ms);
        ASSERT_FALSE(got.has_value()) << answer.substr(0, 60);
        EXPECT_EQ(got.error().cause(), Cause::outcome_unknown) << answer.substr(0, 60);
    }
    EXPECT_EQ(server.requests, static_cast<int>(bad.size()));
}

TEST(HttpClient, DoesNotFollowRedirects) {
    ScriptedServer server{{{"HTTP/1.1 302 Found\r\nLocation: https://other/\r\nContent-Length: 0\r\n\r\n"}}};
    TestClient client{{server.identity}, options_for(server.port)};
    const auto answer = client.send(request_to("/"));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 302);
    EXPECT_EQ(answer->headers.find("Location"), "https://other/");
}

TEST(HttpClient, DoesNotReuseAConnectionThatHoldsMoreThanItsAnswer) {
    ScriptedServer server{{{fine + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}, {fine}}};
    TestClient client{{server.identity}, options_for(server.port)};
    EXPECT_EQ(client.send(request_to("/1")).value().body, "{}");
    EXPECT_EQ(client.send(request_to("/2")).value().body, "{}");
    EXPECT_EQ(client.connections(), 2);
}

TEST(HttpClient, EndsASilentHandshakeOnTime) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    socklen_t size = sizeof address;
    ::bind(listener, generic, size);
    ::listen(listener, 8);
    ::getsockname(listener, generic, &size);
    auto options = options_for(ntohs(address.sin_port));
    options.connect_max = 150ms;
    TestClient client{{make_identity()}, std::move(options)};
    const auto began = std::chrono::steady_clock::now();
    const auto answer = client.send(request_to("/"));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().cause(), Cause::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    ::close(listener);
}

TEST(HttpClient, RefusesTargetsThatWouldChangeTheRequest) {
    RunningServer server;
    TestClient client{{server.identity}, options_for(server.port)};
    for (const auto* target : {"", "x", "/a b", "/a\r\nX: y", "/\xc3\xa9", "https://other/"})
        EXPECT_FALSE(client.send(request_to(target)).has_value()) << target;
    EXPECT_EQ(server.handled, 0);
}

}  // namespace
}  // namespace http_test
