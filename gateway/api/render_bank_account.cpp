#include "gateway/api/renderer.h"
#include "gateway/bank_accounts/bank_account.h"

namespace gateway::api {

using boost::json::object;
using boost::json::value;

object render_bank_account(const BankAccount& account, const Style& style) {
    object result{
        {"id", account.id},
        {"object", "bank_account"},
        {"account_holder_name", text_or_null(account.holder_name)},
        {"account_holder_type", text_or_null(account.holder_type)},
        {"account_type", text_or_null(account.account_type)},
        {"bank_name", text_or_null(account.bank_name)},
        {"country", account.country},
        {"currency", account.currency.code()},
        {"fingerprint", style.publishable ? value(nullptr) : value(account.fingerprint)},
        {"last4", account.last4},
        {"routing_number", text_or_null(account.routing_number)},
        {"status", "new"},
    };
    if (account.customer) result["customer"] = *account.customer;
    return result;
}

object render_external_account(const BankAccount& account, const Style& style) {
    auto result = render_bank_account(account, style);
    result["account"] = common::public_account_id(account.scope.account);
    result["available_payout_methods"] = boost::json::array{"standard", "instant"};
    result["default_for_currency"] = account.active;
    result["metadata"] = object{};
    return result;
}

}  // namespace gateway::api
