#include "gateway/tokens/tokens.h"

#include "gateway/store/tokens.h"

namespace gateway::tokens {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

constexpr std::string_view prefix = "tok_", confirmation_prefix = "ctoken_";
constexpr std::string_view confirmation_param = "confirmation_token";

Error used_already(std::string_view id, std::string_view param) {
    return Error::invalid("token_already_used", param, "You cannot use a token more than once: {}.",
                          {Safe::id(id)});
}

Error too_old(std::string_view id, std::string_view param) {
    return Error::invalid("expired_payment_method", param,
                          "The token {} has expired. Collect the details again and make a new one.",
                          {Safe::id(id)});
}

}  // namespace

bool is_template(std::string_view id, const Scope& scope) {
    return id.starts_with(prefix) && common::account_of(id, prefix) != scope.account;
}

Result<Token> require_usable(store::Transaction& tx, const Scope& scope, const std::string& id,
                             TokenType type, std::string_view param, std::int64_t now) {
    auto token = store::require_locked<Token>(tx, scope, id, param);
    if (!token) return token;
    if (token->used) return Fail{used_already(id, param)};
    if (now >= token->created + token_life_seconds) return Fail{too_old(id, param)};
    if (token->type != type)
        return Fail{Error::invalid("", param, "The token {} is of another type than is wanted here.",
                                   {Safe::id(id)})};
    return token;
}

void use_up(store::Transaction& tx, const Scope& scope, const std::string& id) {
    auto token = store::find<Token>(tx, scope, id).value();
    token.used = true;
    store::update(tx, token);
}

Result<ConfirmationToken> require_confirmable(store::Transaction& tx, const Scope& scope,
                                              const std::string& id, std::int64_t now) {
    auto token = store::require_locked<ConfirmationToken>(tx, scope, id, confirmation_param);
    if (!token) return token;
    if (token->used()) return Fail{used_already(id, confirmation_param)};
    if (now >= token->expires_at()) return Fail{too_old(id, confirmation_param)};
    return token;
}

void use_up(store::Transaction& tx, ConfirmationToken token, const std::string& intent) {
    (intent.starts_with("seti_") ? token.setup_intent : token.payment_intent) = intent;
    store::update(tx, token);
}

void give_back(store::Transaction& tx, const Scope& scope, const std::string& id) {
    if (id.starts_with(confirmation_prefix)) {
        auto token = store::lock<ConfirmationToken>(tx, scope, id).value();
        token.payment_intent.reset();
        token.setup_intent.reset();
        store::update(tx, token);
    } else {
        auto token = store::lock<Token>(tx, scope, id).value();
        token.used = false;
        store::update(tx, token);
    }
}

}  // namespace gateway::tokens
