#include "gateway/store/charges.h"

#include "gateway/store/documents.h"
#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_charge{
    "charge_insert",
    "INSERT INTO charges (account_id, id, livemode, created, payment_intent, customer, amount, "
    "amount_authorized,"
    " amount_captured, released, refunded, refund_pending, currency, status, document)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::jsonb)"};
constexpr Statement find_by_id{"charge_find",
                               "SELECT id, created, payment_intent, customer, amount, amount_authorized, "
                               "amount_captured, released, refunded,"
                               " refund_pending, currency, status, document FROM charges WHERE account_id = "
                               "$1 AND id = $2 AND livemode = $3"};
constexpr Statement lock_by_id{"charge_lock",
                               "SELECT id, created, payment_intent, customer, amount, amount_authorized, "
                               "amount_captured, released, refunded,"
                               " refund_pending, currency, status, document FROM charges WHERE account_id = "
                               "$1 AND id = $2 AND livemode = $3"
                               " FOR UPDATE"};
constexpr Statement update_charge{
    "charge_update",
    "UPDATE charges SET customer = $3, amount_authorized = $4, amount_captured = $5, released = $6, refunded "
    "= $7,"
    " refund_pending = $8, status = $9, document = $10::jsonb WHERE account_id = $1 AND id = $2"};
constexpr Statement delete_charge{"charge_delete", "DELETE FROM charges WHERE account_id = $1 AND id = $2"};
constexpr Statement charge_exists{
    "charge_exists", "SELECT 1 FROM charges WHERE account_id = $1 AND id = $2 AND livemode = $3"};

std::optional<Charge> read(const pqxx::result& rows, const Scope& scope) {
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    Charge charge;
    charge.id = row[0].as<std::string>();
    charge.scope = scope;
    charge.created = row[1].as<std::int64_t>();
    charge.payment_intent = row[2].as<std::string>();
    charge.customer = optional_text(row[3]);
    charge.amount = row[4].as<std::int64_t>();
    charge.amount_authorized = row[5].as<std::int64_t>();
    charge.amount_captured = row[6].as<std::int64_t>();
    charge.released = row[7].as<std::int64_t>();
    charge.amount_refunded = row[8].as<std::int64_t>() + charge.released;
    charge.refund_pending = row[9].as<std::int64_t>();
    charge.currency = common::Currency::find(row[10].c_str()).value();
    charge.status = charge_status_of(row[11].c_str()).value();
    from_document(parse_object(row[12].c_str()), charge);
    return charge;
}

}  // namespace

void insert(Transaction& tx, const Charge& charge) {
    tx.exec(insert_charge, charge.scope.account.value, charge.id, charge.scope.livemode, charge.created,
            charge.payment_intent, charge.customer, charge.amount, charge.amount_authorized,
            charge.amount_captured, charge.released, charge.amount_refunded - charge.released,
            charge.refund_pending, std::string{charge.currency.code()}, std::string{to_string(charge.status)},
            to_text(to_document(charge)));
}

std::optional<Charge> find_charge(Transaction& tx, const Scope& scope, const std::string& id) {
    return read(tx.exec(find_by_id, scope.account.value, id, scope.livemode), scope);
}

std::optional<Charge> lock_charge(Transaction& tx, const Scope& scope, const std::string& id) {
    return read(tx.exec(lock_by_id, scope.account.value, id, scope.livemode), scope);
}

void update(Transaction& tx, const Charge& charge) {
    tx.exec(update_charge, charge.scope.account.value, charge.id, charge.customer, charge.amount_authorized,
            charge.amount_captured, charge.released, charge.amount_refunded - charge.released,
            charge.refund_pending, std::string{to_string(charge.status)}, to_text(to_document(charge)));
}

void remove_charge(Transaction& tx, const Scope& scope, const std::string& id) {
    tx.exec(delete_charge, scope.account.value, id);
}

bool charge_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id) {
    return !tx.exec(charge_exists, scope.account.value, id, !scope.livemode).empty();
}

}  // namespace gateway::store
