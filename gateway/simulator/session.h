#pragma once

#include <array>
#include <deque>
#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/simulator/host.h"

namespace simulator {

// One connection. Requests are answered in any order; what is written waits in a queue.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(Host& host, asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls);
    asio::awaitable<void> run();
    void close();

  private:
    using Message = vault::iso8583::Message;
    struct Outgoing {
        common::SecretText bytes;
        bool slow = false;
        bool last = false;  // close behind it
    };
    asio::awaitable<void> watch();
    bool take_frames();  // false: close
    bool take(std::span<const std::uint8_t> payload);
    bool refuse(std::span<const std::uint8_t> payload, const vault::iso8583::DecodeError& error);
    void network(const Message& request);
    void financial(const Message& request);
    void respond(const Message& request, std::string_view response, std::string_view date, bool last = false);
    void count(const Message& request, std::string_view response);
    void deliver(Reply reply);
    void send(const Message& answer, const Delivery& delivery = {}, bool layout_only = false,
              bool last = false);
    void queue(Outgoing outgoing);
    void write_next();

    Host& host_;
    std::shared_ptr<asio::ssl::context> tls_;
    asio::ssl::stream<asio::ip::tcp::socket> stream_;
    asio::steady_timer timer_;  // handshake, then silence
    asio::steady_timer slow_timer_;
    asio::steady_timer write_timer_;
    vault::iso8583::FrameReader reader_;
    std::array<std::uint8_t, 8192> in_{};
    std::deque<Outgoing> out_;
    std::size_t written_ = 0;
    std::size_t delayed_ = 0;
    std::string forwarder_;  // that the certificate allows
    bool signed_on_ = false;
    bool closed_ = false;
    int broken_ = 0;  // payloads in a row
    std::chrono::steady_clock::time_point heard_;
};

}  // namespace simulator
