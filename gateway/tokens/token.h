// Tokens: what a browser or a merchant's server hands in once, and a later request names instead. Plain
// values.
#pragma once

#include "gateway/bank_accounts/bank_account.h"
#include "gateway/payments/payment.h"

namespace gateway {

enum class TokenType : std::uint8_t { card, bank_account, cvc_update };
BOOST_DESCRIBE_ENUM(TokenType, card, bank_account, cvc_update)

// A card as it was handed in.
struct TokenCard {
    std::string id;  // "card_…"
    CardDetails details;
    BillingDetails holder;  // name and address
    std::optional<std::string> currency, customer;
    bool has_cvc = false;
};
BOOST_DESCRIBE_STRUCT(TokenCard, (), (id, details, holder, currency, customer, has_cvc))

inline constexpr std::int64_t token_life_seconds = 60 * 60;

struct Token : Object {  // "tok_…"
    TokenType type = TokenType::card;
    bool used = false;
    std::string client_ip;
    std::optional<TokenCard> card;
    std::optional<BankAccount> bank_account;
    std::string cvc_handle;  // of a cvc_update: the vault's, which holds the code for a quarter of an hour
};
BOOST_DESCRIBE_STRUCT(Token, (), (type, used, client_ip, card, bank_account, cvc_handle))

inline constexpr std::int64_t confirmation_token_life_seconds = 12 * 60 * 60;

// What a shopper entered on a page, to be confirmed by the merchant's server.
struct ConfirmationToken : Object {  // "ctoken_…"
    // As it was when the token was made. It becomes a method of its own when the token is used, unless the
    // token was made of one that was there.
    PaymentMethod method;
    std::optional<std::string> payment_method;
    std::optional<std::string> payment_intent, setup_intent;  // that it was used for
    std::optional<std::string> return_url, setup_future_usage;
    std::optional<boost::json::object> shipping, mandate_data;
    boost::json::object payment_method_options;  // {"card": {"cvc_token": …}}
    bool use_stripe_sdk = false;

    bool used() const { return payment_intent || setup_intent; }
    std::int64_t expires_at() const { return created + confirmation_token_life_seconds; }
};
BOOST_DESCRIBE_STRUCT(ConfirmationToken, (),
                      (method, payment_method, payment_intent, setup_intent, return_url, setup_future_usage,
                       shipping, mandate_data, payment_method_options, use_stripe_sdk))

}  // namespace gateway
