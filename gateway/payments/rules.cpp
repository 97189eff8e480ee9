#include "gateway/payments/rules.h"

#include "common/secret.h"
#include "gateway/no_such.h"

namespace gateway::rules {
namespace {

using common::Cause;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;

Safe word(IntentStatus status) {
    return Safe::id(to_string(status));
}

Error unexpected_state(common::Text message, std::initializer_list<Safe> arguments) {
    return Error{400, ErrorType::invalid_request, "payment_intent_unexpected_state", message, arguments};
}

}  // namespace

Status amount(std::int64_t minor, common::Currency currency) {
    if (minor <= 0)
        return Fail{Error::invalid("parameter_invalid_integer", "amount",
                                   "This value must be greater than or equal to 1.")};
    if (minor < currency.amount_min())
        return Fail{Error::invalid("amount_too_small", "amount",
                                   "Amount must be at least {} in the smallest unit of {}.",
                                   {Safe::number(currency.amount_min()), Safe::id(currency.code())})};
    if (minor > currency.amount_max())
        return Fail{Error::invalid("amount_too_large", "amount",
                                   "Amount must be no more than {} in the smallest unit of {}.",
                                   {Safe::number(currency.amount_max()), Safe::id(currency.code())})};
    if (minor % currency.step() != 0)
        return Fail{Error::invalid("invalid_charge_amount", "amount",
                                   "Amounts in {} must be divisible by {}.",
                                   {Safe::id(currency.code()), Safe::number(currency.step())})};
    return {};
}

bool opens(const std::string& client_secret, const std::optional<std::string>& given, bool required) {
    if (!given) return !required;
    return common::equal_in_constant_time(*given, client_secret);
}

Status client_secret(const PaymentIntent& intent, const std::optional<std::string>& given, bool required) {
    if (opens(intent.client_secret, given, required)) return {};
    return Fail{no_such("payment_intent", intent.id, intent.scope, false)};
}

Status may_confirm(const PaymentIntent& intent, const ConfirmIntent& input, bool has_method) {
    if (intent.status == IntentStatus::succeeded)
        return Fail{
            unexpected_state("You cannot confirm this PaymentIntent because it has already succeeded after "
                             "being previously confirmed. It has a status of {}.",
                             {word(intent.status)})};
    if (!next(intent.status, IntentEvent::confirmed))
        return Fail{
            unexpected_state("This PaymentIntent's payment could not be confirmed because it has a status of "
                             "{}. Only a PaymentIntent with one of the following statuses may be confirmed: "
                             "requires_payment_method, requires_confirmation, requires_action.",
                             {word(intent.status)})};
    if (!has_method)
        return Fail{
            unexpected_state("You cannot confirm this PaymentIntent because it's missing a payment method. "
                             "Update the PaymentIntent with a payment method and then confirm it again.",
                             {})
                .with_param("payment_method")};
    if (input.amount_to_confirm && *input.amount_to_confirm != intent.amount)
        return Fail{
            Error::invalid("", "amount_to_confirm",
                           "The amount_to_confirm ({}) does not match the amount of this PaymentIntent ({}).",
                           {Safe::number(*input.amount_to_confirm), Safe::number(intent.amount)})};
    return {};
}

Status may_confirm_with(bool publishable_key, const PaymentIntent& intent) {
    if (!publishable_key || intent.confirmation_method != "manual") return {};
    return Fail{
        unexpected_state("This PaymentIntent's confirmation_method is manual: it must be confirmed with "
                         "your secret key. It has a status of {}.",
                         {word(intent.status)})};
}

Status merchant_may_move(const PaymentIntent& intent) {
    const bool open = next(intent.status, IntentEvent::failed) || next(intent.status, IntentEvent::confirmed);
    if (!intent.checkout_session || !open) return {};
    return Fail{unexpected_state(
        "This PaymentIntent was made by the Checkout Session {} and can be updated, confirmed "
        "or canceled only once it requires capture; it has a status of {}. To cancel it, "
        "expire the Checkout Session.",
        {Safe::id(*intent.checkout_session), word(intent.status)})};
}

Status may_charge(const Account& account) {
    if (account.charges_enabled) return {};
    return Fail{Error{400, ErrorType::invalid_request, "account_invalid",
                      "Your account cannot currently make charges. It has to be activated first."}};
}

Status may_update(const PaymentIntent& intent, const UpdateIntent& input, bool new_method) {
    if (auto fine = merchant_may_move(intent); !fine) return fine;
    const bool open = next(intent.status, IntentEvent::method_given).has_value();
    std::string_view fixed;
    if (input.amount) fixed = "amount";
    if (input.currency) fixed = "currency";
    if (input.customer) fixed = "customer";
    if (input.capture_method) fixed = "capture_method";
    if (input.setup_future_usage) fixed = "setup_future_usage";
    if (!input.payment_method_options.empty()) fixed = "payment_method_options";
    if (new_method || input.payment_method) fixed = "payment_method";
    if (open || fixed.empty()) return {};
    return Fail{unexpected_state(
                    "This PaymentIntent's {} could not be updated because it has a status of {}. You may "
                    "only update it while it has one of the following statuses: requires_payment_method, "
                    "requires_confirmation, requires_action.",
                    {Safe::param(fixed), word(intent.status)})
                    .with_param(fixed)};
}

Status method_unused(const PaymentMethod& method) {
    if (method.consumed)
        return Fail{Error::invalid(
            "", "payment_method",
            "The provided PaymentMethod was previously used with a PaymentIntent without "
            "Customer attachment, or was detached from a Customer. It may not be used again. To "
            "use a PaymentMethod multiple times, you must attach it to a Customer first.")};
    return {};
}

Status method_usable(const PaymentMethod& method, const std::optional<std::string>& customer) {
    if (auto fine = method_unused(method); !fine) return fine;
    if (method.customer && !customer)
        return Fail{
            Error::invalid("", "payment_method",
                           "The payment method {} belongs to a customer. Include that customer in the "
                           "intent to use it.",
                           {Safe::id(method.id)})};
    if (method.customer && *method.customer != *customer)
        return Fail{
            Error::invalid("", "payment_method",
                           "The provided PaymentMethod cannot be attached. It belongs to another customer.")};
    return {};
}

Result<std::int64_t> may_capture(const PaymentIntent& intent, const Charge* charge,
                                 const CaptureIntent& input, std::int64_t now_seconds) {
    if (intent.status == IntentStatus::succeeded)
        return Fail{
            unexpected_state("This PaymentIntent could not be captured because it has already been captured. "
                             "It has a status of {}.",
                             {word(intent.status)})};
    if (intent.status != IntentStatus::requires_capture || charge == nullptr)
        return Fail{
            unexpected_state("This PaymentIntent could not be captured because it has a status of {}. Only a "
                             "PaymentIntent with one of the following statuses may be captured: "
                             "requires_capture.",
                             {word(intent.status)})};
    if (charge->capture_before && now_seconds >= *charge->capture_before)
        return Fail{
            Error{400, ErrorType::invalid_request, "capture_charge_authorization_expired",
                  "The authorization of this PaymentIntent has expired and can no longer be captured."}};
    const auto wanted = input.amount_to_capture.value_or(intent.amount_capturable);
    if (wanted <= 0)
        return Fail{Error::invalid("parameter_invalid_integer", "amount_to_capture",
                                   "This value must be greater than or equal to 1.")};
    if (wanted > intent.amount_capturable)
        return Fail{
            Error::invalid("amount_too_large", "amount_to_capture",
                           "The requested capture amount is greater than the amount you can capture for this "
                           "charge ({}).",
                           {Safe::number(intent.amount_capturable)})};
    if (wanted % intent.currency.step() != 0)
        return Fail{Error::invalid("invalid_charge_amount", "amount_to_capture",
                                   "Amounts in {} must be divisible by {}.",
                                   {Safe::id(intent.currency.code()), Safe::number(intent.currency.step())})};
    if (!input.final_capture && wanted < intent.amount_capturable && !charge->multicapture)
        return Fail{Error::invalid(
            "", "final_capture",
            "This charge cannot be captured several times: multicapture is unavailable for it. Ask for it "
            "with payment_method_options[card][request_multicapture] when you confirm.")};
    return wanted;
}

Status may_increase(const PaymentIntent& intent, const Charge* charge, std::int64_t amount,
                    std::int64_t now_seconds) {
    if (intent.status != IntentStatus::requires_capture || charge == nullptr)
        return Fail{unexpected_state(
            "The authorization of this PaymentIntent could not be incremented because it has a "
            "status of {}. Only a PaymentIntent with one of the following statuses may be "
            "incremented: requires_capture.",
            {word(intent.status)})};
    if (!charge->incremental)
        return Fail{Error::invalid(
            "", "",
            "This charge cannot be authorized for more: incremental authorization is unavailable for it. Ask "
            "for it with payment_method_options[card][request_incremental_authorization] when you confirm.")};
    if (charge->captures > 0)
        return Fail{Error::invalid("", "", "A part of this charge has already been captured.")};
    if (charge->capture_before && now_seconds >= *charge->capture_before)
        return Fail{
            Error{400, ErrorType::invalid_request, "capture_charge_authorization_expired",
                  "The authorization of this PaymentIntent has expired and can no longer be incremented."}};
    if (auto fine = rules::amount(amount, intent.currency); !fine) return fine;
    if (amount <= intent.amount)
        return Fail{Error::invalid("", "amount",
                                   "The amount must be greater than the currently authorized amount ({}).",
                                   {Safe::number(intent.amount)})};
    return {};
}

Status may_capture_charge(const Charge& charge) {
    if (charge.captured)
        return Fail{Error{400,
                          ErrorType::invalid_request,
                          "charge_already_captured",
                          "Charge {} has already been captured.",
                          {Safe::id(charge.id)}}};
    if (charge.refunded)
        return Fail{Error{400,
                          ErrorType::invalid_request,
                          "charge_already_refunded",
                          "Charge {} has already been refunded.",
                          {Safe::id(charge.id)}}};
    return {};
}

Status may_cancel(const PaymentIntent& intent) {
    if (auto fine = merchant_may_move(intent); !fine) return fine;
    if (intent.status == IntentStatus::requires_capture && intent.amount_received > 0)
        return Fail{unexpected_state(
            "You cannot cancel this PaymentIntent because a part of it has already been captured. "
            "It has a status of {}. Capture the last part with final_capture.",
            {word(intent.status)})};
    if (next(intent.status, IntentEvent::canceled)) return {};
    return Fail{
        unexpected_state("You cannot cancel this PaymentIntent because it has a status of {}. Only a "
                         "PaymentIntent with one of the following statuses may be canceled: "
                         "requires_payment_method, requires_capture, requires_confirmation, requires_action.",
                         {word(intent.status)})};
}

Error locked() {
    return Error{
        429, ErrorType::invalid_request, "lock_timeout",
        "This object cannot be accessed right now because another API request is currently accessing it. If "
        "you see this error intermittently, retry the request."}
        .with_cause(Cause::lock_timeout)
        .with_retry(true);
}

Screening screen(std::string_view authentication_mode, const PaymentMethod& method, bool off_session) {
    const auto& card = method.card;
    if (card.risk == "highest" || card.risk == "blocked") return Screening::block;
    const bool set_up = method.customer && !method.network_transaction_id.empty();
    const bool card_asks = card.authentication == "required" ||
                           (card.authentication == "required_unless_set_up" && !set_up) ||
                           (card.authentication == "required_on_session" && !off_session);
    if (authentication_mode == "delegated" && !card_asks) return Screening::pass;
    return Screening::authenticate;
}

}  // namespace gateway::rules
