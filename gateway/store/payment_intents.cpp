#include "gateway/store/payment_intents.h"

#include "gateway/store/documents.h"
#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_intent{
    "payment_intent_insert",
    "INSERT INTO payment_intents (account_id, id, livemode, created, amount, amount_capturable, "
    "amount_received,"
    " currency, status, customer, payment_method, latest_charge, in_flight, document)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULLIF($13, ''), $14::jsonb)"};
constexpr Statement find_intent{"payment_intent_find",
                                "SELECT id, created, amount, amount_capturable, amount_received, currency, "
                                "status, customer, payment_method,"
                                " latest_charge, in_flight, document FROM payment_intents WHERE account_id = "
                                "$1 AND id = $2 AND livemode = $3"};
constexpr Statement lock_intent{"payment_intent_lock",
                                "SELECT id, created, amount, amount_capturable, amount_received, currency, "
                                "status, customer, payment_method,"
                                " latest_charge, in_flight, document FROM payment_intents WHERE account_id = "
                                "$1 AND id = $2 AND livemode = $3"
                                " FOR UPDATE"};
constexpr Statement update_intent{"payment_intent_update",
                                  "UPDATE payment_intents SET amount = $4, amount_capturable = $5, "
                                  "amount_received = $6, currency = $7, status = $8,"
                                  " customer = $9, payment_method = $10, latest_charge = $11, in_flight = "
                                  "NULLIF($12, ''), document = $13::jsonb"
                                  " WHERE account_id = $1 AND id = $2 AND status = $3"};
constexpr Statement delete_intent{"payment_intent_delete",
                                  "DELETE FROM payment_intents WHERE account_id = $1 AND id = $2"};
constexpr Statement intent_exists{
    "payment_intent_exists",
    "SELECT 1 FROM payment_intents WHERE account_id = $1 AND id = $2 AND livemode = $3"};

std::optional<IntentRow> read(const pqxx::result& rows, const Scope& scope) {
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    IntentRow found;
    auto& intent = found.intent;
    intent.id = row[0].as<std::string>();
    intent.scope = scope;
    intent.created = row[1].as<std::int64_t>();
    intent.amount = row[2].as<std::int64_t>();
    intent.amount_capturable = row[3].as<std::int64_t>();
    intent.amount_received = row[4].as<std::int64_t>();
    intent.currency = common::Currency::find(row[5].c_str()).value();
    intent.status = intent_status_of(row[6].c_str()).value();
    intent.customer = optional_text(row[7]);
    intent.payment_method = optional_text(row[8]);
    intent.latest_charge = optional_text(row[9]);
    found.in_flight = optional_text(row[10]).value_or("");
    from_document(parse_object(row[11].c_str()), intent);
    return found;
}

}  // namespace

void insert(Transaction& tx, const PaymentIntent& intent, const std::string& in_flight) {
    tx.exec(insert_intent, intent.scope.account.value, intent.id, intent.scope.livemode, intent.created,
            intent.amount, intent.amount_capturable, intent.amount_received,
            std::string{intent.currency.code()}, std::string{to_string(intent.status)}, intent.customer,
            intent.payment_method, intent.latest_charge, in_flight, to_text(to_document(intent)));
}

std::optional<PaymentIntent> find_payment_intent(Transaction& tx, const Scope& scope, const std::string& id) {
    auto found = read(tx.exec(find_intent, scope.account.value, id, scope.livemode), scope);
    if (!found) return std::nullopt;
    return std::move(found->intent);
}

std::optional<IntentRow> lock_payment_intent(Transaction& tx, const Scope& scope, const std::string& id) {
    return read(tx.exec(lock_intent, scope.account.value, id, scope.livemode), scope);
}

bool update(Transaction& tx, const PaymentIntent& intent, IntentStatus from, const std::string& in_flight) {
    const auto changed =
        tx.exec(update_intent, intent.scope.account.value, intent.id, std::string{to_string(from)},
                intent.amount, intent.amount_capturable, intent.amount_received,
                std::string{intent.currency.code()}, std::string{to_string(intent.status)}, intent.customer,
                intent.payment_method, intent.latest_charge, in_flight, to_text(to_document(intent)));
    return changed.affected_rows() == 1;
}

void remove_payment_intent(Transaction& tx, const Scope& scope, const std::string& id) {
    tx.exec(delete_intent, scope.account.value, id);
}

bool payment_intent_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id) {
    return !tx.exec(intent_exists, scope.account.value, id, !scope.livemode).empty();
}

}  // namespace gateway::store
