// An acquirer that does what a test tells it to, on a loopback port without TLS.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "vault/iso8583/message.h"

namespace tests {

namespace asio = boost::asio;
using vault::iso8583::Message;

class ScriptedHost {
  public:
    class Line {
      public:
        explicit Line(asio::ip::tcp::socket socket) : socket_{std::move(socket)} {}
        void send(const Message& message) {
            const auto payload =
                vault::iso8583::encode(message, vault::iso8583::Profile::gw87a, {.layout_only = true});
            send_raw(payload.value().view());
        }
        void send_raw(std::string_view payload) { send_bytes(vault::iso8583::frame(payload).view()); }
        // As they are, without a frame around them.
        void send_bytes(std::string_view bytes) {
            boost::system::error_code ignored;
            asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), ignored);
        }
        void hang_up() {
            boost::system::error_code ignored;
            socket_.shutdown(asio::socket_base::shutdown_both, ignored);
        }

      private:
        friend class ScriptedHost;
        asio::ip::tcp::socket socket_;
        std::thread thread_;
    };
    using Script = std::function<void(Line&, const Message&)>;

    ScriptedHost() : acceptor_{io_, {asio::ip::address_v4::loopback(), 0}} {
        thread_ = std::thread{[this] { accept(); }};
    }
    ~ScriptedHost() {
        stopping_ = true;
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
        for (auto& line : lines_) {
            line.hang_up();
            line.thread_.join();
        }
    }
    unsigned short port() const { return acceptor_.local_endpoint().port(); }

    // What to do with every request but 0800; the default is to approve. Runs on the connection's thread:
    // what it uses must outlive the host.
    void on_message(Script script) {
        const std::lock_guard lock{mutex_};
        script_ = std::move(script);
    }
    void on_network_message(Script script) {
        const std::lock_guard lock{mutex_};
        network_script_ = std::move(script);
    }
    static Message answer_to(const Message& request, std::string_view code) {
        Message answer{vault::iso8583::answer_mti(request.mti())};
        for (const int field : {3, 4, 7, 11, 12, 13, 19, 32, 33, 37, 41, 42, 49, 70, 90})
            if (request.has(field)) answer.set(field, request.get(field));
        answer.set(39, code);
        if (request.has(4)) answer.set(15, "1124");
        if (request.mti() == "0100") {
            answer.set(44, "YM I");
            answer.set(48, "NT015030607612153000");
            if (code == "00") answer.set(38, "A1B2C3");
        }
        return answer;
    }
    static void approve(Line& line, const Message& request) { line.send(answer_to(request, "00")); }

    // A payload that the relay has sent.
    static Message read(const std::string& payload) {
        const std::vector<std::uint8_t> bytes{payload.begin(), payload.end()};
        return vault::iso8583::decode(bytes, vault::iso8583::Profile::gw87a, {.layout_only = true}).value();
    }
    // Payloads in the order of their coming, without network messages.
    std::vector<std::string> received() {
        const std::lock_guard lock{mutex_};
        return received_;
    }
    std::vector<std::string> received(std::string_view mti) {
        std::vector<std::string> found;
        for (const auto& payload : received())
            if (payload.starts_with(mti)) found.push_back(payload);
        return found;
    }
    int network_messages(std::string_view code) {
        const std::lock_guard lock{mutex_};
        return static_cast<int>(std::ranges::count(network_, code));
    }
    bool wait_for(const std::function<bool()>& reached) {
        for (int i = 0; i < 6000; ++i) {
            if (reached()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        return false;
    }
    bool wait_for(std::string_view mti, std::size_t count) {
        return wait_for([&] { return received(mti).size() >= count; });
    }
    int connections() const { return connections_; }

  private:
    void accept() {
        while (!stopping_) {
            boost::system::error_code failed;
            asio::ip::tcp::socket socket{io_};
            acceptor_.accept(socket, failed);
            if (failed) return;
            ++connections_;
            auto& line = lines_.emplace_back(std::move(socket));
            line.thread_ = std::thread{[this, &line] { serve(line); }};
        }
    }
    void serve(Line& line) {
        for (;;) {
            boost::system::error_code ended;
            std::array<std::uint8_t, 2> head{};
            asio::read(line.socket_, asio::buffer(head), ended);
            if (ended) return;
            std::vector<std::uint8_t> payload(head[0] * 256U + head[1]);
            asio::read(line.socket_, asio::buffer(payload), ended);
            if (ended) return;
            auto message = vault::iso8583::decode(payload, vault::iso8583::Profile::gw87a);
            if (!message) return line.hang_up();
            take(line, *message, std::string{payload.begin(), payload.end()});
        }
    }
    void take(Line& line, const Message& message, std::string payload) {
        Script script;
        {
            const std::lock_guard lock{mutex_};
            if (message.mti() == "0800")
                network_.emplace_back(message.get(70));
            else
                received_.push_back(std::move(payload));
            script = message.mti() == "0800" ? network_script_ : script_;
        }
        if (vault::iso8583::is_request(message.mti())) script(line, message);
    }

    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::thread thread_;
    std::list<Line> lines_;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> connections_ = 0;
    std::mutex mutex_;
    Script script_ = approve, network_script_ = approve;
    std::vector<std::string> received_, network_;
};

}  // namespace tests
