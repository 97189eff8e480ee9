#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/probes.h"
#include "unit/http/running_server.h"

namespace http_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

asio::awaitable<http::Response> throwing(http::Request& request) {
    if (request.path == "/throw") throw std::runtime_error{"4242424242424242"};
    return echo(request);
}

asio::awaitable<http::Response> waiting(http::Request& request) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_after(300ms);
    co_await timer.async_wait(asio::use_awaitable);
    co_return http::json_response(200, "waited " + request.path);
}

TEST(HttpServer, AnswersManyRequestsOnOneConnection) {
    RunningServer server;
    RawClient client{server.port};
    for (int i = 0; i < 5; ++i) {
        const auto answer =
            client.ask(post("/v1/x?a=b", "n=" + std::to_string(i), "Authorization: Bearer k\r\n"));
        EXPECT_EQ(status_of(answer), 200);
        EXPECT_EQ(body_of(answer), "POST /v1/x?a=b|n=" + std::to_string(i) + "||Bearer k");
        EXPECT_THAT(answer,
                    AllOf(HasSubstr("Cache-Control: no-store\r\n"), Not(HasSubstr("Connection: close")),
                          HasSubstr("Content-Type: application/json; charset=utf-8\r\n")));
    }
    EXPECT_EQ(server.metrics.counter_value("http_requests_total",
                                           {{"route", "other"}, {"method", "POST"}, {"status", "200"}}),
              5);
}

TEST(HttpServer, GivesEachRequestItsOwnId) {
    RunningServer server;
    RawClient client{server.port};
    const auto id = [&client] {
        const auto answer = client.ask(get("/"));
        return answer.substr(answer.find("Request-Id: ") + 12, 22);
    };
    const auto first = id(), second = id();
    EXPECT_THAT(first, MatchesRegex("req_[0-9A-Za-z]{18}"));
    EXPECT_NE(first, second);
}

TEST(HttpServer, AnswersPipelinedRequestsOnceEachAndInOrder) {
    RunningServer server;
    RawClient client{server.port};
    client.send(get("/1") + post("/2", "body") + get("/3", "Connection: close\r\n") + get("/4"));
    const auto answers = client.receive_all();
    EXPECT_EQ(answers_in(answers), 3U);
    EXPECT_LT(answers.find("GET /1"), answers.find("POST /2?|body"));
    EXPECT_LT(answers.find("POST /2?|body"), answers.find("GET /3"));
    EXPECT_EQ(server.handled, 3);
    EXPECT_TRUE(client.properly);
}

TEST(HttpServer, ReadsChunkedBodiesInAnyPieces) {
    RunningServer server;
    RawClient client{server.port};
    const std::string request =
        "POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    EXPECT_EQ(body_of(client.ask(request)), "POST /c?|abcde||");
    for (const char c : request)
        ASSERT_TRUE(client.send({&c, 1}));
    EXPECT_EQ(body_of(client.receive()), "POST /c?|abcde||");
}

TEST(HttpServer, AnswersHeadWithoutABody) {
    RunningServer server;
    RawClient client{server.port};
    client.send("HEAD /h HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/next", "Connection: close\r\n"));
    const auto answers = client.receive_all();
    EXPECT_EQ(answers_in(answers), 2U);
    EXPECT_THAT(answers, AllOf(HasSubstr("\r\n\r\nHTTP/1.1 200"), Not(HasSubstr("HEAD /h"))));
}

