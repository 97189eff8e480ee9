#include "support/postgres_proxy.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/postgres.h"

namespace tests {
namespace {

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error{"the path of a socket is too long"};
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

int connect_to(const std::string& path) {
    const auto address = address_of(path);
    const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
    ::close(made);
    return -1;
}

bool send_all(int to, std::string_view data) {
    while (!data.empty()) {
        const auto sent = ::send(to, data.data(), data.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

// Appends what is there; false at the end of the stream.
bool receive(int from, std::string& to) {
    std::array<char, 65536> block;
    const auto got = ::recv(from, block.data(), block.size(), 0);
    if (got <= 0) return false;
    to.append(block.data(), static_cast<std::size_t>(got));
    return true;
}

std::uint32_t length_at(const std::string& data, std::size_t at) {
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
        length = length << 8 | static_cast<unsigned char>(data[at + i]);
    return length;
}

// Takes the first whole message of the protocol's frontend off; "" when none is whole.
std::string take_message(std::string& pending) {
    if (pending.size() < 5) return {};
    const std::size_t size = 1 + length_at(pending, 1);
    if (pending.size() < size) return {};
    auto message = pending.substr(0, size);
    pending.erase(0, size);
    return message;
}

}  // namespace

PostgresProxy::PostgresProxy() {
    std::string pattern = "/tmp/ptc-px-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = pattern;
    const auto address = address_of(directory_ + "/.s.PGSQL.5432");
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 64) != 0)
        throw std::runtime_error{"the proxy cannot listen"};
    acceptor_ = std::thread{[this] { accept_all(); }};
}

PostgresProxy::~PostgresProxy() {
    stopping_ = true;
    acceptor_.join();
    for (auto& relay : relays_)
        relay.join();
    ::close(listener_);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

std::string PostgresProxy::url(std::string_view database, std::string_view user) const {
    return "postgresql://" + std::string{user} + "@/" + std::string{database} + "?host=" + directory_;
}

void PostgresProxy::lose(Loss what, int nth) {
    what_ = what;
    lost_ = false;
    commits_ = 0;
    nth_ = nth;
}

void PostgresProxy::accept_all() {
    while (!stopping_) {
        pollfd waiting{listener_, POLLIN, 0};
        if (::poll(&waiting, 1, 50) <= 0) continue;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0) relays_.emplace_back([this, client] { relay(client); });
    }
}

void PostgresProxy::relay(int client) {
    const int server = connect_to(Postgres::instance().socket_path());
    std::string pending, answers;
    bool started = false;  // the first message has a length and no type
    bool open = server >= 0;
    while (open && !stopping_) {
        std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
        if (::poll(ends.data(), ends.size(), 50) <= 0) continue;
        if (ends[1].revents != 0) {
            answers.clear();
            open = receive(server, answers) && send_all(client, answers);
        }
        if (!open || ends[0].revents == 0) continue;
        open = receive(client, pending);
        if (open && !started && pending.size() >= 4 && pending.size() >= length_at(pending, 0)) {
            open = send_all(server, pending.substr(0, length_at(pending, 0)));
            pending.erase(0, length_at(pending, 0));
            started = true;
        }
        if (open && started) open = forward_queries(server, pending);
    }
    ::close(client);
    if (server >= 0) ::close(server);
}

// False when the connection is to be lost.
bool PostgresProxy::forward_queries(int server, std::string& pending) {
    for (auto message = take_message(pending); !message.empty(); message = take_message(pending)) {
        const bool commit = message[0] == 'Q' && message.find("COMMIT") != std::string::npos;
        if (!commit || ++commits_ != nth_) {
            if (!send_all(server, message)) return false;
            continue;
        }
        lost_ = true;
        std::string answer;
        if (what_ == Loss::answer && send_all(server, message)) receive(server, answer);
        return false;
    }
    return true;
}

}  // namespace tests
