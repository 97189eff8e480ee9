// A server on its own thread and blocking clients that send it whatever they like.
#pragma once

#include <chrono>
#include <csignal>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/server.h"
#include "unit/http/tls.h"

namespace http_test {

using namespace std::chrono_literals;
namespace http = common::http;
namespace asio = boost::asio;

// As in the services: writing to a closed connection is an error, not the end of the process.
inline const auto sigpipe_ignored = ::signal(SIGPIPE, SIG_IGN);

// The I/O thread of a test.
class IoThread {
  public:
    IoThread() : work_{asio::make_work_guard(io)}, thread_{[this] { io.run(); }} {}
    ~IoThread() { stop(); }
    void stop() {
        work_.reset();
        io.stop();
        if (thread_.joinable()) thread_.join();
    }
    template <class F>
    auto run(F job) {
        std::packaged_task<std::invoke_result_t<F&>()> task{std::move(job)};
        auto result = task.get_future();
        asio::post(io, [&task] { task(); });
        return result.get();
    }
    asio::io_context io{1};

  private:
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

inline asio::awaitable<http::Response> echo(http::Request& request) {
    auto response = http::json_response(
        200, std::string{http::to_string(request.method)} + ' ' + request.path + '?' + request.query + '|' +
                 std::string{request.body.view()} + '|' + request.peer_identity + '|' +
                 std::string{request.headers.find("Authorization")});
    co_return response;
}

class RunningServer {
  public:
    explicit RunningServer(http::ServerOptions options = {}, http::Handler handler = echo,
                           Context own = nullptr)
        : identity{make_identity()}, context{own ? std::move(own) : make_context({}, &identity)} {
        if (options.fixed_headers.empty()) options.fixed_headers = {{"Cache-Control", "no-store"}};
        auto counted = [this, inner = std::move(handler)](http::Request& request) {
            ++handled;
            return inner(request);
        };
        auto source = [this] {
            const std::lock_guard lock{mutex_};
            return context;
        };
        server.emplace(thread.io, std::move(options), std::move(source), std::move(counted), metrics);
        port = thread.run([this] { return server->start(); }).value();
    }
    ~RunningServer() {
        thread.run([this] { server.reset(); });
        thread.run([] {});
        thread.stop();
    }
    void use(Context next) {
        const std::lock_guard lock{mutex_};
        context = std::move(next);
    }
    double rejected(std::string_view reason) const {
        return metrics.counter_value("http_rejected_total", {{"reason", reason}});
    }

    common::Metrics metrics;
    Identity identity;
    Context context;
    std::atomic<int> handled{0};
    std::optional<http::Server> server;
    unsigned short port = 0;
    IoThread thread;

  private:
    std::mutex mutex_;
};

inline int connect_tcp(unsigned short port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    if (::connect(fd, generic, sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

// Speaks TLS, with the certificate unchecked and requests made by hand. Waits 10 s at most for anything.
class RawClient {
  public:
    explicit RawClient(unsigned short port, const Identity* own = nullptr)
        : context_{make_context({}, own)},
          fd_{connect_tcp(port)},
          ssl_{SSL_new(context_->native_handle()), SSL_free} {
        SSL_set_fd(ssl_.get(), fd_);
        open = fd_ >= 0 && SSL_connect(ssl_.get()) == 1;
    }
    ~RawClient() {
        if (fd_ >= 0) ::close(fd_);
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool send(std::string_view bytes) {
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
               static_cast<int>(bytes.size());
    }
    // One answer with its Content-Length; whatever came when the connection ended first.
    std::string receive() {
        for (;;) {
            const auto head = waiting_.find("\r\n\r\n");
            if (head != std::string::npos) {
                const auto field = waiting_.find("Content-Length: ");
                const auto length = field < head ? std::stoul(waiting_.substr(field + 16)) : 0;
                if (waiting_.size() >= head + 4 + length) {
                    auto answer = waiting_.substr(0, head + 4 + length);
                    waiting_.erase(0, answer.size());
                    return answer;
                }
            }
            if (!read()) return std::exchange(waiting_, {});
        }
    }
    // All that comes until this text has come, or the connection ends.
    std::string receive_until(std::string_view text) {
        while (waiting_.find(text) == std::string::npos && read()) {
        }
        const auto at = waiting_.find(text);
        if (at == std::string::npos) return std::exchange(waiting_, {});
        auto received = waiting_.substr(0, at + text.size());
        waiting_.erase(0, received.size());
        return received;
    }
    // Everything until the other end closes; `closed` tells whether it did.
    std::string receive_all() {
        while (read()) {
        }
        return std::exchange(waiting_, {});
    }
    std::string ask(std::string_view bytes) {
        send(bytes);
        return receive();
    }
    void shut_down_writing() { ::shutdown(fd_, SHUT_WR); }
    std::shared_ptr<X509> server_certificate() { return {SSL_get1_peer_certificate(ssl_.get()), X509_free}; }

    bool open = false;
    bool closed = false;    // by the other end
    bool properly = false;  // with close_notify

  private:
    bool read() {
        char bytes[4096];
        const int n = SSL_read(ssl_.get(), bytes, sizeof bytes);
        if (n > 0) {
            waiting_.append(bytes, static_cast<std::size_t>(n));
            return true;
        }
        const int why = SSL_get_error(ssl_.get(), n);
        properly = why == SSL_ERROR_ZERO_RETURN;
        closed = properly || why == SSL_ERROR_SSL || (why == SSL_ERROR_SYSCALL && errno != EAGAIN);
        return false;
    }
    Context context_;
    int fd_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    std::string waiting_;
};

inline int status_of(std::string_view answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(std::string{answer.substr(9, 3)}) : 0;
}

inline std::size_t answers_in(std::string_view bytes) {
    std::size_t found = 0;
    for (auto at = bytes.find("HTTP/1.1 "); at != std::string_view::npos;
         at = bytes.find("HTTP/1.1 ", at + 1))
        ++found;
    return found;
}

inline std::string body_of(std::string_view answer) {
    const auto head = answer.find("\r\n\r\n");
    return head == std::string_view::npos ? "" : std::string{answer.substr(head + 4)};
}

inline std::string get(std::string_view path, std::string_view more = "") {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n" + std::string{more} + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
    return "POST " + std::string{path} +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string{more} + "\r\n" + std::string{body};
}

template <class Condition>
bool soon(Condition condition, std::chrono::milliseconds limit = 5s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

}  // namespace http_test
