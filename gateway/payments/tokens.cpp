// Making tokens of cards, and what requests make of tokens.
#include "gateway/store/tokens.h"

#include "gateway/customers/customer.h"
#include "gateway/payments/impl.h"
#include "gateway/store/payments.h"

namespace gateway {
namespace {

constexpr std::string_view cvc_param = "payment_method_options[card][cvc_token]";

// What the request says of the holder goes before what the token says.
void complete(BillingDetails& details, const BillingDetails& holder) {
    if (!details.name) details.name = holder.name;
    if (!details.address) details.address = holder.address;
}

template <class T>
void take_over(Change<T>& given, const std::optional<T>& of_token) {
    if (!given && of_token) given.emplace(of_token);
}

// The options of a token hold nothing else.
std::optional<std::string> cvc_token_of(const ConfirmationToken& token) {
    const auto* card = token.payment_method_options.if_contains("card");
    const auto* code = card && card->is_object() ? card->get_object().if_contains("cvc_token") : nullptr;
    if (!code || !code->is_string()) return std::nullopt;
    return std::string{code->get_string()};
}

// What every confirmation has.
template <class Confirm>
void complete_any(Confirm& input, const ConfirmationToken& token) {
    if (!input.return_url) input.return_url = token.return_url;
    if (!input.cvc_token) input.cvc_token = cvc_token_of(token);
    if (token.mandate_data && !input.echoed.contains("mandate_data"))
        input.echoed["mandate_data"] = *token.mandate_data;
}

void complete(ConfirmIntent& input, const ConfirmationToken& token) {
    complete_any(input, token);
    take_over(input.setup_future_usage, token.setup_future_usage);
    take_over(input.shipping, token.shipping);
    input.use_stripe_sdk = input.use_stripe_sdk || token.use_stripe_sdk;
}

// A set-up has a usage of its own, and nothing to ship.
void complete(ConfirmSetup& input, const ConfirmationToken& token) {
    complete_any(input, token);
}

Token token_of(TokenType type, const Call& call, std::int64_t now_ms) {
    Token token;
    token.id = common::new_id("tok_", call.scope.account);
    token.scope = call.scope;
    set_time(token, now_ms);
    token.type = type;
    token.client_ip = call.client_address;
    return token;
}

}  // namespace

// — use —

common::Status PaymentService::Impl::redeem(Transaction& tx, const Call& call, Prepared& prepared) const {
    if (!prepared.data) return {};
    const auto& data = *prepared.data;
    auto token = tokens::require_usable(tx, call.scope, *data.token, TokenType::card, data.token_param,
                                        now_ms() / 1000);
    if (!token) return Fail{token.error()};
    prepared.method = method_of(token->card->details, call, data, now_ms());
    prepared.method->made_of = token->id;
    complete(prepared.method->billing_details, token->card->holder);
    return {};
}

template <class Confirm>
common::Status PaymentService::Impl::bring(Transaction& tx, const Call& call, Prepared& prepared,
                                           Confirm& input) const {
    if (auto fine = redeem(tx, call, prepared); !fine) return fine;
    const auto now = now_ms() / 1000;
    if (input.confirmation_token) {
        auto token = tokens::require_confirmable(tx, call.scope, *input.confirmation_token, now);
        if (!token) return Fail{token.error()};
        complete(input, *token);
        if (!prepared.method && !input.payment_method && token->payment_method)
            input.payment_method = token->payment_method;
        if (!prepared.method && !input.payment_method) {
            prepared.method = token->method;
            prepared.method->id = common::new_id("pm_", call.scope.account);
            prepared.method->scope = call.scope;
            set_time(*prepared.method, now_ms());
        }
        prepared.confirmation = *std::move(token);
    }
    if (input.cvc_token) {
        auto code =
            tokens::require_usable(tx, call.scope, *input.cvc_token, TokenType::cvc_update, cvc_param, now);
        if (!code) return Fail{code.error()};
        prepared.code = *std::move(code);
    }
    return {};
}

template common::Status PaymentService::Impl::bring(Transaction&, const Call&, Prepared&,
                                                    ConfirmIntent&) const;
template common::Status PaymentService::Impl::bring(Transaction&, const Call&, Prepared&,
                                                    ConfirmSetup&) const;

void PaymentService::Impl::insert_new(Transaction& tx, const PaymentMethod& method) {
    store::insert(tx, method);
    if (!method.made_of.empty()) tokens::use_up(tx, method.scope, method.made_of);
}

void PaymentService::Impl::give_code(PaymentMethod& method, const Prepared& prepared) {
    if (prepared.code) method.card.cvc_handle = prepared.code->cvc_handle;
}

void PaymentService::Impl::take(Transaction& tx, const PaymentMethod& method, const Prepared& prepared,
                                const std::string& intent) {
    if (prepared.method)
        insert_new(tx, method);
    else if (prepared.code)
        store::update(tx, method);
    if (prepared.confirmation) tokens::use_up(tx, *prepared.confirmation, intent);
    if (prepared.code) tokens::use_up(tx, method.scope, prepared.code->id);
}

boost::json::array tokens_of(const Prepared& prepared) {
    boost::json::array ids;
    if (prepared.method && !prepared.method->made_of.empty()) ids.emplace_back(prepared.method->made_of);
    if (prepared.confirmation) ids.emplace_back(prepared.confirmation->id);
    if (prepared.code) ids.emplace_back(prepared.code->id);
    return ids;
}

void PaymentService::Impl::give_tokens_back(Transaction& tx, const AcquirerRequest& request) {
    const auto* used = request.detail.if_contains("tokens");
    if (used == nullptr) return;
    for (const auto& id : used->as_array())
        tokens::give_back(tx, request.scope, std::string{id.as_string()});
}

// — making —

Task<StoredResponse> PaymentService::create_token(Call call, NewToken input) {
    auto* self = impl_.get();
    Prepared prepared;
    std::string cvc_handle;
    const bool has_cvc = !input.card.cvc.empty();
    if (input.type == TokenType::cvc_update) {
        auto used = co_await self->used_before(call);
        if (!used) co_return Fail{used.error()};
        if (*used) co_return **std::move(used);
        vault::NewSecurityCode code{call.scope.account, call.scope.livemode, std::move(input.card.cvc)};
        auto held = co_await self->vault->hold_security_code(std::move(code), call.deadline);
        if (!held && !is_final(held.error())) co_return Fail{held.error()};
        if (held)
            cvc_handle = held->handle;
        else
            prepared.refused = held.error();
    } else {
        std::optional<NewPaymentMethod> data{std::move(input.card)};
        auto made = co_await self->prepare(call, std::nullopt, std::move(data));
        if (!made) co_return Fail{made.error()};
        if (made->response) co_return *made->response;
        prepared = *std::move(made);
    }

    auto job = [self, &call, &input, &prepared, &cvc_handle, has_cvc](Transaction& tx) -> Result<Step> {
        if (prepared.refused) return self->refuse(tx, call, *prepared.refused, nullptr);
        if (input.customer)
            if (auto found = customers::require(tx, call.scope, *input.customer, "customer"); !found)
                return self->refuse(tx, call, found.error(), nullptr);
        auto token = token_of(input.type, call, self->now_ms());
        token.cvc_handle = cvc_handle;
        if (prepared.method)
            token.card = TokenCard{common::new_id("card_", call.scope.account),
                                   prepared.method->card,
                                   prepared.method->billing_details,
                                   input.currency,
                                   input.customer,
                                   has_cvc};
        store::insert(tx, token);
        return self->respond(tx, call, self->show(tx, &token, call));
    };
    co_return co_await self->serve(call, "", std::move(job));
}

Task<StoredResponse> PaymentService::create_confirmation_token(Call call, NewConfirmationToken input) {
    auto* self = impl_.get();
    auto data = std::exchange(input.payment_method_data, std::nullopt);
    auto prepared = co_await self->prepare(call, input.token.payment_method, std::move(data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;

    auto job = [self, &call, &input, &prepared](Transaction& tx) -> Result<Step> {
        const auto refuse = [&](const common::Error& error) {
            return self->refuse(tx, call, error, nullptr);
        };
        if (prepared->refused) return refuse(*prepared->refused);
        if (auto fine = self->redeem(tx, call, *prepared); !fine) return refuse(fine.error());
        auto token = input.token;
        if (prepared->method) {
            token.method = *prepared->method;
            token.payment_method.reset();
        } else if (token.payment_method) {
            auto found =
                store::require<PaymentMethod>(tx, call.scope, *token.payment_method, "payment_method");
            if (!found) return refuse(found.error());
            token.method = *std::move(found);
        }
        if (prepared->data) tokens::use_up(tx, call.scope, token.method.made_of);
        token.method.made_of.clear();
        token.id = common::new_id("ctoken_", call.scope.account);
        token.scope = call.scope;
        set_time(token, self->now_ms());
        store::insert(tx, token);
        return self->respond(tx, call, self->show(tx, &token, call));
    };
    co_return co_await self->serve(call, "", std::move(job));
}

}  // namespace gateway
