#include "gateway/simulator/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "certs/identity.h"
#include "common/log.h"
#include "common/runtime.h"

namespace simulator {

namespace iso = vault::iso8583;
using common::Safe;

namespace {

constexpr auto handshake_max = std::chrono::seconds{5};
constexpr auto write_max = std::chrono::seconds{5};
constexpr auto slow_pause = std::chrono::milliseconds{50};
constexpr int broken_max = 3;
constexpr int echoes_max = 3;
constexpr std::size_t queue_max = 10000;
constexpr auto waiting = asio::as_tuple(asio::use_awaitable);

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string identity_of_peer(SSL* connection) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate{SSL_get1_peer_certificate(connection),
                                                                  &X509_free};
    return certificate == nullptr ? "" : certs::identity_of(certificate.get());
}

}  // namespace

Session::Session(Host& host, asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls)
    : host_{host},
      tls_{std::move(tls)},
      stream_{std::move(socket), *tls_},
      timer_{stream_.get_executor()},
      slow_timer_{stream_.get_executor()},
      write_timer_{stream_.get_executor()},
      heard_{std::chrono::steady_clock::now()} {}

void Session::close() {
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
    timer_.cancel();
    slow_timer_.cancel();
    write_timer_.cancel();
}

asio::awaitable<void> Session::run() {
    const auto self = shared_from_this();
    timer_.expires_after(handshake_max);
    timer_.async_wait([self](boost::system::error_code cancelled) {
        if (!cancelled) self->close();
    });
    const auto [refused] = co_await stream_.async_handshake(asio::ssl::stream_base::server, waiting);
    if (refused || closed_) {
        host_.metrics().count("simulator_handshakes_refused_total");
        common::log::warning("handshake refused", {{"number", Safe::number(refused.value())}});
        close();
        host_.forget(self);
        co_return;
    }
    timer_.cancel();
    const auto known = host_.options().forwarders.find(identity_of_peer(stream_.native_handle()));
    if (known != host_.options().forwarders.end()) forwarder_ = known->second;
    common::log::info("connected", {{"forwarder", Safe::id(forwarder_)}});
    asio::co_spawn(stream_.get_executor(), watch(), common::log_exceptions("session watch"));
    while (!closed_) {
        const auto [failed, count] = co_await stream_.async_read_some(asio::buffer(in_), waiting);
        if (failed) break;
        heard_ = std::chrono::steady_clock::now();
        reader_.feed({in_.data(), count});
        common::wipe(in_.data(), count);
        if (!take_frames()) break;
    }
    if (reader_.in_frame())
        host_.metrics().count("simulator_broken_frames_total", {{"error", "FRAME_TRUNCATED"}});
    common::log::info("disconnected", {{"forwarder", Safe::id(forwarder_)}});
    close();
    host_.forget(self);
}

// Sends an echo after silence; three without any byte in return end the connection.
asio::awaitable<void> Session::watch() {
    const auto self = shared_from_this();
    int missed = 0;
    while (!closed_) {
        const auto since = std::chrono::steady_clock::now() - heard_;
        const auto limit = host_.options().echo_after + missed * host_.options().echo_answer;
        if (since < host_.options().echo_after) missed = 0;
        if (since < limit) {
            timer_.expires_after(limit - since);
            (void)co_await timer_.async_wait(waiting);
            continue;
        }
        if (missed == echoes_max || !signed_on_) {
            close();
            break;
        }
        ++missed;
        Message echo{"0800"};
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto day = std::chrono::floor<std::chrono::days>(now);
        const std::chrono::year_month_day date{day};
        const std::chrono::hh_mm_ss time{now - day};
        std::array<char, 11> text{};
        std::snprintf(
            text.data(), text.size(), "%02u%02u%02d%02d%02d", static_cast<unsigned>(date.month()) % 100,
            static_cast<unsigned>(date.day()) % 100, static_cast<int>(time.hours().count() % 100),
            static_cast<int>(time.minutes().count() % 100), static_cast<int>(time.seconds().count() % 100));
        echo.set(7, std::string_view{text.data(), 10});
        echo.set(11, host_.next_stan());
        echo.set(33, forwarder_);
        echo.set(70, "301");
        send(echo);
    }
}

bool Session::take_frames() {
    common::SecretText payload;
    for (;;) {
        switch (reader_.next(payload)) {
            case iso::FrameReader::State::need_more:
                return true;
            case iso::FrameReader::State::too_long:
                host_.metrics().count("simulator_broken_frames_total", {{"error", "FRAME_TOO_LONG"}});
                common::log::warning("frame too long");
                return false;
            case iso::FrameReader::State::frame:
                if (!take(bytes_of(payload.view()))) return false;
        }
    }
}

bool Session::take(std::span<const std::uint8_t> payload) {
    const iso::Options options{.mac_key = host_.options().mac_key.bytes(), .layout_only = false};
    const auto message = iso::decode(payload, host_.options().profile, options);
    if (!message) return refuse(payload, message.error());
    broken_ = 0;
    if (!iso::is_request(message->mti())) return true;  // the answer to an echo
    if (message->mti().starts_with("08"))
        network(*message);
    else if (!signed_on_)
        respond(*message, "91", host_.issuer().date());
    else if (message->get(33) != forwarder_)
        respond(*message, "58", host_.issuer().date());
    else
        financial(*message);
    return true;
}

