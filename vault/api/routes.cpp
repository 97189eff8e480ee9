#include "vault/api/routes.h"

#include "common/crypto.h"
#include "common/form.h"
#include "common/json.h"
#include "common/log.h"
#include "vault/api/bulk_stream.h"
#include "vault/api/translate.h"
#include "vault/client/wire.h"

namespace vault::api {

namespace http = common::http;
namespace json = boost::json;
using common::AccountId;
using common::Cause;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using http::Method;
using http::Response;

struct Api::Call {
    http::Request& request;
    std::string segment;  // what "{}" of the pattern stands for
};

namespace {

// Everyone with a certificate of the trust domain may look at the health; cards and money are the gateway's.
enum class Role : std::uint8_t { any_peer, gateway };

struct Route {
    Method method;
    std::string_view pattern;  // "{}" is one segment, at the end
    Role role;
    Api::Answer (Api::*handler)(Api::Call&);  // nullptr: a stream
};

constexpr Route routes[] = {
    {Method::post, "/cards", Role::gateway, &Api::create_card},
    {Method::get, "/cards", Role::gateway, &Api::search_cards},
    {Method::get, "/cards/{}", Role::gateway, &Api::get_card},
    {Method::post, "/cards/{}", Role::gateway, &Api::update_card},
    {Method::del, "/cards/{}", Role::gateway, &Api::erase_card},
    {Method::post, "/bulk/{}", Role::gateway, nullptr},
    {Method::post, "/security_codes", Role::gateway, &Api::hold_security_code},
    {Method::post, "/authorizations", Role::gateway, &Api::authorize},
    {Method::post, "/captures", Role::gateway, &Api::capture},
    {Method::post, "/reversals", Role::gateway, &Api::reverse},
    {Method::post, "/refunds", Role::gateway, &Api::refund},
    {Method::get, "/exchanges/{}", Role::gateway, &Api::get_exchange},
    {Method::post, "/data-keys", Role::gateway, &Api::create_data_key},
    {Method::post, "/data-keys/open", Role::gateway, &Api::open_data_key},
    {Method::get, "/healthz", Role::any_peer, &Api::healthz},
    {Method::get, "/readyz", Role::any_peer, &Api::readyz},
};

constexpr std::chrono::milliseconds refusal_max{2000};  // until a refused caller is answered at the latest

audit::Caller caller_of(const http::Request& request) {
    return {request.peer_identity, request.peer_address, request.request_id};
}

bool matches(std::string_view pattern, std::string_view path) {
    if (!pattern.ends_with("{}")) return pattern == path;
    const auto start = pattern.substr(0, pattern.size() - 2);
    if (!path.starts_with(start)) return false;
    const auto segment = path.substr(start.size());
    return !segment.empty() && segment.find('/') == std::string_view::npos;
}

// For the answer to another method.
std::string methods_of(std::string_view pattern) {
    std::string methods;
    for (const auto& route : routes)
        if (route.pattern == pattern)
            methods += (methods.empty() ? "" : ", ") + std::string{http::to_string(route.method)};
    return methods;
}

Response json_answer(int status, const json::object& object) {
    return http::json_response(status, json::serialize(object));
}

// The server wipes the body when it was sent.
Response secret_answer(const common::SecretText& body) {
    return http::json_response(200, std::string{body.view()});
}

Response refusal(const Error& error, std::string_view request_id) {
    if (error.status() >= 500) common::log::failure("request failed", error, request_id);
    // The client must not take "may have happened" for "did not happen".
    if (error.cause() == Cause::outcome_unknown) {
        auto marked = Error{error}.with_field("cause", "outcome_unknown");
        return http::error_response(marked);
    }
    return http::error_response(error);
}

// Bodies may hold a card number, so the document lives in wiping memory.
Result<json::value> body_of(const http::Request& request) {
    if (!request.headers.find("Content-Type").starts_with("application/json"))
        return Fail{Error{415, ErrorType::invalid_request, "", "The body must be application/json."}};
    if (!request.query.empty())
        return Fail{Error::invalid("parameter_unknown", "", "This route takes no query parameters.")};
    auto parsed = common::json::parse(request.body.view(), common::json::wiping_storage());
    if (!parsed) return parsed;
    if (!parsed->is_object())
        return Fail{Error{400, ErrorType::invalid_request, "", "The body must be a JSON object."}};
    return parsed;
}

// "account=…" is all that a query may hold.
Result<AccountId> account_of_query(const http::Request& request) {
    const auto query = common::form::decode(request.query);
    if (!query) return Fail{query.error()};
    for (const auto& [name, value] : query->members())
        if (name != "account")
            return Fail{Error::invalid("parameter_unknown", name, "Received unknown parameter: {}",
                                       {Safe::param(name)})};
    const auto* account = query->find("account");
    if (!account)
        return Fail{Error::invalid("parameter_missing", "account", "Missing required param: account.")};
    const auto id = account->is_text() ? common::account_of_base62(account->text()) : std::nullopt;
    if (!id)
        return Fail{Error::invalid("parameter_invalid", "account",
                                   "account must be the eight characters of an account.")};
    return *id;
}

constexpr int bulks_max = 2;

struct Counted {
    explicit Counted(std::atomic<int>& all) : count{all}, number{++all} {}
    ~Counted() { --count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    std::atomic<int>& count;
    const int number;
};

std::string_view word(bool usable) {
    return usable ? "ok" : "unavailable";
}

}  // namespace

struct Api::Found {
    const Route* route = nullptr;
    const Route* same_path = nullptr;  // of another method
    std::string segment;               // what "{}" of the pattern stands for
};

Api::Found Api::find(Method method, std::string_view path) {
    Found found;
    for (const auto& route : routes) {
        if (!matches(route.pattern, path)) continue;
        found.same_path = &route;
        if (route.method == method) found.route = &route;
        if (route.pattern.ends_with("{}"))
            found.segment = common::form::percent_decode_segment(path.substr(route.pattern.size() - 2));
    }
    return found;
}

Api::Api(Parts parts) : parts_{std::move(parts)} {
    domain_prefix_ = "spiffe://" + parts_.trust_domain + '/';
    gateway_identity_ = domain_prefix_ + "gateway";
}

std::string Api::route_label(Method method, std::string_view path) {
    const auto found = find(method, path);
    return found.route ? std::string{found.route->pattern} : "unknown";
}

// The path stays out of it: it may hold anything. A log that cannot be written lets nobody in either.
boost::asio::awaitable<void> Api::record_refusal(const http::Request& request) {
    audit::Entry entry{
        request.peer_identity.empty() ? "unknown" : request.peer_identity,
        "api.call",
        std::string{http::to_string(request.method)} + ' ' + route_label(request.method, request.path),
        request.peer_address,
        audit::Outcome::refused,
        request.request_id};
    const auto recorded =
        co_await parts_.trail.record(std::move(entry), request.deadline.at_most(refusal_max));
    if (!recorded) common::log::failure("refusal not recorded", recorded.error(), request.request_id);
}

// Nothing: the route may be called.
boost::asio::awaitable<std::optional<Response>> Api::refuse(const http::Request& request,
                                                            const Found& found) {
    const auto& identity = request.peer_identity;
    const bool is_peer = identity.starts_with(domain_prefix_) && identity.size() > domain_prefix_.size();
    // Whoever may not call a route does not learn which ones there are.
    const auto* known = found.route ? found.route : found.same_path;
    if (!is_peer || (identity != gateway_identity_ && (!known || known->role == Role::gateway))) {
        common::log::warning("caller refused",
                             {{"identity", Safe::param(identity)}, {"path", Safe::param(request.path)}});
        co_await record_refusal(request);
        co_return refusal(
            Error{403, ErrorType::invalid_request, "", "This identity may not make this request."},
            request.request_id);
    }
    if (!known)
        co_return refusal(Error{404,
                                ErrorType::invalid_request,
                                "",
                                "Unrecognized request URL ({}: {}).",
                                {Safe::param(http::to_string(request.method)), Safe::param(request.path)}},
                          request.request_id);
    if (!found.route) {
        auto answer = refusal(Error{405,
                                    ErrorType::invalid_request,
                                    "",
                                    "This path does not take method {}.",
                                    {Safe::param(http::to_string(request.method))}},
                              request.request_id);
        answer.headers.set("Allow", methods_of(known->pattern));
        co_return answer;
    }
    co_return std::nullopt;
}

boost::asio::awaitable<Response> Api::handle(http::Request& request) {
    const auto found = find(request.method, request.path);
    if (auto refused = co_await refuse(request, found)) co_return std::move(*refused);
    Call call{request, found.segment};
    auto answer = co_await (this->*found.route->handler)(call);
    if (!answer) co_return refusal(answer.error(), request.request_id);
    co_return std::move(*answer);
}

bool Api::streams(Method method, std::string_view path) {
    const auto found = find(method, path);
    return found.route && found.route->handler == nullptr;
}

boost::asio::awaitable<Result<std::optional<Response>>> Api::handle_stream(http::Request& request,
                                                                           http::BodyStream& stream) {
    const auto found = find(request.method, request.path);
    if (auto refused = co_await refuse(request, found)) co_return refused;
    if (!request.headers.find("Content-Type").starts_with("application/x-ndjson"))
        co_return refusal(
            Error{415, ErrorType::invalid_request, "", "The body must be application/x-ndjson."},
            request.request_id);
    const auto query = wire::bulk_query(request.query);
    if (!query) co_return refusal(query.error(), request.request_id);
    BulkStream bulk{
        parts_.bulk, stream, *query, {query->account, query->livemode, found.segment, caller_of(request)}};
    if (const auto good = bulk.check(); !good) co_return refusal(good.error(), request.request_id);
    // Each has two chunks in hand, and each chunk a connection to the database that others need too.
    const Counted counted{bulks_};
    if (counted.number > bulks_max)
        co_return refusal(Error::unavailable("too many bulks at a time", Cause::overloaded),
                          request.request_id);
    auto done = co_await bulk.run();
    if (!done) co_return Fail{std::move(done).error()};
    co_return std::nullopt;
}

Api::Answer Api::create_card(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto card = wire::new_card(body->get_object());
    if (!card) co_return Fail{card.error()};
    auto input = input_of(std::move(*card));
    input.caller = caller_of(call.request);
    const auto stored = co_await parts_.cards.store(std::move(input), call.request.deadline);
    if (!stored) co_return Fail{stored.error()};
    co_return json_answer(200, wire::to_json(card_of(stored->facts, stored->cvc_handle)));
}

Api::Answer Api::hold_security_code(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    const auto code = wire::new_security_code(body->get_object());
    if (!code) co_return Fail{code.error()};
    auto handle = parts_.cards.hold_code(code->account, code->livemode, code->code);
    if (!handle) co_return Fail{handle.error()};
    co_return json_answer(200, wire::to_json(SecurityCode{*std::move(handle)}));
}

Api::Answer Api::get_card(Call& call) {
    const auto account = account_of_query(call.request);
    if (!account) co_return Fail{account.error()};
    auto facts = co_await parts_.cards.facts(*account, call.segment, call.request.deadline);
    if (!facts) co_return Fail{facts.error()};
    co_return json_answer(200, wire::to_json(card_of(*facts)));
}

Api::Answer Api::search_cards(Call& call) {
    auto search = wire::card_search(call.request.query);
    if (!search) co_return Fail{search.error()};
    const auto page = co_await parts_.keeping.search(search_of(std::move(*search)), call.request.deadline);
    if (!page) co_return Fail{page.error()};
    CardList list;
    for (const auto& facts : page->cards)
        list.cards.push_back(card_of(facts));
    list.next = page->next;
    co_return json_answer(200, wire::to_json(list));
}

Api::Answer Api::update_card(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto change = wire::card_update(body->get_object(), call.segment);
    if (!change) co_return Fail{change.error()};
    cards::CardUpdate update{change->account,  std::move(change->token),    change->exp_month,
                             change->exp_year, std::move(change->metadata), caller_of(call.request)};
    const auto facts = co_await parts_.keeping.update(std::move(update), call.request.deadline);
    if (!facts) co_return Fail{facts.error()};
    co_return json_answer(200, wire::to_json(card_of(*facts)));
}

Api::Answer Api::erase_card(Call& call) {
    const auto account = account_of_query(call.request);
    if (!account) co_return Fail{account.error()};
    const auto erased =
        co_await parts_.keeping.erase(*account, call.segment, caller_of(call.request), call.request.deadline);
    if (!erased) co_return Fail{erased.error()};
    co_return json_answer(200, {{"token", call.segment}, {"erased", true}});
}

Api::Answer Api::authorize(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto request = wire::authorization(body->get_object());
    if (!request) co_return Fail{request.error()};
    const auto exchange = co_await parts_.exchanges.authorize(std::move(*request), caller_of(call.request),
                                                              call.request.deadline);
    if (!exchange) co_return Fail{exchange.error()};
    co_return json_answer(200, wire::to_json(*exchange));
}

Api::Answer Api::capture(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto request = wire::capture(body->get_object());
    if (!request) co_return Fail{request.error()};
    const auto exchange = co_await parts_.exchanges.capture(std::move(*request), call.request.deadline);
    if (!exchange) co_return Fail{exchange.error()};
    co_return json_answer(200, wire::to_json(*exchange));
}

Api::Answer Api::reverse(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto request = wire::reversal(body->get_object());
    if (!request) co_return Fail{request.error()};
    const auto exchange = co_await parts_.exchanges.reverse(std::move(*request), call.request.deadline);
    if (!exchange) co_return Fail{exchange.error()};
    co_return json_answer(200, wire::to_json(*exchange));
}

Api::Answer Api::refund(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto request = wire::refund(body->get_object());
    if (!request) co_return Fail{request.error()};
    const auto exchange =
        co_await parts_.exchanges.refund(std::move(*request), caller_of(call.request), call.request.deadline);
    if (!exchange) co_return Fail{exchange.error()};
    co_return json_answer(200, wire::to_json(*exchange));
}

Api::Answer Api::get_exchange(Call& call) {
    const auto account = account_of_query(call.request);
    if (!account) co_return Fail{account.error()};
    if (call.segment.size() > wire::text_size_max)
        co_return Fail{Error::invalid("parameter_invalid", "id", "The id is too long.")};
    const auto exchange = co_await parts_.exchanges.find(*account, call.segment, call.request.deadline);
    if (!exchange) co_return Fail{exchange.error()};
    co_return json_answer(200, wire::to_json(*exchange));
}

Api::Answer Api::create_data_key(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto scope = wire::data_key_scope(body->get_object());
    if (!scope) co_return Fail{scope.error()};
    const auto made =
        co_await parts_.data_keys.make({scope->account, scope->livemode, std::move(scope->object)},
                                       caller_of(call.request), call.request.deadline);
    if (!made) co_return Fail{made.error()};
    DataKey key{common::SecretBytes::copy_of(std::as_const(made->bytes).bytes()),
                {made->sealed.kek, common::crypto::to_base64(made->sealed.sealed)}};
    co_return secret_answer(wire::to_json(key));
}

Api::Answer Api::open_data_key(Call& call) {
    const auto body = body_of(call.request);
    if (!body) co_return Fail{body.error()};
    auto asked = wire::data_key_opening(body->get_object());
    if (!asked) co_return Fail{asked.error()};
    auto sealed = common::crypto::from_base64(asked->key.sealed);
    if (!sealed) co_return Fail{Error::invalid("parameter_invalid", "sealed", "sealed must be in base64.")};
    auto& scope = asked->scope;
    const auto bytes = co_await parts_.data_keys.open(
        {scope.account, scope.livemode, std::move(scope.object)},
        {std::move(asked->key.kek), std::move(*sealed)}, caller_of(call.request), call.request.deadline);
    if (!bytes) co_return Fail{bytes.error()};
    co_return secret_answer(wire::to_json(*bytes));
}

Api::Answer Api::healthz(Call& call) {
    constexpr std::chrono::milliseconds probe_max{3000};
    const auto report = co_await parts_.health.report(call.request.deadline.at_most(probe_max));
    if (!report) co_return Fail{report.error()};
    const bool healthy = report->hsm && report->database && report->acquirer && report->audit;
    co_return json_answer(healthy ? 200 : 503, {{"status", word(healthy)},
                                                {"hsm", word(report->hsm)},
                                                {"database", word(report->database)},
                                                {"acquirer", word(report->acquirer)},
                                                {"audit", word(report->audit)}});
}

// Ready to take requests: cards can be stored, whatever the acquirer does.
Api::Answer Api::readyz(Call& call) {
    constexpr std::chrono::milliseconds probe_max{3000};
    const auto report = co_await parts_.health.report(call.request.deadline.at_most(probe_max));
    if (!report) co_return Fail{report.error()};
    const bool ready = report->hsm && report->database && report->audit && !report->draining;
    co_return json_answer(ready ? 200 : 503, {{"status", word(ready)}});
}

}  // namespace vault::api
