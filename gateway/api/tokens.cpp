#include "gateway/store/tokens.h"

#include "gateway/api/handlers.h"
#include "gateway/api/token_rules.h"
#include "gateway/tokens/bank_account_token.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;

constexpr std::pair<const char*, const char*> address_fields[] = {
    {"city", "address_city"},   {"country", "address_country"}, {"line1", "address_line1"},
    {"line2", "address_line2"}, {"postal_code", "address_zip"}, {"state", "address_state"},
};

BillingDetails holder_of(const Parameters& card) {
    BillingDetails holder;
    holder.name = card.text("name");
    object address;
    for (const auto& [field, name] : address_fields)
        if (const auto value = card.text(name)) address[field] = *value;
    if (!address.empty()) holder.address = std::move(address);
    return holder;
}

Result<NewToken> new_token(const Context& context) {
    if (auto fine = may_send_card_data(context); !fine) return Fail{fine.error()};
    const auto parameters = context.parameters();
    NewToken input;
    input.customer = parameters.text("customer");
    if (const auto code = parameters.hash("cvc_update")) {
        input.type = TokenType::cvc_update;
        input.card.cvc = common::SecretText{code->raw("cvc")};
        return input;
    }
    const auto card = parameters.hash("card");
    put_card(input.card, *card);
    input.card.billing_details = holder_of(*card);
    input.currency = card->text("currency");
    return input;
}

Task<StoredResponse> create_bank_account_token(Context& context) {
    const auto parameters = context.parameters();
    const auto given = parameters.hash("bank_account");
    NewBankAccount input;
    input.number = common::SecretText{given->raw("account_number")};
    input.country = given->text("country").value_or("");
    input.currency = given->text("currency");
    input.routing_number = given->text("routing_number");
    input.holder_name = given->text("account_holder_name");
    input.holder_type = given->text("account_holder_type");
    input.account_type = given->text("account_type");
    input.customer = parameters.text("customer");
    co_return co_await context.change([&context, &input](Work& work) -> Result<object> {
        const auto token = tokens::create(work, context.backend->bank_numbers(), input);
        if (!token) return Fail{token.error()};
        return work.show(&*token);
    });
}

}  // namespace

Task<StoredResponse> create_token(Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = at_most_one(parameters, {"card", "bank_account", "cvc_update"}); !fine)
        co_return Fail{fine.error()};
    if (parameters.hash("bank_account")) co_return co_await create_bank_account_token(context);
    if (!parameters.hash("card") && !parameters.hash("cvc_update"))
        co_return Fail{Error::invalid("parameter_missing", "card",
                                      "You must supply either a card, a bank account or a security code "
                                      "(card, bank_account, cvc_update) to create a token.")};
    auto input = new_token(context);
    if (!input) co_return Fail{input.error()};
    co_return co_await context.backend->create_token(context.call, *std::move(input));
}

Task<StoredResponse> read_token(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        const auto token = store::require<Token>(work.tx, work.scope(), context.id);
        if (!token) return Fail{token.error()};
        return work.show(&*token);
    });
}

}  // namespace gateway::api
