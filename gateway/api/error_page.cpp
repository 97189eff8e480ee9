#include "gateway/api/error_page.h"

#include "gateway/api/page.h"

namespace gateway::api {
namespace {

struct Entry {
    std::string_view code, advice;
};

// In the order of the alphabet.
constexpr Entry entries[] = {
    {"account_invalid", "The account may not charge yet: it has to be activated by the operator first."},
    {"amount_too_large", "The amount is above the most that can be charged, or that is left to capture."},
    {"amount_too_small", "The amount is below the least that can be charged in this currency."},
    {"api_key_expired", "The API key was revoked or has run out. Use a current one."},
    {"authentication_required",
     "The payer has to prove who he is. Bring him back to confirm the payment himself; a card charged again "
     "without him gives the same answer."},
    {"capture_charge_authorization_expired",
     "The authorization is too old to be captured. Make a new payment."},
    {"card_declined",
     "The issuer refused. decline_code says why as far as it is known, advice_code whether to try again; "
     "otherwise ask for another card."},
    {"email_invalid", "The text is not an e-mail address."},
    {"expired_card", "The card has expired. Ask for another one."},
    {"idempotency_key_in_use",
     "A request with the same idempotency key is still running. Send it again a little later."},
    {"incorrect_cvc", "The security code is wrong. Ask for it again."},
    {"incorrect_number", "The card number is wrong. Ask for it again."},
    {"invalid_characters", "The request holds a bad percent escape, a NUL, or text that is not UTF-8."},
    {"invalid_charge_amount", "The currency lacks this fraction: see the step that the message names."},
    {"invalid_cvc", "The security code has the wrong length for the card, or is not made of digits."},
    {"invalid_expiry_month", "The month of expiry is not between 1 and 12."},
    {"invalid_expiry_year", "The year of expiry has passed, or lies too far ahead."},
    {"invalid_number", "The text is not a card number. Check the digits and their count."},
    {"lock_timeout", "Another request is at work on the same object. Send this one again."},
    {"parameter_invalid_empty", "The parameter cannot be unset. Leave it out, or give it a value."},
    {"parameter_invalid_integer", "The parameter takes a whole number within its limits."},
    {"parameter_missing", "The parameter that param names is required."},
    {"parameter_unknown",
     "The parameter that param names does not exist here, or is not supported by this gateway."},
    {"parameters_exclusive", "Only one of the parameters that the message names can be given."},
    {"payment_intent_unexpected_state",
     "The payment is not in a state in which this can be done. The error shows it as it is."},
    {"processing_error",
     "The card could not be charged for a technical reason, and nothing was taken. Try again later."},
    {"rate_limit", "Too many requests. Slow down, and spread them over time."},
    {"resource_missing",
     "No such object, or not with this key: keys see the objects of their own account and mode only."},
    {"secret_key_required", "This call needs a secret key. Make it from your server."},
    {"testmode_unavailable", "This can be done with a live key only."},
    {"url_invalid", "The text is not a URL that a browser or app can be sent to."},
};

constexpr std::string_view head =
    "<p>What <code>error.code</code> of an answer means. The message of the error says more.</p>\n<dl>\n";

}  // namespace

common::http::Response error_page() {
    std::string content{head};
    for (const auto& [code, advice] : entries)
        content.append("<dt id=\"")
            .append(code)
            .append("\"><code>")
            .append(code)
            .append("</code></dt>\n<dd>")
            .append(advice)
            .append("</dd>\n");
    return html_page(200, "Error codes", content.append("</dl>\n"));
}

}  // namespace gateway::api
