#include "vault/store/retention.h"

#include "vault/store/erasure.h"

namespace vault::store {
namespace {

using common::AccountId;
using common::Deadline;
using common::Result;
using common::Task;
using common::db::Statement;
using common::db::Transaction;

// Whoever has a card has a merchant key, and of those there are few.
constexpr Statement find_accounts{"retention_accounts", R"(
SELECT DISTINCT account_id FROM merchant_key WHERE account_id > $1 ORDER BY account_id LIMIT 256)"};

#define OF_ACCOUNT "c.livemode IN (true, false) AND c.account_id = $1"
#define UNUSED OF_ACCOUNT " AND c.last_used_day <= $2::bigint "
#define EXPIRED OF_ACCOUNT " AND (c.exp_year, c.exp_month) < ($2::integer, $3::integer) "
// Of locked rows those are left out that a message to the acquirer needs.
#define NOT_IN_USE                                                                                \
    "AND NOT EXISTS (SELECT 1 FROM exchange e WHERE e.account_id = $1 AND e.card_token = c.token" \
    " AND e.state = 'queued') "                                                                   \
    "AND NOT EXISTS (SELECT 1 FROM exchange e WHERE e.account_id = $1 AND e.card_token = c.token" \
    " AND e.state = 'intent') "

constexpr Statement count_unused{"retention_count_unused", "SELECT count(*) FROM card c WHERE " UNUSED};
constexpr Statement count_expired{"retention_count_expired", "SELECT count(*) FROM card c WHERE " EXPIRED};
constexpr Statement lock_unused{"retention_lock_unused",
                                "SELECT c.token FROM card c WHERE " UNUSED NOT_IN_USE
                                "ORDER BY c.last_used_day LIMIT $3 FOR UPDATE OF c SKIP LOCKED"};
constexpr Statement lock_expired{"retention_lock_expired",
                                 "SELECT c.token FROM card c WHERE " EXPIRED NOT_IN_USE
                                 "ORDER BY c.exp_year, c.exp_month LIMIT $4 FOR UPDATE OF c SKIP LOCKED"};

constexpr Statement count_old_tombstones{"retention_count_tombstones", R"(
SELECT count(*) FROM card_tombstone WHERE account_id = $1 AND erased_day <= $2)"};
constexpr Statement delete_tombstones{"retention_delete_tombstones", R"(
DELETE FROM card_tombstone WHERE account_id = $1 AND token IN (
  SELECT token FROM card_tombstone WHERE account_id = $1 AND erased_day <= $2 ORDER BY erased_day LIMIT $3))"};

constexpr Statement count_old_chunks{"retention_count_chunks", R"(
SELECT count(*) FROM card_bulk_chunk WHERE account_id = $1 AND stored_day <= $2)"};
constexpr Statement delete_chunks{"retention_delete_chunks", R"(
DELETE FROM card_bulk_chunk WHERE account_id = $1 AND (livemode, bulk, first_line) IN (
  SELECT livemode, bulk, first_line FROM card_bulk_chunk
   WHERE account_id = $1 AND stored_day <= $2 ORDER BY stored_day LIMIT $3))"};

constexpr Statement count_old_velocity{"retention_count_velocity",
                                       "SELECT count(*) FROM card_velocity WHERE slot < $1"};
constexpr Statement delete_velocity{"retention_delete_velocity", R"(
DELETE FROM card_velocity WHERE (fingerprint, slot) IN (
  SELECT fingerprint, slot FROM card_velocity WHERE slot < $1 ORDER BY slot LIMIT $2))"};

std::vector<std::string> lock_due(Transaction& tx, AccountId account, const Retention::Rule& rule,
                                  int limit) {
    const auto rows = rule.reason == ErasureReason::expired
                          ? tx.exec(lock_expired, account.value, rule.month.year, rule.month.month, limit)
                          : tx.exec(lock_unused, account.value, rule.day, limit);
    std::vector<std::string> tokens;
    for (const auto& row : rows)
        tokens.push_back(row[0].as<std::string>());
    return tokens;
}

}  // namespace

// A count, or how many rows a statement changed.
template <class... Args>
Task<std::int64_t> Retention::number(const Statement& statement, Deadline deadline, Args... arguments) {
    auto job = [&statement, arguments...](Transaction& tx) -> Result<std::int64_t> {
        const auto result = tx.exec(statement, arguments...);
        return result.columns() == 0 ? static_cast<std::int64_t>(result.affected_rows())
                                     : result[0][0].template as<std::int64_t>();
    };
    co_return co_await pool_.transaction(std::move(job), deadline);
}

Task<std::vector<AccountId>> Retention::accounts(AccountId after, Deadline deadline) {
    auto job = [after](Transaction& tx) -> Result<std::vector<AccountId>> {
        std::vector<AccountId> accounts;
        for (const auto& row : tx.exec(find_accounts, after.value))
            accounts.push_back(AccountId{row[0].as<std::int64_t>()});
        return accounts;
    };
    co_return co_await pool_.read(std::move(job), deadline);
}

Task<std::int64_t> Retention::count_cards(AccountId account, Rule rule, Deadline deadline) {
    if (rule.reason == ErasureReason::expired)
        return number(count_expired, deadline, account.value, rule.month.year, rule.month.month);
    return number(count_unused, deadline, account.value, rule.day);
}

Task<std::int64_t> Retention::purge_cards(AccountId account, Rule rule, std::int64_t today, int limit,
                                          Deadline deadline) {
    auto job = [=](Transaction& tx) -> Result<std::int64_t> {
        const auto tokens = lock_due(tx, account, rule, limit);
        return tokens.empty() ? 0 : erase_cards(tx, account, tokens, rule.reason, today);
    };
    co_return co_await pool_.transaction(std::move(job), deadline);
}

Task<std::int64_t> Retention::count_tombstones(AccountId account, std::int64_t day, Deadline deadline) {
    return number(count_old_tombstones, deadline, account.value, day);
}

Task<std::int64_t> Retention::purge_tombstones(AccountId account, std::int64_t day, int limit,
                                               Deadline deadline) {
    return number(delete_tombstones, deadline, account.value, day, limit);
}

Task<std::int64_t> Retention::count_chunks(AccountId account, std::int64_t day, Deadline deadline) {
    return number(count_old_chunks, deadline, account.value, day);
}

Task<std::int64_t> Retention::purge_chunks(AccountId account, std::int64_t day, int limit,
                                           Deadline deadline) {
    return number(delete_chunks, deadline, account.value, day, limit);
}

Task<std::int64_t> Retention::count_velocity(std::int64_t before_slot, Deadline deadline) {
    return number(count_old_velocity, deadline, before_slot);
}

Task<std::int64_t> Retention::purge_velocity(std::int64_t before_slot, int limit, Deadline deadline) {
    return number(delete_velocity, deadline, before_slot, limit);
}

}  // namespace vault::store
