// The business rules of a payment: pure, each an error in the API's words or nothing.
#pragma once

#include "gateway/merchants/merchants.h"
#include "gateway/payments/machine.h"
#include "gateway/payments/service.h"

namespace gateway::rules {

using common::Result;
using common::Status;

// An amount that may be charged. 400 amount_too_small, amount_too_large, or a fraction that the currency
// lacks.
Status amount(std::int64_t minor, common::Currency currency);

// Whether a client secret was given that is the intent's, compared in constant time, or none was `required`.
bool opens(const std::string& client_secret, const std::optional<std::string>& given, bool required);
// 404, as if the payment did not exist, unless it opens. Whoever calls with a publishable key must give it.
Status client_secret(const PaymentIntent& intent, const std::optional<std::string>& given, bool required);

Status may_confirm(const PaymentIntent& intent, const ConfirmIntent& input, bool has_method);
// By the kind of key: a browser may not confirm what the merchant wants to confirm himself.
Status may_confirm_with(bool publishable_key, const PaymentIntent& intent);
// What a shopper is paying on a page of ours is not the merchant's to move until it is authorized.
Status merchant_may_move(const PaymentIntent& intent);
// The account may charge at all.
Status may_charge(const Account& account);
// What was paid for, or is about to be, keeps its amount and method; only its description may change then.
Status may_update(const PaymentIntent& intent, const UpdateIntent& input, bool new_method);
// Neither used up in a payment without a customer nor detached.
Status method_unused(const PaymentMethod& method);
// The method is unused and belongs to the intent's customer or to nobody.
Status method_usable(const PaymentMethod& method, const std::optional<std::string>& customer);
inline Status method_usable(const PaymentMethod& method, const PaymentIntent& intent) {
    return method_usable(method, intent.customer);
}

// Minor units to capture.
Result<std::int64_t> may_capture(const PaymentIntent& intent, const Charge* charge,
                                 const CaptureIntent& input, std::int64_t now_seconds);
// A greater amount for what was authorized and not yet captured.
Status may_increase(const PaymentIntent& intent, const Charge* charge, std::int64_t amount,
                    std::int64_t now_seconds);
// Of a charge by its own id. 400 charge_already_captured or charge_already_refunded.
Status may_capture_charge(const Charge& charge);
Status may_cancel(const PaymentIntent& intent);

// Another request holds the payment: 429 lock_timeout, to be sent again.
common::Error locked();

// Whether a confirmation may go to the acquirer, by the account's policy and the card's traits.
enum class Screening : std::uint8_t {
    pass,          // exempt: the merchant authenticates by contract (mode delegated)
    authenticate,  // a second factor is needed first
    block,         // too risky to be sent
};
// A card that its customer set up asks no more where it asks only until then.
Screening screen(std::string_view authentication_mode, const PaymentMethod& method, bool off_session);

}  // namespace gateway::rules
