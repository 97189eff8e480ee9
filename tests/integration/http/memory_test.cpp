// A card number that came in must be gone from the server's memory once its request is answered, though the
// connection stays open. The server runs in a child process, since the client's own memory holds the number
// too.
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "unit/http/running_server.h"

namespace http_test {
namespace {

std::string new_card_number() {
    std::ifstream source{"/dev/urandom", std::ios::binary};
    std::string digits(16, '\0');
    source.read(digits.data(), 16);
    for (auto& c : digits)
        c = static_cast<char>('0' + static_cast<unsigned char>(c) % 10);
    return digits;
}

std::size_t copies_in(pid_t process, const std::string& text) {
    std::ifstream maps{"/proc/" + std::to_string(process) + "/maps"};
    std::ifstream memory{"/proc/" + std::to_string(process) + "/mem", std::ios::binary};
    std::size_t found = 0;
    for (std::string line; std::getline(maps, line);) {
        if (!line.contains(" rw") || line.contains("[v")) continue;
        const auto begin = std::stoull(line, nullptr, 16);
        const auto end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
        // Shadow memory of the sanitizers: terabytes that hold no text.
        if (end - begin > (1ULL << 30)) continue;
        std::string bytes(end - begin, '\0');
        memory.clear();
        memory.seekg(static_cast<std::streamoff>(begin));
        memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        for (auto at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1))
            ++found;
    }
    return found;
}

asio::awaitable<http::Response> careful(http::Request& request) {
    co_return http::json_response(200, std::to_string(request.body.size()));
}

asio::awaitable<http::Response> careless(http::Request& request) {
    static std::vector<std::string> kept;
    kept.emplace_back(request.body.view());
    co_return http::json_response(200, std::to_string(request.body.size()));
}

// Serves until the pipe is closed; tells its port through the other.
[[noreturn]] void serve(http::Handler handler, int port_out, int end_in) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto identity = make_identity();
    auto context = make_context({}, &identity);
    SSL_CTX_set_options(context->native_handle(), SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    RunningServer server{{}, std::move(handler), context};
    [[maybe_unused]] const auto written = ::write(port_out, &server.port, sizeof server.port);
    char byte = 0;
    while (::read(end_in, &byte, 1) > 0) {
    }
    ::_exit(0);
}

std::size_t copies_left_by(http::Handler handler) {
    int port_pipe[2], end_pipe[2];
    if (::pipe(port_pipe) != 0 || ::pipe(end_pipe) != 0) return 99;
    const auto child = ::fork();
    if (child == 0) {
        ::close(end_pipe[1]);
        serve(std::move(handler), port_pipe[1], end_pipe[0]);
    }
    ::close(end_pipe[0]);
    ::close(port_pipe[1]);
    unsigned short port = 0;
    EXPECT_EQ(::read(port_pipe[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    std::size_t copies = 99;
    {
        RawClient client{port};
        const auto number =
            new_card_number();  // after the fork: the child knows it from the connection alone
        const auto card = "card[number]=" + number;
        EXPECT_EQ(status_of(client.ask(post("/v1/tokens", card))), 200);
        EXPECT_EQ(
            status_of(client.ask(
                "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\n" +
                card + "\r\n0\r\n\r\n")),
            200);
        copies = copies_in(child, number);
    }
    ::close(end_pipe[1]);
    ::close(port_pipe[0]);
    ::waitpid(child, nullptr, 0);
    return copies;
}

TEST(HttpServerMemory, HoldsNoBodyAfterItsAnswer) {
    EXPECT_GE(copies_left_by(careless), 2U) << "the search itself must find what is there";
    EXPECT_EQ(copies_left_by(careful), 0U);
}

}  // namespace
}  // namespace http_test