TEST(HttpServer, ClosesAfterAnHttp10Request) {
    RunningServer server;
    RawClient client{server.port};
    client.send("GET /old HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
    const auto answer = client.receive_all();
    EXPECT_THAT(answer, AllOf(HasSubstr("Connection: close\r\n"), HasSubstr("GET /old")));
    EXPECT_TRUE(client.properly);
}

TEST(HttpServer, AsksForTheBodyOfAClientThatExpects100) {
    RunningServer server;
    RawClient client{server.port};
    client.send("POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(body_of(client.ask("ab")), "POST /e?|ab||");
}

class SmugglingProbe : public testing::TestWithParam<Probe> {};

TEST_P(SmugglingProbe, GetsOneErrorAndTheEndOfTheConnection) {
    static RunningServer server;
    const int handled = server.handled;
    RawClient client{server.port};
    client.send(GetParam().bytes);
    const auto answers = client.receive_all();
    EXPECT_EQ(answers_in(answers), 1U) << answers;
    EXPECT_THAT(GetParam().statuses, testing::Contains(status_of(answers))) << answers;
    EXPECT_TRUE(client.closed);
    EXPECT_THAT(answers, AllOf(HasSubstr("Connection: close\r\n"), HasSubstr("Request-Id: req_"),
                               HasSubstr("Cache-Control: no-store"),
                               HasSubstr(R"({"error":{"type":"invalid_request_error")")));
    EXPECT_EQ(server.handled, handled) << "a handler saw it";
    EXPECT_EQ(server.metrics.counter_value("http_exceptions_total"), 0);
}

INSTANTIATE_TEST_SUITE_P(All, SmugglingProbe, testing::ValuesIn(probes()),
                         [](const auto& info) { return info.param.name; });

TEST(HttpServer, SurvivesAHugeTrailerAndEndlessExtensions) {
    RunningServer server;
    const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const auto& body :
         {"0\r\nX: " + std::string(100'000, 't') + "\r\n\r\n", "1;" + std::string(1 << 20, 'e')}) {
        RawClient client{server.port};
        client.send(head + body);
        const auto answers = client.receive_all();
        EXPECT_EQ(status_of(answers), 400);
        EXPECT_EQ(answers_in(answers), 1U);
    }
    EXPECT_EQ(server.handled, 0);
    EXPECT_EQ(server.metrics.counter_value("http_exceptions_total"), 0);
    RawClient next{server.port};
    EXPECT_EQ(status_of(next.ask(get("/"))), 200);
}

TEST(HttpServer, RefusesALargeBodyBeforeReadingIt) {
    http::ServerOptions options;
    options.body_max = [](http::Method, std::string_view path) {
        return path == "/card" ? std::size_t{16} : std::size_t{100};
    };
    RunningServer server{std::move(options)};
    RawClient client{server.port};
    EXPECT_EQ(status_of(client.ask(post("/card", std::string(16, 'x')))), 200);
    EXPECT_EQ(status_of(client.ask(post("/other", std::string(100, 'x')))), 200);
    EXPECT_EQ(status_of(client.ask("POST /card HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n\r\n")),
              413);
    client.receive_all();
    EXPECT_TRUE(client.closed);
    // Two megabytes that nobody reads must not keep the answer from arriving.
    RawClient pushing{server.port};
    pushing.send(post("/other", std::string(2 << 20, 'x')));
    EXPECT_EQ(status_of(pushing.receive()), 413);
}

TEST(HttpServer, RefusesALargeBodyInTheWordsOfItsOwner) {
    http::ServerOptions options;
    options.body_max = [](http::Method, std::string_view) { return std::size_t{100}; };
    options.body_refusal = [](http::Method, std::string_view path) {
        return path == "/files" ? std::optional{common::Error::invalid("", "file", "Too large a file.")}
                                : std::nullopt;
    };
    RunningServer server{std::move(options)};
    RawClient client{server.port};
    const auto refused = client.ask(post("/files", std::string(101, 'x')));
    EXPECT_EQ(status_of(refused), 400);
    EXPECT_THAT(body_of(refused), AllOf(HasSubstr("Too large a file."), HasSubstr(R"("param":"file")")));
    RawClient chunked{server.port};
    EXPECT_EQ(
        status_of(chunked.ask("POST /files HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "65\r\nx")),
        400);
    RawClient other{server.port};
    EXPECT_EQ(status_of(other.ask(post("/other", std::string(101, 'x')))), 413);
    EXPECT_EQ(server.rejected("body_too_large"), 3);
    EXPECT_EQ(server.handled, 0);
}

TEST(HttpServer, TakesAFewLargeBodiesAtOnceAndAsksOthersToComeAgain) {
    http::ServerOptions options;
    options.body_max = [](http::Method, std::string_view) { return std::size_t{8} << 20; };
    options.large_bodies_max = 2;
    RunningServer server{std::move(options)};
    const auto head = [](std::size_t size) {
        return "POST /files HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(size) +
               "\r\n\r\n";
    };
    const std::string large(2 << 20, 'x');
    auto first = std::make_unique<RawClient>(server.port);
    first->send(head(large.size()) + "x");
    RawClient second{server.port};
    second.send("POST /files HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    EXPECT_TRUE(soon([&] {
        RawClient third{server.port};
        const auto answer = third.ask(head(large.size()));
        return status_of(answer) == 503 && answer.contains("Stripe-Should-Retry: true\r\n");
    })) << "two are being read";
    RawClient small{server.port};
    EXPECT_EQ(status_of(small.ask(post("/files", "small"))), 200);
    first.reset();
    EXPECT_TRUE(soon([&] {
        RawClient next{server.port};
        next.send(head(large.size()) + large);
        return status_of(next.receive()) == 200;
    })) << "whoever leaves makes room";
    RawClient again{server.port};
    for (int i = 0; i < 3; ++i) {
        again.send(head(large.size()) + large);
        EXPECT_EQ(status_of(again.receive()), 200) << "and so does an answer";
    }
}

TEST(HttpServer, RefusesLongLinesAndHeads) {
    RunningServer server;
    RawClient line{server.port};
    EXPECT_EQ(status_of(line.ask(get("/" + std::string(20'000, 'a')))), 414);
    RawClient head{server.port};
    EXPECT_EQ(status_of(head.ask(get("/", "X: " + std::string(40'000, 'a') + "\r\n"))), 431);
    EXPECT_EQ(server.rejected("line_too_long"), 1);
    EXPECT_EQ(server.rejected("header_too_large"), 1);
}

TEST(HttpServer, TurnsAnExceptionOfAHandlerInto500) {
    RunningServer server{{}, throwing};
    RawClient client{server.port};
    const auto answer = client.ask(get("/throw"));
    EXPECT_EQ(status_of(answer), 500);
    EXPECT_THAT(answer, AllOf(HasSubstr(R"("type":"api_error")"), Not(HasSubstr("4242424242424242"))));
    EXPECT_EQ(server.metrics.counter_value("http_exceptions_total"), 1);
    RawClient next{server.port};
    EXPECT_EQ(status_of(next.ask(get("/fine"))), 200);
}

TEST(HttpServer, ClosesASlowHandshakeOnTime) {
    http::ServerOptions options;
    options.handshake_max = 200ms;
    RunningServer server{std::move(options)};
    const auto began = std::chrono::steady_clock::now();
    const int fd = connect_tcp(server.port);
    // A drip of a TLS record's head: each byte is progress, the whole is not.
    char byte = 0x16;
    std::ptrdiff_t got = -1;
    for (int i = 0; i < 40 && got < 0; ++i) {
        if (::send(fd, &byte, 1, MSG_NOSIGNAL) != 1) break;
        timeval moment{.tv_sec = 0, .tv_usec = 25'000};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
        got = ::recv(fd, &byte, 1, 0);
        byte = 0;
    }
    ::close(fd);
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_LT(took, 800ms);
    EXPECT_TRUE(
        soon([&server] { return server.rejected("handshake_timeout") + server.rejected("handshake") == 1; }));
}

// Sends a byte every 20 ms until the connection ends; how long that took.
std::chrono::milliseconds drip(RawClient& client, std::string_view first, std::string& answer) {
    const auto began = std::chrono::steady_clock::now();
    client.send(first);
    std::thread reader{[&] { answer = client.receive_all(); }};
    reader.join();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

TEST(HttpServer, EndsAnUnfinishedHeadWith408) {
    http::ServerOptions options;
    options.header_max = 200ms;
    RunningServer server{std::move(options)};
    RawClient client{server.port};
    std::string answer;
    const auto took = drip(client, "GET / HTTP/1.1\r\nHost: loc", answer);
    EXPECT_EQ(status_of(answer), 408);
    EXPECT_THAT(answer, HasSubstr(R"({"error":{"type":"invalid_request_error")"));
    EXPECT_GE(took, 190ms);
    EXPECT_LT(took, 1000ms);
}

TEST(HttpServer, EndsADrippingHeadThoughEachByteIsInTime) {
    http::ServerOptions options;
    options.header_max = 200ms;
    RunningServer server{std::move(options)};
    RawClient client{server.port};
    const auto began = std::chrono::steady_clock::now();
    for (const char c : get("/", "X: " + std::string(200, 'x') + "\r\n")) {
        if (server.rejected("timeout") == 1 || !client.send({&c, 1})) break;
        std::this_thread::sleep_for(10ms);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    EXPECT_EQ(server.rejected("timeout"), 1);
    EXPECT_EQ(server.handled, 0);
}

TEST(HttpServer, EndsAnUnfinishedBodyWith408) {
    http::ServerOptions options;
    options.body_time_max = 200ms;
    RunningServer server{std::move(options)};
    RawClient client{server.port};
    std::string answer;
    const auto took =
        drip(client, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc", answer);
    EXPECT_EQ(status_of(answer), 408);
    EXPECT_EQ(answers_in(answer), 1U);
    EXPECT_LT(took, 1000ms);
    EXPECT_EQ(server.handled, 0);
}

TEST(HttpServer, ClosesIdleConnectionsWithoutAWord) {
    http::ServerOptions options;
    options.idle_max = 150ms;
    options.header_max = 150ms;
    RunningServer server{std::move(options)};
    RawClient used{server.port}, unused{server.port};
    EXPECT_EQ(status_of(used.ask(get("/"))), 200);
    EXPECT_EQ(used.receive_all(), "");
    EXPECT_TRUE(used.properly);
    EXPECT_EQ(unused.receive_all(), "");
    EXPECT_TRUE(unused.closed);
}

TEST(HttpServer, ClosesAConnectionThatDoesNotReadItsAnswer) {
    http::ServerOptions options;
    options.write_max = 200ms;
    RunningServer server{std::move(options), [](http::Request&) -> asio::awaitable<http::Response> {
                             co_return http::json_response(200, std::string(32 << 20, 'x'));
                         }};
    RawClient client{server.port};
    client.send(get("/"));
    EXPECT_TRUE(soon([&server] { return server.rejected("unread_answer") == 1; }));
}

TEST(HttpServer, EndsAConnectionOfGreatAgeAfterItsAnswer) {
    http::ServerOptions options;
    options.connection_max = 0ms;
    RunningServer server{std::move(options)};
    RawClient client{server.port};
    EXPECT_THAT(client.ask(get("/")), HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_TRUE(client.properly);
}

TEST(HttpServer, LimitsConnectionsInAllAndOfOneAddress) {
    for (const bool of_address : {false, true}) {
        http::ServerOptions options;
        (of_address ? options.connections_per_address_max : options.connections_max) = 2;
        RunningServer server{std::move(options)};
        auto first = std::make_unique<RawClient>(server.port);
        RawClient second{server.port}, third{server.port};
        EXPECT_TRUE(first->open);
        EXPECT_TRUE(second.open);
        EXPECT_FALSE(third.open);
        EXPECT_EQ(server.rejected(of_address ? "connections_of_address" : "connections"), 1);
        first.reset();
        EXPECT_TRUE(soon([&server] { return RawClient{server.port}.open; }));
        EXPECT_EQ(status_of(second.ask(get("/"))), 200);
    }
}

TEST(HttpServer, DrainsIdleConnectionsAtOnceAndOthersAfterTheirAnswer) {
    RunningServer server{{}, waiting};
    RawClient idle{server.port}, busy{server.port};
    EXPECT_EQ(status_of(idle.ask(get("/once"))), 200);
    busy.send(get("/slow"));
    ASSERT_TRUE(soon([&server] { return server.handled == 2; }));
    std::promise<void> drained;
    server.thread.run([&] { server.server->drain(5s, [&drained] { drained.set_value(); }); });
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_TRUE(idle.properly);
    const auto answer = busy.receive_all();
    EXPECT_EQ(body_of(answer), "waited /slow");
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(drained.get_future().wait_for(3s), std::future_status::ready);
    EXPECT_EQ(connect_tcp(server.port), -1) << "still listening";
}

TEST(HttpServer, EndsADrainThatTakesTooLong) {
    RunningServer server{{}, [](http::Request& request) -> asio::awaitable<http::Response> {
                             asio::steady_timer timer{co_await asio::this_coro::executor};
                             timer.expires_after(request.path == "/slow" ? 1500ms : 0ms);
                             co_await timer.async_wait(asio::use_awaitable);
                             co_return http::json_response(200, "{}");
                         }};
    RawClient busy{server.port};
    busy.send(get("/slow"));
    ASSERT_TRUE(soon([&server] { return server.handled == 1; }));
    std::promise<void> drained;
    const auto began = std::chrono::steady_clock::now();
    server.thread.run([&] { server.server->drain(100ms, [&drained] { drained.set_value(); }); });
    EXPECT_EQ(drained.get_future().wait_for(3s), std::future_status::ready);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    EXPECT_EQ(answers_in(busy.receive_all()), 0U);
    ASSERT_TRUE(soon([&server] {
        return server.metrics.counter_value("http_rejected_total", {{"reason", "unread_answer"}}) == 1;
    }));
}

TEST(HttpServer, ServesTheFirstRequestOfANewConnectionWhileItDrains) {
    RunningServer server;
    RawClient fresh{server.port}, silent{server.port};
    EXPECT_EQ(status_of(RawClient{server.port}.ask(get("/"))), 200);  // so that the others have been accepted
    std::promise<void> drained;
    server.thread.run([&] { server.server->drain(10s, [&drained] { drained.set_value(); }); });
    EXPECT_THAT(fresh.ask(get("/late")), AllOf(HasSubstr("GET /late"), HasSubstr("Connection: close\r\n")));
    EXPECT_EQ(silent.receive_all(), "");
    EXPECT_TRUE(silent.properly);
    fresh.receive_all();
    EXPECT_EQ(drained.get_future().wait_for(5s), std::future_status::ready);
}

TEST(HttpServer, DrainsAtOnceWhenNobodyIsConnected) {
    RunningServer server;
    std::promise<void> drained;
    server.thread.run([&] { server.server->drain(5s, [&drained] { drained.set_value(); }); });
    EXPECT_EQ(drained.get_future().wait_for(1s), std::future_status::ready);
}

TEST(HttpServer, GivesANewCertificateToNewConnectionsOnly) {
    RunningServer server;
    RawClient before{server.port};
    EXPECT_EQ(status_of(before.ask(get("/"))), 200);
    const auto next = make_identity();
    server.use(make_context({}, &next));
    RawClient after{server.port};
    EXPECT_EQ(X509_cmp(before.server_certificate().get(), server.identity.certificate.get()), 0);
    EXPECT_EQ(X509_cmp(after.server_certificate().get(), next.certificate.get()), 0);
    EXPECT_EQ(status_of(before.ask(get("/"))), 200);
    EXPECT_EQ(status_of(after.ask(get("/"))), 200);
    server.use(nullptr);
    EXPECT_FALSE(RawClient{server.port}.open);
    EXPECT_EQ(status_of(before.ask(get("/"))), 200);
}

struct MutualServer {
    explicit MutualServer(const CertificateWish& wish)
        : own{make_identity()},
          client_identity{make_identity(wish)},
          server{[] {
                     http::ServerOptions options;
                     options.request_client_certificate = true;
                     return options;
                 }(),
                 echo, make_context({client_identity}, &own, true)} {}
    Identity own, client_identity;
    RunningServer server;
};

TEST(HttpServer, TellsTheHandlerWhoTheClientIs) {
    MutualServer mutual{{.alternative_names = "URI:spiffe://portcullis/gateway,DNS:other"}};
    RawClient client{mutual.server.port, &mutual.client_identity};
    EXPECT_EQ(body_of(client.ask(get("/"))), "GET /?||spiffe://portcullis/gateway|");
}

TEST(HttpServer, TakesNoIdentityFromSeveralUrisOrNone) {
    for (const auto* names :
         {"URI:spiffe://portcullis/gateway,URI:spiffe://portcullis/vault", "DNS:spiffe"}) {
        MutualServer mutual{{.alternative_names = names}};
        RawClient client{mutual.server.port, &mutual.client_identity};
        EXPECT_EQ(body_of(client.ask(get("/"))), "GET /?|||");
    }
}

TEST(HttpServer, StopsServingAClientWhoseCertificateExpires) {
    MutualServer mutual{{.alternative_names = "URI:spiffe://portcullis/gateway", .seconds = 1}};
    RawClient client{mutual.server.port, &mutual.client_identity};
    ASSERT_EQ(status_of(client.ask(get("/"))), 200);
    std::this_thread::sleep_for(2100ms);
    EXPECT_EQ(status_of(client.ask(get("/"))), 401);
    client.receive_all();
    EXPECT_TRUE(client.closed);
    EXPECT_EQ(mutual.server.handled, 1);
}

TEST(HttpServer, KeepsLineEndsOfAHandlerOutOfTheHead) {
    RunningServer server{{}, [](http::Request&) -> asio::awaitable<http::Response> {
                             auto response = http::json_response(200, "{}");
                             response.headers.set("X-Echo", "a\r\nSet-Cookie: b\r\n\r\n");
                             response.headers.set("Bad Name", "x");
                             response.headers.set("Content-Length", "999");
                             response.headers.set("Cache-Control", "private");
                             co_return response;
                         }};
    RawClient client{server.port};
    const auto answer = client.ask(get("/"));
    EXPECT_THAT(answer, AllOf(HasSubstr("X-Echo: a  Set-Cookie: b"), Not(HasSubstr("Bad Name")),
                              Not(HasSubstr("999")), HasSubstr("Cache-Control: private\r\n"),
                              Not(HasSubstr("no-store"))));
    EXPECT_EQ(status_of(client.ask(get("/"))), 200);
}

TEST(HttpServer, SharesItsPortWithTheServersOfOtherThreads) {
    RunningServer first;
    http::ServerOptions options;
    options.port = first.port;
    RunningServer second{std::move(options)};
    ASSERT_EQ(second.port, first.port);
    for (int i = 0; i < 40; ++i)
        EXPECT_EQ(status_of(RawClient{first.port}.ask(get("/"))), 200);
    EXPECT_GT(first.handled, 0);
    EXPECT_GT(second.handled, 0);
    first.thread.run([&] { first.server->drain(1s, [] {}); });
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(status_of(RawClient{second.port}.ask(get("/"))), 200);
}

// As a second process of the same user would: with SO_REUSEPORT, which the kernel would let in.
int listen_elsewhere(unsigned short port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    EXPECT_EQ(::bind(fd, generic, sizeof address), 0);
    EXPECT_EQ(::listen(fd, 1), 0);
    return fd;
}

TEST(HttpServer, SharesItsPortWithNoOtherProcess) {
    http::ServerOptions options;
    {
        RunningServer before;
        options.port = before.port;
    }
    const int other = listen_elsewhere(options.port);
    IoThread thread;
    common::Metrics metrics;
    const auto start = [&] {
        http::Server server{thread.io, options, [] { return Context{}; }, echo, metrics};
        return server.start();
    };
    const auto refused = thread.run(start);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().log_detail(), HasSubstr("in use"));
    ::close(other);
    EXPECT_TRUE(thread.run(start).has_value()) << "free again";
}

TEST(HttpServer, SaysWhyItCannotListen) {
    IoThread thread;
    common::Metrics metrics;
    http::ServerOptions options;
    options.address = "192.0.2.1";
    auto started = thread.run([&] {
        http::Server server{thread.io, options, [] { return Context{}; }, echo, metrics};
        return server.start();
    });
    ASSERT_FALSE(started.has_value());
    EXPECT_THAT(started.error().log_detail(), HasSubstr("192.0.2.1"));
}

}  // namespace
}  // namespace http_test
