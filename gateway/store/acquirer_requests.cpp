#include "gateway/store/acquirer_requests.h"

#include "common/assert.h"
#include "gateway/store/codec.h"
#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_request{
    "acquirer_request_insert",
    "INSERT INTO acquirer_requests (account_id, id, livemode, purpose, action, payment_intent, charge,"
    " authorization_id, amount, currency, state, responded, outcome, created, due_at, attempts, document)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16::jsonb)"};
constexpr Statement find_by_id{
    "acquirer_request_find",
    "SELECT id, livemode, purpose, action, payment_intent, charge, authorization_id, amount, currency, state,"
    " responded, outcome, created, due_at, attempts, document FROM acquirer_requests"
    " WHERE account_id = $1 AND id = $2"};
constexpr Statement lock_by_id{
    "acquirer_request_lock",
    "SELECT id, livemode, purpose, action, payment_intent, charge, authorization_id, amount, currency, state,"
    " responded, outcome, created, due_at, attempts, document FROM acquirer_requests"
    " WHERE account_id = $1 AND id = $2 FOR UPDATE"};
constexpr Statement update_request{
    "acquirer_request_update",
    "UPDATE acquirer_requests SET state = $3, responded = $4, outcome = $5, due_at = $6, document = $7::jsonb"
    " WHERE account_id = $1 AND id = $2"};
constexpr Statement due_accounts{
    "acquirer_request_due_accounts",
    "SELECT account_id FROM acquirer_requests WHERE state <> 'done' AND due_at <= $1"
    " GROUP BY account_id ORDER BY min(due_at) LIMIT $2"};
// Materialized: as a plain subquery, LIMIT … SKIP LOCKED may be run once for each row, and takes more than
// the limit.
constexpr Statement lease_requests{
    "acquirer_request_lease",
    "WITH due AS MATERIALIZED (SELECT id FROM acquirer_requests WHERE account_id = $1 AND state <> 'done'"
    " AND due_at <= $2 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)"
    " UPDATE acquirer_requests SET due_at = $3, attempts = attempts + 1"
    " WHERE account_id = $1 AND id IN (SELECT id FROM due)"
    " RETURNING id, livemode, purpose, action, payment_intent, charge, authorization_id, amount, currency, "
    "state,"
    " responded, outcome, created, due_at, attempts, document"};

constexpr std::array<const char*, 4> purposes{"authorization", "capture", "reversal", "refund"};
constexpr std::array<const char*, 3> states{"open", "abandoned", "done"};

template <class Enum, std::size_t N>
Enum value_of(const std::array<const char*, N>& names, std::string_view text) {
    const auto at = std::ranges::find(names, text, [](const char* name) { return std::string_view{name}; });
    PORTCULLIS_ASSERT(at != names.end());
    return static_cast<Enum>(at - names.begin());
}
template <class Enum, std::size_t N>
const char* name_of(const std::array<const char*, N>& names, Enum value) {
    return names.at(static_cast<std::size_t>(value));
}

AcquirerRequest read(const pqxx::row& row, common::AccountId account) {
    AcquirerRequest request;
    request.id = row[0].as<std::string>();
    request.scope = {account, row[1].as<bool>()};
    request.purpose = value_of<Purpose>(purposes, row[2].c_str());
    request.action = value_of<Action>(action_names, row[3].c_str());
    request.payment_intent = row[4].as<std::string>();
    request.charge = row[5].as<std::string>();
    request.authorization_id = row[6].as<std::string>();
    request.amount = row[7].as<std::int64_t>();
    request.currency = common::Currency::find(row[8].c_str()).value();
    request.state = value_of<RequestState>(states, row[9].c_str());
    request.responded = row[10].as<bool>();
    request.outcome = optional_text(row[11]).value_or("");
    request.created_ms = row[12].as<std::int64_t>();
    request.due_ms = row[13].as<std::int64_t>();
    request.attempts = row[14].as<int>();
    const auto document = boost::json::parse(row[15].c_str());
    codec::read(document.at("call"), request.call);
    request.call.scope = request.scope;
    request.detail = document.at("detail").as_object();
    return request;
}

std::string document_of(const AcquirerRequest& request) {
    boost::json::object document;
    document["call"] = codec::to_object(request.call);
    document["detail"] = request.detail;
    return boost::json::serialize(document);
}

std::optional<AcquirerRequest> first(const pqxx::result& rows, common::AccountId account) {
    if (rows.empty()) return std::nullopt;
    return read(rows[0], account);
}

}  // namespace

void insert(Transaction& tx, const AcquirerRequest& request) {
    tx.exec(insert_request, request.scope.account.value, request.id, request.scope.livemode,
            name_of(purposes, request.purpose), name_of(action_names, request.action), request.payment_intent,
            request.charge, request.authorization_id, request.amount, std::string{request.currency.code()},
            name_of(states, request.state), request.responded, request.outcome, request.created_ms,
            request.due_ms, document_of(request));
}

std::optional<AcquirerRequest> find_request(Transaction& tx, common::AccountId account,
                                            const std::string& id) {
    return first(tx.exec(find_by_id, account.value, id), account);
}

std::optional<AcquirerRequest> lock_request(Transaction& tx, common::AccountId account,
                                            const std::string& id) {
    return first(tx.exec(lock_by_id, account.value, id), account);
}

void update(Transaction& tx, const AcquirerRequest& request) {
    tx.exec(update_request, request.scope.account.value, request.id, name_of(states, request.state),
            request.responded, request.outcome, request.due_ms, document_of(request));
}

std::vector<common::AccountId> accounts_with_due_requests(Transaction& tx, std::int64_t now_ms, int limit) {
    std::vector<common::AccountId> accounts;
    for (const auto& row : tx.exec(due_accounts, now_ms, limit))
        accounts.push_back({row[0].as<std::int64_t>()});
    return accounts;
}

std::vector<AcquirerRequest> lease_due_requests(Transaction& tx, common::AccountId account,
                                                std::int64_t now_ms, std::int64_t until_ms, int limit) {
    std::vector<AcquirerRequest> requests;
    for (const auto& row : tx.exec(lease_requests, account.value, now_ms, until_ms, limit))
        requests.push_back(read(row, account));
    return requests;
}

}  // namespace gateway::store
