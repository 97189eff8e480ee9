#include "gateway/simulator/control.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "common/runtime.h"

namespace simulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using common::Error;
using common::Fail;
using common::Safe;

constexpr std::size_t listed_max = 1000;
constexpr std::size_t connections_max = 32;
constexpr auto exchange_max = std::chrono::seconds{10};

json::object transaction_json(const Transaction& entry) {
    const bool payment = entry.kind == Kind::authorization || entry.kind == Kind::sale;
    json::object object{{"id", entry.id},
                        {"kind", to_string(entry.kind)},
                        {"state", to_string(entry.state)},
                        {"reference", entry.reference},
                        {"card", entry.card},
                        {"last4", entry.last4},
                        {"currency", entry.currency},
                        {"response", entry.response},
                        {"auth_code", entry.auth_code},
                        {"settlement_date", entry.date},
                        {"amount", entry.amount},
                        {"requested", entry.requested},
                        {"reversed", entry.state == State::reversed}};
    if (payment) {
        object["held"] = entry.held;
        object["captured"] = entry.captured;
        object["refunded"] = entry.refunded;
    }
    if (!entry.target.empty()) object["target"] = entry.target;
    return object;
}

json::object cards_json(const Ledger& ledger) {
    json::array list;
    json::object* last = nullptr;
    std::string card;
    std::unordered_map<std::string, std::string> last4;
    for (const auto& [id, entry] : ledger.transactions())
        last4[entry.card] = entry.last4;
    for (const auto& [key, position] : ledger.positions()) {
        if (last == nullptr || card != key.first) {
            card = key.first;
            list.push_back(json::object{{"card", card},
                                        {"last4", last4[card]},
                                        {"balance", ledger.balance(card)},
                                        {"currencies", json::object{}}});
            last = &list.back().as_object();
        }
        last->at("currencies").as_object()[key.second] =
            json::object{{"available", ledger.available(key.first, key.second)},
                         {"held", position.held},
                         {"posted", position.posted}};
    }
    return {{"data", std::move(list)}};
}

json::object transactions_json(const Ledger& ledger, std::string_view reference) {
    std::vector<const Transaction*> found;
    for (const auto& [id, entry] : ledger.transactions())
        if (reference.empty() || entry.reference == reference) found.push_back(&entry);
    // Latest first, by time sent and STAN.
    std::ranges::sort(found, [](const Transaction* a, const Transaction* b) {
        return std::pair{a->id.substr(10, 10), a->id} > std::pair{b->id.substr(10, 10), b->id};
    });
    json::array list;
    for (const auto* entry : found)
        if (list.size() < listed_max) list.push_back(transaction_json(*entry));
    return {{"data", std::move(list)}, {"has_more", found.size() > listed_max}};
}

json::object totals_json(const Ledger& ledger) {
    std::map<std::string, Position> sums;
    for (const auto& [key, position] : ledger.positions()) {
        sums[key.second].held += position.held;
        sums[key.second].posted += position.posted;
    }
    json::object currencies, counts;
    for (const auto& [currency, sum] : sums)
        currencies[currency] = json::object{{"held", sum.held}, {"posted", sum.posted}};
    std::map<std::string, std::int64_t> kinds;
    for (const auto& [id, entry] : ledger.transactions())
        ++kinds[std::string{to_string(entry.kind)} + "_" + std::string{to_string(entry.state)}];
    for (const auto& [kind, count] : kinds)
        counts[kind] = count;
    return {{"currencies", std::move(currencies)}, {"counts", std::move(counts)}};
}

ControlAnswer error_answer(int status, std::string_view message) {
    return {status, json::serialize(json::object{{"error", json::object{{"message", message}}}})};
}

}  // namespace

ControlAnswer control_answer(const Ledger& ledger, std::string_view method, std::string_view target) {
    if (method != "GET") return error_answer(405, "This interface only answers GET.");
    constexpr std::string_view list = "/authorizations";
    if (target == "/healthz" || target == "/readyz") return {200, R"({"status":"ok"})"};
    if (target == "/cards") return {200, json::serialize(cards_json(ledger))};
    if (target == "/totals") return {200, json::serialize(totals_json(ledger))};
    if (target == list) return {200, json::serialize(transactions_json(ledger, ""))};
    if (target.starts_with(list) && target.size() > list.size() + 1 && target[list.size()] == '/') {
        auto found = transactions_json(ledger, target.substr(list.size() + 1));
        if (found.at("data").as_array().empty())
            return error_answer(404, "Nothing has this retrieval reference.");
        return {200, json::serialize(found)};
    }
    return error_answer(404, "There is /cards, /authorizations, /authorizations/{reference} and /totals.");
}

struct Control::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& context, const Ledger& books) : io{context}, ledger{books}, acceptor{context} {}

    asio::awaitable<void> accept() {
        const auto self = shared_from_this();
        while (acceptor.is_open()) {
            auto [failed, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
            if (failed) {
                asio::steady_timer pause{io, std::chrono::milliseconds{100}};
                if (acceptor.is_open()) (void)co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
                continue;
            }
            if (open < connections_max)
                asio::co_spawn(io, serve(std::move(socket)), common::log_exceptions("control"));
        }
    }

    asio::awaitable<void> serve(tcp::socket socket) {
        const auto self = shared_from_this();
        ++open;
        beast::tcp_stream stream{std::move(socket)};
        beast::flat_buffer buffer;
        for (bool more = true; more && acceptor.is_open();) {
            stream.expires_after(exchange_max);
            http::request_parser<http::empty_body> parser;
            parser.header_limit(8192);
            const auto [failed, size] =
                co_await http::async_read(stream, buffer, parser, asio::as_tuple(asio::use_awaitable));
            if (failed) break;
            const auto& request = parser.get();
            const auto answer = control_answer(ledger, request.method_string(), request.target());
            http::response<http::string_body> response{static_cast<http::status>(answer.status),
                                                       request.version()};
            response.set(http::field::content_type, "application/json");
            response.keep_alive(request.keep_alive());
            response.body() = answer.body;
            response.prepare_payload();
            const auto [unsent, sent] =
                co_await http::async_write(stream, response, asio::as_tuple(asio::use_awaitable));
            more = !unsent && request.keep_alive();
        }
        --open;
    }

    asio::io_context& io;
    const Ledger& ledger;
    tcp::acceptor acceptor;
    std::size_t open = 0;
};

Control::Control(asio::io_context& io, const Ledger& ledger) : impl_{std::make_shared<Impl>(io, ledger)} {}
Control::~Control() {
    stop();
}

common::Result<unsigned short> Control::start(unsigned short port) {
    boost::system::error_code failed;
    const tcp::endpoint endpoint{asio::ip::address_v4::loopback(), port};
    auto& acceptor = impl_->acceptor;
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.set_option(tcp::acceptor::reuse_address{true}, failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) return Fail{Error::internal("cannot listen on control port {}", {Safe::number(port)})};
    asio::co_spawn(impl_->io, impl_->accept(), common::log_exceptions("control accept"));
    return acceptor.local_endpoint().port();
}

void Control::stop() {
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
}

}  // namespace simulator
