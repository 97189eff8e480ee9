// Which parts of payment methods, payment intents and charges are columns of their tables.
#pragma once

#include "gateway/payments/payment.h"
#include "gateway/search/fields.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<PaymentMethod> {
    static constexpr common::Text kind = "PaymentMethod";
    static constexpr const char* table = "payment_methods";
    static constexpr std::array columns{"customer", "consumed"};
};

template <>
struct Shape<PaymentIntent> {
    static constexpr common::Text kind = "payment_intent";
    static constexpr const char* table = "payment_intents";
    static constexpr std::array columns{"amount",   "amount_capturable", "amount_received", "currency",
                                        "status",   "customer",          "payment_method",  "latest_charge",
                                        "in_flight"};
    static constexpr auto resource = search::Resource::payment_intents;
};

template <>
struct Shape<Charge> {
    static constexpr common::Text kind = "charge";
    static constexpr const char* table = "charges";
    static constexpr std::array columns{"payment_intent",  "customer", "amount",        "amount_authorized",
                                        "amount_captured", "released", "refunds",       "refund_pending",
                                        "currency",        "status",   "capture_before"};
    static constexpr auto resource = search::Resource::charges;
};

// — charges that are too old to be captured —

// The longest waiting first; under Scan::charges.
std::vector<common::AccountId> accounts_with_lapsed_charges(Transaction& tx, std::int64_t now, int limit);
struct LapsedCharge {
    Scope scope;
    std::string id;
};
std::vector<LapsedCharge> lapsed_charges(Transaction& tx, common::AccountId account, std::int64_t now,
                                         int limit);

}  // namespace gateway::store
