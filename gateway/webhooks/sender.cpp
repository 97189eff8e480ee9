#include "gateway/webhooks/sender.h"

#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "common/http/parser.h"
#include "common/http/watchdog.h"
#include "common/http/wire.h"
#include "common/log.h"
#include "common/started.h"
#include "gateway/webhooks/address_guard.h"

namespace gateway::webhooks {
namespace {

namespace asio = boost::asio;
namespace http = common::http;
using common::Deadline;
using common::Result;

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds body_max{2'000};  // for an answer's body, once its head is there

Reply failed(Fault fault) {
    Reply reply;
    reply.fault = fault;
    return reply;
}

http::WipedBytes request_of(const Message& message, const Target& target, const std::string& user_agent) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.target = target.path;
    request.content_type = "application/json; charset=utf-8";
    request.headers.set("User-Agent", user_agent);
    request.headers.set("Accept", "*/*");
    request.headers.set("Stripe-Signature", message.signature);
    request.body = common::SecretText{message.body};
    http::WipedBytes bytes;
    http::append_request(bytes, request, target.host_field());
    return bytes;
}

}  // namespace

std::string_view to_string(Fault fault) {
    switch (fault) {
        case Fault::none:
            return "";
        case Fault::url:
            return "url";
        case Fault::unresolved:
            return "unresolved";
        case Fault::forbidden:
            return "forbidden";
        case Fault::unreachable:
            return "unreachable";
        case Fault::tls:
            return "tls";
        case Fault::timeout:
            return "timeout";
        case Fault::no_answer:
            return "no_answer";
        case Fault::secret:
            return "secret";
    }
    return "";
}

// One connection, closed with this object and when the deadline passes.
class Sender::Exchange {
  public:
    Exchange(Sender& sender, Deadline deadline)
        : sender_{&sender},
          deadline_{deadline},
          socket_{sender.io_},
          watchdog_{sender.io_, [this] { close(); }} {}

    asio::awaitable<Reply> run(const Message& message) {
        auto reply = co_await attempt(message);
        // What failed because the watchdog closed the connection.
        if (reply.status == 0 && deadline_.passed() && reply.fault != Fault::forbidden)
            reply.fault = Fault::timeout;
        co_return reply;
    }

  private:
    void close() {
        boost::system::error_code ignored;
        (tls_ ? tls_->next_layer() : socket_).close(ignored);
    }

    asio::awaitable<Reply> attempt(const Message& message) {
        const auto target = parse_target(message.url, message.livemode, sender_->options_.rules);
        if (!target) co_return failed(Fault::url);
        const auto addresses = co_await addresses_of(*target);
        if (!addresses || addresses->empty()) co_return failed(Fault::unresolved);
        const AddressGuard guard{sender_->options_.rules.private_addresses, sender_->network_->own()};
        if (!guard.lets_pass_all(*addresses)) co_return failed(Fault::forbidden);
        const bool connected = co_await connect(*addresses, target->port);
        if (!connected) co_return failed(Fault::unreachable);
        watchdog_.set(deadline_.at());
        const auto request = request_of(message, *target, sender_->options_.user_agent);
        if (!target->tls) {
            auto reply = co_await exchange(socket_, request);
            co_return reply;
        }
        const bool safe = co_await shake_hands(target->host);
        if (!safe) co_return failed(Fault::tls);
        auto reply = co_await exchange(*tls_, request);
        co_return reply;
    }

    common::Task<Network::Addresses> addresses_of(const Target& target) {
        if (target.address) co_return Network::Addresses{*target.address};
        // Not before the deadline's end, so that one attempt cannot wait for its name longer than for its
        // answer.
        auto lookup = sender_->network_->resolve(target.host, deadline_);
        auto found = co_await common::with_deadline(std::move(lookup), deadline_);
        co_return found;
    }

    // To the very addresses that were checked, and to no name.
    asio::awaitable<bool> connect(const Network::Addresses& addresses, std::uint16_t port) {
        for (const auto& address : addresses) {
            if (deadline_.passed()) break;
            boost::system::error_code ignored;
            socket_.close(ignored);
            watchdog_.set(deadline_.at_most(sender_->options_.connect_max).at());
            const asio::ip::tcp::endpoint endpoint{address, port};
            const auto failure = co_await sender_->network_->connect(socket_, endpoint);
            watchdog_.clear();
            if (failure) continue;
            socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
            co_return true;
        }
        co_return false;
    }

    asio::awaitable<bool> shake_hands(const std::string& host) {
        context_ = sender_->tls_();
        if (!context_) co_return false;
        tls_.emplace(std::move(socket_), *context_);
        if (!http::expect_host(tls_->native_handle(), host)) co_return false;
        const auto [failure] = co_await tls_->async_handshake(asio::ssl::stream_base::client, awaited);
        co_return !failure;
    }

    template <class Stream>
    asio::awaitable<Reply> exchange(Stream& stream, const http::WipedBytes& request) {
        const auto bytes = asio::buffer(request.data(), request.size());
        const auto [failure, size] = co_await asio::async_write(stream, bytes, awaited);
        if (failure) co_return failed(Fault::no_answer);
        http::ResponseParser parser{sender_->options_.answer_bytes_max};
        http::Response response;
        parser.start(response, false);
        http::WireBuffer in{sender_->options_.answer_bytes_max};
        Reply reply;
        for (;;) {
            const auto room = in.prepare();
            if (room.empty()) break;
            const auto [ended, got] =
                co_await stream.async_read_some(asio::buffer(room.data(), room.size()), awaited);
            if (ended) break;
            in.commit(got);
            const auto parsed = parser.feed(in.view());
            in.consume(parser.consumed());
            if (reply.status == 0 && parser.has_head()) {
                reply.status = response.status;
                // The rest says nothing, and is read only so that its sender need not see a broken
                // connection.
                watchdog_.set(deadline_.at_most(body_max).at());
            }
            if (parsed != http::Parsed::need_more) break;
        }
        if (reply.status == 0) reply.fault = Fault::no_answer;
        co_return reply;
    }

    Sender* sender_;
    Deadline deadline_;
    http::TcpSocket socket_;
    std::shared_ptr<asio::ssl::context> context_;
    std::optional<http::TlsStream> tls_;
    http::Watchdog watchdog_;
};

Sender::Sender(asio::io_context& io, Network& network, http::TlsSource tls, SenderOptions options)
    : io_{io}, network_{&network}, tls_{std::move(tls)}, options_{std::move(options)} {}

asio::awaitable<Reply> Sender::send(Message message, Deadline deadline) {
    try {
        Exchange exchange{*this, deadline};
        auto reply = co_await exchange.run(message);
        co_return reply;
    } catch (const std::exception&) {
        common::log::error("exception while sending a webhook");
    }
    co_return failed(Fault::no_answer);
}

}  // namespace gateway::webhooks
