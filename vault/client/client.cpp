#include "vault/client/client.h"

#include "common/form.h"
#include "common/json.h"
#include "vault/client/wire.h"

namespace vault {

using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::SecretText;
using common::Task;
namespace http = common::http;
namespace json = boost::json;

struct Client::Impl {
    http::Client http;

    Impl(boost::asio::io_context& io, http::ClientOptions options, http::TlsSource tls,
         common::Metrics& metrics)
        : http{io, std::move(options), std::move(tls), metrics} {}

    // One call and its answer of status 200. Repeats are harmless: a request id never sends twice, and a card
    // stored twice is a token that nobody knows.
    Task<http::Response> send(http::Method method, std::string target, SecretText body, Deadline deadline) {
        http::ClientRequest request;
        request.method = method;
        request.target = std::move(target);
        request.body = std::move(body);
        request.idempotent = true;
        auto answer = co_await http.send(std::move(request), deadline);
        if (answer && answer->status != 200) co_return Fail{wire::error_of(answer->status, answer->body)};
        co_return answer;
    }

    Task<json::object> call(http::Method method, std::string target, SecretText body, Deadline deadline) {
        const auto answer = co_await send(method, std::move(target), std::move(body), deadline);
        if (!answer) co_return Fail{answer.error()};
        auto parsed = common::json::parse(answer->body);
        if (!parsed || !parsed->is_object()) co_return Fail{no_object()};
        co_return std::move(parsed->as_object());
    }

    // The same for an answer with a secret, which does not stay in memory.
    Task<json::value> secret_call(http::Method method, std::string target, SecretText body,
                                  Deadline deadline) {
        auto answer = co_await send(method, std::move(target), std::move(body), deadline);
        if (!answer) co_return Fail{answer.error()};
        auto parsed = common::json::parse(answer->body, common::json::wiping_storage());
        common::wipe(answer->body.data(), answer->body.size());
        if (!parsed || !parsed->is_object()) co_return Fail{no_object()};
        co_return parsed;
    }

    static Error no_object() {
        return Error::internal("the vault's answer is not a JSON object").with_cause(Cause::outcome_unknown);
    }

    Task<Exchange> exchange(http::Method method, std::string target, SecretText body, Deadline deadline) {
        const auto answer = co_await call(method, std::move(target), std::move(body), deadline);
        if (!answer) co_return Fail{answer.error()};
        auto exchange = wire::exchange(*answer);
        if (!exchange)
            co_return Fail{
                Error::internal("the vault's answer has an unknown form").with_cause(Cause::outcome_unknown)};
        co_return exchange;
    }
};

namespace {

SecretText body_of(json::object object) {
    return common::json::serialize_secret(json::value(std::move(object)));
}

std::string path_of(const std::string& token) {
    return "/cards/" + common::form::percent_encode(token);
}

std::string query_of(common::AccountId account) {
    return "?account=" + common::base62_of(account);
}

template <class T>
Result<T> read(Result<T> answer) {
    if (!answer) return Fail{Error::internal("the vault's answer has an unknown form")};
    return answer;
}

}  // namespace

bool Exchange::approved() const {
    constexpr std::array approvals{"00", "08", "10", "11", "85"};
    if (state != State::answered) return false;
    if (kind == Kind::capture && response_code == "94") return true;  // the host has it already
    return std::any_of(approvals.begin(), approvals.end(),
                       [&](const char* code) { return response_code == code; });
}

Client::Client(boost::asio::io_context& io, http::ClientOptions options, http::TlsSource tls,
               common::Metrics& metrics)
    : impl_{std::make_unique<Impl>(io, std::move(options), std::move(tls), metrics)} {}
Client::~Client() = default;

Task<Card> Client::create_card(NewCard card, Deadline deadline) {
    auto body = wire::to_json(card);
    const auto answer = co_await impl_->call(http::Method::post, "/cards", std::move(body), deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return read(wire::card(*answer));
}

Task<Card> Client::find_card(common::AccountId account, std::string token, Deadline deadline) {
    const auto answer =
        co_await impl_->call(http::Method::get, path_of(token) + query_of(account), SecretText{}, deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return read(wire::card(*answer));
}

Task<Card> Client::update_card(CardUpdate change, Deadline deadline) {
    auto body = body_of(wire::to_json(change));
    const auto answer =
        co_await impl_->call(http::Method::post, path_of(change.token), std::move(body), deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return read(wire::card(*answer));
}

Task<bool> Client::erase_card(common::AccountId account, std::string token, Deadline deadline) {
    const auto answer =
        co_await impl_->call(http::Method::del, path_of(token) + query_of(account), SecretText{}, deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return true;
}

Task<CardList> Client::search_cards(CardSearch search, Deadline deadline) {
    const auto answer =
        co_await impl_->call(http::Method::get, "/cards?" + wire::query_of(search), SecretText{}, deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return read(wire::card_list(*answer));
}

Task<SecurityCode> Client::hold_security_code(NewSecurityCode code, Deadline deadline) {
    auto body = wire::to_json(code);
    const auto answer =
        co_await impl_->call(http::Method::post, "/security_codes", std::move(body), deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return read(wire::security_code(*answer));
}

Task<Exchange> Client::authorize(AuthorizationRequest request, Deadline deadline) {
    auto body = body_of(wire::to_json(request));
    co_return co_await impl_->exchange(http::Method::post, "/authorizations", std::move(body), deadline);
}

Task<Exchange> Client::capture(CaptureRequest request, Deadline deadline) {
    auto body = body_of(wire::to_json(request));
    co_return co_await impl_->exchange(http::Method::post, "/captures", std::move(body), deadline);
}

Task<Exchange> Client::reverse(ReversalRequest request, Deadline deadline) {
    auto body = body_of(wire::to_json(request));
    co_return co_await impl_->exchange(http::Method::post, "/reversals", std::move(body), deadline);
}

Task<Exchange> Client::refund(RefundRequest request, Deadline deadline) {
    auto body = body_of(wire::to_json(request));
    co_return co_await impl_->exchange(http::Method::post, "/refunds", std::move(body), deadline);
}

Task<Exchange> Client::find_exchange(common::AccountId account, std::string request_id, Deadline deadline) {
    auto target =
        "/exchanges/" + common::form::percent_encode(request_id) + "?account=" + common::base62_of(account);
    co_return co_await impl_->exchange(http::Method::get, std::move(target), SecretText{}, deadline);
}

Task<DataKey> Client::create_data_key(DataKeyScope scope, Deadline deadline) {
    auto body = body_of(wire::to_json(scope));
    const auto answer =
        co_await impl_->secret_call(http::Method::post, "/data-keys", std::move(body), deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return read(wire::data_key(answer->get_object()));
}

Task<common::SecretBytes> Client::open_data_key(DataKeyScope scope, SealedDataKey key, Deadline deadline) {
    auto body = body_of(wire::to_json(wire::DataKeyOpening{std::move(scope), std::move(key)}));
    const auto answer =
        co_await impl_->secret_call(http::Method::post, "/data-keys/open", std::move(body), deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return read(wire::data_key_bytes(answer->get_object()));
}

Task<bool> Client::healthy(Deadline deadline) {
    const auto answer = co_await impl_->call(http::Method::get, "/healthz", SecretText{}, deadline);
    if (!answer) co_return Fail{answer.error()};
    co_return true;
}

}  // namespace vault
