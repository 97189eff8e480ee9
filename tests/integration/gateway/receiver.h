// A merchant's server that takes webhooks, on loopback and over plain HTTP, and behaves as the test says.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <boost/json/parse.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/crypto.h"

namespace tests {

struct Received {
    std::string head, body;
    std::string field(std::string_view name) const {
        const auto at = head.find("\r\n" + std::string{name} + ": ");
        if (at == std::string::npos) return {};
        const auto begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
    boost::json::object json() const { return boost::json::parse(body).as_object(); }
    std::string id() const { return std::string{json().at("id").as_string()}; }
};

// Whether one of the header's signatures is the HMAC of its time and the body.
inline bool is_signed(const Received& received, std::string_view secret) {
    const auto header = received.field("Stripe-Signature");
    const auto time = header.substr(2, header.find(',') - 2);
    const std::vector<std::uint8_t> key(secret.begin(), secret.end());
    const auto wanted = common::crypto::to_hex(common::crypto::hmac_sha256(key, time + '.' + received.body));
    return header.starts_with("t=") && header.contains(",v1=" + wanted);
}

inline std::string answer(int status, std::string_view more = "") {
    return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Length: 2\r\n" + std::string{more} +
           "\r\n{}";
}

class Receiver {
  public:
    using Behaviour = std::function<std::string(const Received&)>;  // the answer's bytes; "": none, ever

    explicit Receiver(Behaviour behaviour = [](const Received&) { return answer(200); })
        : behaviour_{std::move(behaviour)}, listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
        ::bind(listener_, generic, size);
        ::listen(listener_, 128);
        ::getsockname(listener_, generic, &size);
        port = ntohs(address.sin_port);
        accepting_ = std::thread{[this] { accept(); }};
    }
    ~Receiver() {
        ending_ = true;
        accepting_.join();
        for (auto& each : serving_)
            each.join();
        ::close(listener_);
    }
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;

    void behave(Behaviour behaviour) {
        const std::lock_guard lock{mutex_};
        behaviour_ = std::move(behaviour);
    }
    std::vector<Received> received() {
        const std::lock_guard lock{mutex_};
        return received_;
    }
    std::size_t count() { return received().size(); }
    std::string url(std::string_view host = "127.0.0.1") const {
        return "http://" + std::string{host} + ':' + std::to_string(port) + "/hook?a=b";
    }

    unsigned short port = 0;
    std::atomic<int> connections{0};

  private:
    bool readable(int fd) const {
        while (!ending_) {
            pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
            if (::poll(&wanted, 1, 20) > 0) return true;
        }
        return false;
    }
    void accept() {
        while (readable(listener_)) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            ++connections;
            serving_.emplace_back([this, fd] {
                serve(fd);
                ::close(fd);
            });
        }
    }
    void serve(int fd) {
        std::string bytes;
        Received request;
        for (;;) {
            const auto end = bytes.find("\r\n\r\n");
            if (end != std::string::npos) {
                request.head = bytes.substr(0, end + 2);
                const auto length = request.field("Content-Length");
                const auto size = length.empty() ? 0 : std::stoul(length);
                if (bytes.size() >= end + 4 + size) {
                    request.body = bytes.substr(end + 4, size);
                    break;
                }
            }
            char some[4096];
            if (!readable(fd)) return;
            const auto got = ::recv(fd, some, sizeof some, 0);
            if (got <= 0) return;
            bytes.append(some, static_cast<std::size_t>(got));
        }
        Behaviour behaviour;
        {
            const std::lock_guard lock{mutex_};
            received_.push_back(request);
            behaviour = behaviour_;
        }
        const auto reply = behaviour(request);
        if (reply.empty()) {
            while (readable(fd)) {
                char some[256];
                if (::recv(fd, some, sizeof some, 0) <= 0) return;
            }
            return;
        }
        std::string_view left{reply};
        while (!left.empty()) {
            const auto sent = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            left.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    std::mutex mutex_;
    Behaviour behaviour_;
    std::vector<Received> received_;
    std::atomic<bool> ending_{false};
    int listener_;
    std::thread accepting_;
    std::vector<std::thread> serving_;
};

}  // namespace tests
