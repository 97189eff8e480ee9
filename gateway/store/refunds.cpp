#include "gateway/store/refunds.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

constexpr common::db::Statement find_capture{
    "capture_of_charge",
    "SELECT id FROM acquirer_requests WHERE account_id = $1 AND payment_intent = $2 AND charge = $3"
    " AND purpose = 'capture' AND outcome IN ('answered 00', 'answered 94') ORDER BY created LIMIT 1"};

}  // namespace

PORTCULLIS_TABLE(Refund);

std::optional<std::string> capture_of(Transaction& tx, const Charge& charge) {
    const auto rows = tx.exec(find_capture, charge.scope.account.value, charge.payment_intent, charge.id);
    return rows.empty() ? std::nullopt : std::optional{rows[0][0].as<std::string>()};
}

}  // namespace gateway::store