// A request that cannot be taken: 30, 96 for its MAC, 14 for a number that fails the Luhn check.
bool Session::refuse(std::span<const std::uint8_t> payload, const iso::DecodeError& error) {
    host_.metrics().count("simulator_broken_messages_total", {{"error", iso::to_string(error.name)}});
    common::log::warning("message refused",
                         {{"error", Safe::param(iso::to_string(error.name))},
                          {"field", Safe::param(error.field)},
                          {"offset", Safe::number(static_cast<std::int64_t>(error.offset))}});
    if (error.name == iso::ErrorName::semantic) {
        broken_ = 0;
        const auto request = iso::decode_layout(payload, host_.options().profile);
        send(answer_to(*request, signed_on_ ? "14" : "91", host_.issuer().date()));
        return true;
    }
    const auto header = iso::readable_header(payload, host_.options().profile);
    if (header && iso::is_request(header->mti())) {
        Message answer{iso::answer_mti(header->mti())};
        for (const int field : header->present())
            answer.set(field, header->get(field));
        answer.set(39, error.name == iso::ErrorName::mac_mismatch ? "96" : "30");
        send(answer, {}, true, ++broken_ >= broken_max);
        return true;
    }
    return ++broken_ < broken_max;
}

void Session::network(const Message& request) {
    const std::string_view code = request.get(70);
    if (code == "001") {
        const bool agrees = !forwarder_.empty() && request.get(33) == forwarder_;
        signed_on_ = agrees;
        common::log::info("sign-on", {{"forwarder", Safe::id(request.get(33))},
                                      {"response", agrees ? Safe::word("00") : Safe::word("58")}});
        respond(request, agrees ? "00" : "58", "", !agrees);
    } else if (!signed_on_) {
        respond(request, "91", "");
    } else if (request.get(33) != forwarder_) {
        respond(request, "58", "");
    } else if (code == "002") {
        signed_on_ = false;
        respond(request, "00", "", true);
    } else {
        respond(request, code == "301" ? "00" : "12", "");
    }
}

// Without asking the issuer.
void Session::respond(const Message& request, std::string_view response, std::string_view date, bool last) {
    count(request, response);
    send(answer_to(request, response, date), {}, false, last);
}

void Session::count(const Message& request, std::string_view response) {
    host_.metrics().count("simulator_requests_total", {{"mti", request.mti()}, {"response", response}});
}

void Session::financial(const Message& request) {
    const auto began = std::chrono::steady_clock::now();
    auto reply = std::make_shared<Reply>(host_.issuer().handle(request));
    count(request, reply->answer.get(39));
    std::string line = std::move(reply->journal);
    host_.journal().append(
        std::move(line), [weak = weak_from_this(), reply, began, mti = std::string{request.mti()}] {
            const auto self = weak.lock();
            if (!self) return;
            // Until it is on the disk; a delay that the amount asked for comes after it.
            self->host_.metrics().observe("simulator_request_seconds",
                                          std::chrono::steady_clock::now() - began, {{"mti", mti}});
            self->deliver(std::move(*reply));
        });
}

void Session::deliver(Reply reply) {
    if (closed_ || reply.delivery.silent) return;
    if (reply.delivery.close) return close();
    if (reply.delivery.delay.count() == 0) return send(reply.answer, reply.delivery);
    if (delayed_ >= queue_max) return close();
    ++delayed_;
    auto timer = std::make_shared<asio::steady_timer>(stream_.get_executor(), reply.delivery.delay);
    auto kept = std::make_shared<Reply>(std::move(reply));
    timer->async_wait([weak = weak_from_this(), kept, timer](boost::system::error_code failed) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        --self->delayed_;
        if (!failed && !self->closed_) self->send(kept->answer, kept->delivery);
    });
}

void Session::send(const Message& answer, const Delivery& delivery, bool layout_only, bool last) {
    const iso::Options options{.mac_key = host_.options().mac_key.bytes(), .layout_only = layout_only};
    auto payload = iso::encode(answer, host_.options().profile, options);
    if (!payload) {
        common::log::error("answer cannot be written",
                           {{"error", Safe::param(iso::to_string(payload.error().name))},
                            {"field", Safe::param(payload.error().field)}});
        return close();
    }
    if (delivery.broken_bitmap) payload->data()[host_.options().profile == iso::Profile::gw87a ? 6 : 3] = 'G';
    if (delivery.twice) queue({iso::frame(payload->view()), delivery.slow, false});
    queue({iso::frame(payload->view()), delivery.slow, last});
}

void Session::queue(Outgoing outgoing) {
    if (closed_) return;
    if (out_.size() >= queue_max) return close();
    out_.push_back(std::move(outgoing));
    if (out_.size() == 1) write_next();
}

void Session::write_next() {
    const auto self = shared_from_this();
    const Outgoing& front = out_.front();
    const std::string_view rest = front.bytes.view().substr(written_);
    const std::size_t count = front.slow ? 1 : rest.size();
    write_timer_.expires_after(write_max);
    write_timer_.async_wait([self](boost::system::error_code cancelled) {
        if (!cancelled) self->close();
    });
    asio::async_write(stream_, asio::buffer(rest.data(), count),
                      [self](boost::system::error_code failed, std::size_t written) {
                          self->write_timer_.cancel();
                          if (failed || self->closed_) return self->close();
                          self->written_ += written;
                          const bool done = self->written_ == self->out_.front().bytes.size();
                          if (done && self->out_.front().last) return self->close();
                          if (done) {
                              self->out_.pop_front();
                              self->written_ = 0;
                              if (!self->out_.empty()) self->write_next();
                              return;
                          }
                          self->slow_timer_.expires_after(slow_pause);
                          self->slow_timer_.async_wait([self](boost::system::error_code cancelled) {
                              if (!cancelled && !self->closed_) self->write_next();
                          });
                      });
}

}  // namespace simulator
