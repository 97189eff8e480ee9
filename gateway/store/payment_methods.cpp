#include "gateway/store/payment_methods.h"

#include "gateway/store/documents.h"
#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_method{
    "payment_method_insert",
    "INSERT INTO payment_methods (account_id, id, livemode, created, customer, consumed,"
    " document) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)"};
constexpr Statement find_method{"payment_method_find",
                                "SELECT id, created, customer, consumed, document FROM payment_methods"
                                " WHERE account_id = $1 AND id = $2 AND livemode = $3"};
constexpr Statement lock_method{"payment_method_lock",
                                "SELECT id, created, customer, consumed, document FROM payment_methods"
                                " WHERE account_id = $1 AND id = $2 AND livemode = $3 FOR UPDATE"};
constexpr Statement update_method{
    "payment_method_update",
    "UPDATE payment_methods SET customer = $3, consumed = $4, document = $5::jsonb"
    " WHERE account_id = $1 AND id = $2"};
constexpr Statement method_exists{
    "payment_method_exists",
    "SELECT 1 FROM payment_methods WHERE account_id = $1 AND id = $2 AND livemode = $3"};

std::optional<PaymentMethod> read(const pqxx::result& rows, const Scope& scope) {
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    PaymentMethod method;
    method.id = row[0].as<std::string>();
    method.scope = scope;
    method.created = row[1].as<std::int64_t>();
    method.customer = optional_text(row[2]);
    method.consumed = row[3].as<bool>();
    from_document(parse_object(row[4].c_str()), method);
    return method;
}

}  // namespace

void insert(Transaction& tx, const PaymentMethod& method) {
    tx.exec(insert_method, method.scope.account.value, method.id, method.scope.livemode, method.created,
            method.customer, method.consumed, to_text(to_document(method)));
}

std::optional<PaymentMethod> find_payment_method(Transaction& tx, const Scope& scope, const std::string& id) {
    return read(tx.exec(find_method, scope.account.value, id, scope.livemode), scope);
}

std::optional<PaymentMethod> lock_payment_method(Transaction& tx, const Scope& scope, const std::string& id) {
    return read(tx.exec(lock_method, scope.account.value, id, scope.livemode), scope);
}

void update(Transaction& tx, const PaymentMethod& method) {
    tx.exec(update_method, method.scope.account.value, method.id, method.customer, method.consumed,
            to_text(to_document(method)));
}

bool payment_method_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id) {
    return !tx.exec(method_exists, scope.account.value, id, !scope.livemode).empty();
}

}  // namespace gateway::store
