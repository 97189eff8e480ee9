// A message for the acquirer as the gateway remembers it: committed before the vault is asked, so that
// whatever happens to this process, some process ends it exactly once.
#pragma once

#include <array>

#include "gateway/payments/payment.h"

namespace gateway {

enum class Purpose : std::uint8_t { authorization, capture, reversal, refund };

// What the outcome means for the payment.
enum class Action : std::uint8_t {
    confirm,   // authorization of a confirmation
    settle,    // capture that belongs to a confirmation (capture_method automatic)
    capture,   // capture that the merchant asked for
    void_,     // reversal; the payment has forgotten the authorization already
    verify,    // authorization of no amount, before a card is kept; no payment belongs to it
    refund,    // of what was captured
    increase,  // authorization of a greater amount, which takes the place of the former
};

// In the order of the enumerators.
inline constexpr std::array<const char*, 7> action_names{"confirm", "settle", "capture", "void",
                                                         "verify",  "refund", "increase"};
constexpr std::string_view to_string(Action action) {
    return action_names.at(static_cast<std::size_t>(action));
}

enum class RequestState : std::uint8_t {
    open,       // its outcome is not booked
    abandoned,  // taken back because it was not sent; if it was sent after all, its approval must be reversed
    done,
};

struct AcquirerRequest {
    std::string id;  // "areq_…": the vault sends nothing twice under one id
    Scope scope;
    Purpose purpose = Purpose::authorization;
    Action action = Action::confirm;
    std::string payment_intent, charge;
    // Of a capture or reversal: the request that was approved; of a refund: the one that captured.
    std::string authorization_id;
    std::int64_t amount = 0;
    common::Currency currency = currency_not_set();
    RequestState state = RequestState::open;
    bool responded = false;  // the merchant has his answer ("processing")
    std::string outcome;     // for the record: state and response code
    std::int64_t created_ms = 0;
    std::int64_t due_ms = 0;  // until then the process that made or leased it works on it
    int attempts = 0;         // leases
    Call call;                // to answer the merchant after a crash
    // payment_method: used by the attempt · creates_intent: the event of its making is still due ·
    // prior_status, prior_method, prior_charge, prior_document: of the intent, when the attempt has to be
    // taken back · tokens: what the attempt used up, likewise ·
    // statement_descriptor_suffix, metadata, echoed: of the merchant's capture · receipt_email,
    // transfer_group: the same, of the charge · shown: "charge" when the answer is that in place of the
    // intent ·
    // sequence, final: which of several captures · customer: who is to keep the method of a verification ·
    // setup_intent, setup_attempt: or what it is made for · prior: the former before the attempt · refund: id
    // of the refund
    boost::json::object detail;
};

// The advice that takes back what `authorization_id` was approved for; for the payment, call and amount of
// `request`.
AcquirerRequest reversal_of(const AcquirerRequest& request, const std::string& authorization_id,
                            std::int64_t now_ms);

}  // namespace gateway
