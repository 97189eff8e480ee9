#include "gateway/api/handlers.h"
#include "gateway/api/lists.h"
#include "gateway/store/bank_accounts.h"

namespace gateway::api {
namespace {

using boost::json::array;
using boost::json::object;

constexpr int external_accounts_max = 100;

object render_account(const Account& account) {
    const auto* active = account.charges_enabled ? "active" : "inactive";
    return {
        {"id", common::public_account_id(account.id)},
        {"object", "account"},
        {"business_profile", object{{"annual_revenue", nullptr},
                                    {"estimated_worker_count", nullptr},
                                    {"mcc", text_or_null(std::string_view{account.identity.mcc})},
                                    {"minority_owned_business_designation", nullptr},
                                    {"name", account.name},
                                    {"specified_commercial_transactions_act_url", nullptr},
                                    {"support_address", nullptr},
                                    {"support_email", nullptr},
                                    {"support_phone", nullptr},
                                    {"support_url", nullptr},
                                    {"url", nullptr}}},
        {"business_type", nullptr},
        {"capabilities", object{{"card_payments", active}}},
        {"charges_enabled", account.charges_enabled},
        {"country", account.identity.country},
        {"created", account.created},
        {"default_currency", account.default_currency},
        {"details_submitted", account.charges_enabled},
        {"email", nullptr},
        {"metadata", object{}},
        {"payouts_enabled", account.charges_enabled && account.payouts_enabled},
        {"requirements", object{{"alternatives", array{}},
                                {"current_deadline", nullptr},
                                {"currently_due", array{}},
                                {"disabled_reason", nullptr},
                                {"errors", array{}},
                                {"eventually_due", array{}},
                                {"past_due", array{}},
                                {"pending_verification", array{}}}},
        {"settings",
         object{{"branding", object{{"icon", nullptr},
                                    {"logo", nullptr},
                                    {"primary_color", nullptr},
                                    {"secondary_color", nullptr}}},
                {"card_data", object{{"raw_allowed", account.raw_card_data_live}}},
                {"card_payments", object{{"statement_descriptor_prefix",
                                          text_or_null(std::string_view{account.statement_descriptor})},
                                         {"statement_descriptor_prefix_kana", nullptr},
                                         {"statement_descriptor_prefix_kanji", nullptr}}},
                {"dashboard", object{{"display_name", account.name}, {"timezone", "Etc/UTC"}}},
                {"payments", object{{"statement_descriptor",
                                     text_or_null(std::string_view{account.statement_descriptor})},
                                    {"statement_descriptor_kana", nullptr},
                                    {"statement_descriptor_kanji", nullptr},
                                    {"statement_descriptor_prefix_kana", nullptr},
                                    {"statement_descriptor_prefix_kanji", nullptr}}}}},
        {"type", "standard"},
    };
}

// The key tells the account, so nothing is read, unless it is to be seen where its money goes.
common::Task<StoredResponse> shown(Context& context) {
    if (std::ranges::find(context.call.expand, "external_accounts") == context.call.expand.end()) {
        StoredResponse response;
        response.body = boost::json::serialize(render_account(context.caller.account));
        response.original_request = context.call.request_id;
        co_return response;
    }
    co_return co_await context.read([](Work& work) -> common::Result<object> {
        ListQuery query;
        query.limit = external_accounts_max;
        query.equal = {{"active", "t"}};
        const auto page = store::list<BankAccount>(work.tx, work.scope(), query);
        if (!page) return common::Fail{page.error()};
        auto body = render_account(work.account);
        const auto path = "/v1/accounts/" + common::public_account_id(work.account.id);
        body["external_accounts"] = envelope(work, *page, path + "/external_accounts");
        return body;
    });
}

}  // namespace

common::Task<StoredResponse> read_own_account(Context& context) {
    co_return co_await shown(context);
}

common::Task<StoredResponse> read_account(Context& context) {
    if (context.id == common::public_account_id(context.caller.account.id)) co_return co_await shown(context);
    co_return common::Fail{common::Error{
        403,
        common::ErrorType::invalid_request,
        "account_invalid",
        "The provided key does not have access to account '{}' (or that account does "
        "not exist).",
        {common::Safe::id(
            context.id)}}.with_retry(false)};
}

}  // namespace gateway::api
