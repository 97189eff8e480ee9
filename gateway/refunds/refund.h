// Refunds as the domain knows them. Amounts are minor units of `currency`.
#pragma once

#include "gateway/ledger/balance_transaction.h"
#include "gateway/payments/payment.h"

namespace gateway {

enum class RefundStatus : std::uint8_t { pending, requires_action, succeeded, failed, canceled };
BOOST_DESCRIBE_ENUM(RefundStatus, pending, requires_action, succeeded, failed, canceled)

struct Refund : Object {
    std::int64_t amount = 0;
    common::Currency currency = currency_not_set();
    RefundStatus status = RefundStatus::pending;
    std::string charge, payment_intent, payment_method;
    std::optional<std::string> customer, reason, balance_transaction, failure_reason;
    boost::json::object metadata;
    // Gave back what was authorized and never captured: no message of its own, no balance transaction.
    bool of_authorization = false;
    // Which of the merchant's money it takes: what its payment brought, as long as that is not available.
    BalanceStatus taken_from = BalanceStatus::available;
    std::int64_t available_on = 0;  // unix seconds
    // Of the acquirer's message (ISO 8583 fields 37 and 11), and how many times it has been tried anew.
    std::string rrn, stan;
    int tries = 0;
};
BOOST_DESCRIBE_STRUCT(Refund, (),
                      (amount, currency, status, charge, payment_intent, payment_method, customer, reason,
                       balance_transaction, failure_reason, metadata, of_authorization, taken_from,
                       available_on, rrn, stan, tries))

// A new one, pending.
Refund refund_of(const Charge& charge, std::int64_t amount, std::string id, std::int64_t now_ms);
// Of what was authorized and never captured: given back without a message of its own.
Refund released_part(const Charge& charge, std::int64_t amount, std::int64_t now_ms);

}  // namespace gateway
