#include "vault/store/exchange_store.h"

#include <array>

#define EXCHANGE_COLUMNS                                                                               \
    "account_id, request_id, kind, state, authorization_id, position, livemode, card_token, amount, "  \
    "currency, mcc, country_numeric, terminal_id, merchant_id, name_location, entry_mode, condition, " \
    "stored_credential, network_id, acquirer_id, forwarder_id, stan, rrn, sent_at, original_stan, "    \
    "original_sent_at, original_code, processing_code, original_mti, payment_rrn, reason, "            \
    "capture_sequence, capture_count, response_code, "                                                 \
    "authorization_code, settlement_date, network_transaction_id, merchant_advice, avs_result, "       \
    "cvc_result, approved_amount, attempts, lease_owner, lease_until, created_at "

namespace vault::store {
namespace {

using common::Cause;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::db::Statement;
using common::db::Transaction;
using relay::Kind;

constexpr Statement insert_record{"exchange_insert", R"(
INSERT INTO exchange (
 account_id, request_id, kind, state, authorization_id, position, livemode, card_token, amount,
 currency, mcc, country_numeric, terminal_id, merchant_id, name_location, entry_mode, condition,
 stored_credential, network_id, acquirer_id, forwarder_id, stan, rrn, sent_at, original_stan,
 original_sent_at, original_code, processing_code, original_mti, payment_rrn, reason, capture_sequence,
 capture_count, lease_owner, lease_until, created_at, next_at)
VALUES (
 $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
 $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,
 $37)
ON CONFLICT (account_id, request_id) DO NOTHING RETURNING request_id)"};

constexpr Statement find_record{"exchange_find", R"(
SELECT )" EXCHANGE_COLUMNS R"( FROM exchange WHERE account_id = $1 AND request_id = $2)"};

constexpr Statement end_open_intent{"exchange_end_intent", R"(
UPDATE exchange SET state = $3, response_code = $4, authorization_code = $5, settlement_date = $6,
       network_transaction_id = $7, merchant_advice = $8, avs_result = $9, cvc_result = $10, approved_amount = $11,
       ended_at = $12
 WHERE account_id = $1 AND request_id = $2 AND state = 'intent')"};

// Locks the authorization, so that its advices are numbered in the order of their commits.
constexpr Statement count_advice{"exchange_count_advice", R"(
UPDATE exchange SET advices = advices + 1 WHERE account_id = $1 AND request_id = $2 AND kind = 'authorization'
RETURNING advices)"};

// One refund of a payment at a time.
constexpr Statement lock_payment{"exchange_lock_payment", R"(
SELECT 1 FROM exchange WHERE account_id = $1 AND request_id = $2 FOR UPDATE)"};

// The acquirer may count a refund that is on its way, or was left there by a process that died, until its
// reversal is acknowledged.
constexpr Statement find_open_refund{"exchange_find_open_refund", R"(
SELECT 1 FROM exchange WHERE account_id = $1 AND authorization_id = $2 AND processing_code = '200000'
   AND (state = 'intent' OR (kind = 'reversal' AND state <> 'answered')) LIMIT 1)"};

constexpr Statement refuse_id{"exchange_refuse_id", R"(
INSERT INTO exchange (account_id, request_id, kind, state, authorization_id, created_at)
VALUES ($1, $2, 'refused', 'not_sent', '', $3)
ON CONFLICT (account_id, request_id) DO NOTHING)"};

constexpr Statement find_abandoned{"exchange_find_abandoned", R"(
SELECT account_id, request_id FROM exchange
 WHERE state = 'intent' AND (lease_until < $1 OR (lease_owner = $2 AND created_at < $3))
 ORDER BY lease_until, account_id, request_id LIMIT 256)"};

constexpr Statement release_owner{"exchange_release_owner", R"(
UPDATE exchange SET lease_until = 0 WHERE state = 'queued' AND lease_owner = $1 AND lease_until > 0)"};

// An advice `e` that is the first of its payment's, and whose authorization has ended. A refund has ended
// when its reversal is queued.
#define NOTHING_BEFORE_IT                                                                           \
    "NOT EXISTS (SELECT 1 FROM exchange b WHERE b.account_id = e.account_id AND b.state = 'queued'" \
    " AND b.authorization_id = e.authorization_id AND b.position < e.position)"                     \
    " AND NOT EXISTS (SELECT 1 FROM exchange a WHERE a.account_id = e.account_id"                   \
    " AND a.request_id = e.authorization_id AND a.state = 'intent') "

// Accounts whose advices all wait for others are left out, lest they crowd out those with something to send.
constexpr Statement find_due{"exchange_find_due", R"(
SELECT e.account_id FROM exchange e WHERE e.state = 'queued' AND e.next_at <= $1 AND e.lease_until < $1
   AND )" NOTHING_BEFORE_IT R"(
 GROUP BY e.account_id ORDER BY min(e.next_at), e.account_id LIMIT 64)"};

// Materialized, since a subquery with SKIP LOCKED may run again for each row of a join, and then more than
// the limit are taken.
constexpr Statement lease_due{"exchange_lease_due", R"(
WITH due AS MATERIALIZED (
   SELECT e.request_id FROM exchange e
    WHERE e.account_id = $1 AND e.state = 'queued' AND e.next_at <= $2 AND e.lease_until < $2
      AND )" NOTHING_BEFORE_IT R"(
    ORDER BY e.next_at, e.request_id LIMIT $5 FOR UPDATE SKIP LOCKED)
UPDATE exchange SET lease_owner = $3, lease_until = $4, attempts = attempts + 1
 WHERE account_id = $1 AND request_id IN (SELECT request_id FROM due)
RETURNING )" EXCHANGE_COLUMNS};

constexpr Statement end_queued{"exchange_end_queued", R"(
UPDATE exchange SET state = $3, response_code = $4, authorization_code = $5, settlement_date = $6,
       network_transaction_id = $7, merchant_advice = $8, avs_result = $9, cvc_result = $10, approved_amount = $11,
       ended_at = $12, lease_until = 0
 WHERE account_id = $1 AND request_id = $2 AND state = 'queued')"};

// `attempts` tells this lease from a later one of another process.
constexpr Statement put_back_queued{"exchange_put_back", R"(
UPDATE exchange SET attempts = $4, next_at = $5, lease_until = 0
 WHERE account_id = $1 AND request_id = $2 AND state = 'queued' AND attempts = $3)"};

constexpr Statement measure_queue{"exchange_measure_queue", R"(
SELECT count(*), coalesce(min(created_at), 0) FROM exchange WHERE state = 'queued')"};

constexpr Statement take_block{"number_block_take", R"(
INSERT INTO number_block (name, block) VALUES ($1, 0)
ON CONFLICT (name) DO UPDATE SET block = number_block.block + 1 RETURNING block)"};

template <class Enum, std::size_t N>
std::optional<Enum> named(std::string_view text, const std::array<Enum, N>& values) {
    for (const auto value : values)
        if (relay::to_string(value) == text) return value;
    return std::nullopt;
}

constexpr std::array kinds{Kind::authorization, Kind::capture, Kind::reversal, Kind::refund, Kind::refused};
constexpr std::array states{State::intent,   State::queued,   State::answered,
                            State::reversed, State::not_sent, State::parked};

// Takes the columns of EXCHANGE_COLUMNS one after the other.
class Columns {
  public:
    explicit Columns(const pqxx::row& row) : row_{row} {}
    std::string text() { return row_[next_++].as<std::string>(); }
    template <class T>
    T as() {
        return row_[next_++].as<T>();
    }

  private:
    const pqxx::row& row_;
    pqxx::row::size_type next_ = 0;
};

void read_answer(Columns& columns, Answer& answer) {
    answer.response_code = columns.text();
    answer.authorization_code = columns.text();
    answer.settlement_date = columns.text();
    answer.network_transaction_id = columns.text();
    answer.merchant_advice = columns.text();
    answer.avs_result = columns.text();
    answer.cvc_result = columns.text();
    answer.approved_amount = columns.as<std::int64_t>();
}

Result<Record> read_record(const pqxx::row& row) {
    Columns columns{row};
    Record r;
    r.account.value = columns.as<std::int64_t>();
    r.request_id = columns.text();
    const auto kind = named(columns.text(), kinds);
    const auto state = named(columns.text(), states);
    if (!kind || !state) return Fail{Error::internal("an exchange is of an unknown kind or state")};
    r.kind = *kind, r.state = *state;
    r.authorization_id = columns.text();
    r.position = columns.as<int>();
    r.livemode = columns.as<bool>();
    r.card_token = columns.text();
    r.amount = columns.as<std::int64_t>();
    for (auto* member : {&r.currency,
                         &r.mcc,
                         &r.country_numeric,
                         &r.terminal_id,
                         &r.merchant_id,
                         &r.name_location,
                         &r.entry_mode,
                         &r.condition,
                         &r.stored_credential,
                         &r.network_id,
                         &r.acquirer_id,
                         &r.forwarder_id,
                         &r.stan,
                         &r.rrn,
                         &r.sent_at,
                         &r.original_stan,
                         &r.original_sent_at,
                         &r.original_code,
                         &r.processing_code,
                         &r.original_mti,
                         &r.payment_rrn,
                         &r.reason})
        *member = columns.text();
    r.capture_sequence = columns.as<int>();
    r.capture_count = columns.as<int>();
    read_answer(columns, r.answer);
    r.attempts = columns.as<int>();
    r.lease_owner = columns.text();
    r.lease_until = columns.as<std::int64_t>();
    r.created_at = columns.as<std::int64_t>();
    return r;
}

Error no_such_exchange() {
    return Error{404, ErrorType::invalid_request, "resource_missing", "No such exchange with the acquirer."}
        .with_cause(Cause::not_found);
}

// The vault itself is well: the field lets a client tell.
Error refund_is_open() {
    return Error::unavailable("another refund of the payment is open").with_field("cause", "refund_open");
}

Error refund_is_final() {
    return Error{409, ErrorType::invalid_request, "", "A refund is not reversed."}.with_cause(
        Cause::conflict);
}

Result<Record> read_one(const pqxx::result& rows) {
    if (rows.empty()) return Fail{no_such_exchange()};
    return read_record(rows[0]);
}

Result<Record> find_in(Transaction& tx, AccountId account, const std::string& request_id) {
    return read_one(tx.exec(find_record, account.value, request_id));
}

// false: the id is taken.
bool insert(Transaction& tx, const Record& r, std::int64_t next_at) {
    return !tx.exec(insert_record, r.account.value, r.request_id, std::string{relay::to_string(r.kind)},
                    std::string{relay::to_string(r.state)}, r.authorization_id, r.position, r.livemode,
                    r.card_token, r.amount, r.currency, r.mcc, r.country_numeric, r.terminal_id,
                    r.merchant_id, r.name_location, r.entry_mode, r.condition, r.stored_credential,
                    r.network_id, r.acquirer_id, r.forwarder_id, r.stan, r.rrn, r.sent_at, r.original_stan,
                    r.original_sent_at, r.original_code, r.processing_code, r.original_mti, r.payment_rrn,
                    r.reason, r.capture_sequence, r.capture_count, r.lease_owner, r.lease_until, r.created_at,
                    next_at)
                .empty();
}

pqxx::result end(Transaction& tx, const Statement& statement, const Record& r, State state, const Answer& a,
                 std::int64_t now) {
    return tx.exec(statement, r.account.value, r.request_id, std::string{relay::to_string(state)},
                   a.response_code, a.authorization_code, a.settlement_date, a.network_transaction_id,
                   a.merchant_advice, a.avs_result, a.cvc_result, a.approved_amount, now);
}

}  // namespace

Task<ExchangeStore::Kept> ExchangeStore::insert_intent(Record record, Deadline deadline) {
    auto job = [record = std::move(record)](Transaction& tx) -> Result<Kept> {
        if (record.kind == Kind::refund) {
            tx.exec(lock_payment, record.account.value, record.authorization_id);
            if (auto found = find_in(tx, record.account, record.request_id); found)
                return Kept{false, *std::move(found)};
            if (!tx.exec(find_open_refund, record.account.value, record.authorization_id).empty())
                return Fail{refund_is_open()};
        }
        if (insert(tx, record, 0)) return Kept{true, record};
        auto found = find_in(tx, record.account, record.request_id);
        if (!found) return Fail{std::move(found.error())};
        return Kept{false, *std::move(found)};
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<Record> ExchangeStore::end_intent(Record record, State state, Answer answer,
                                       std::optional<Record> reversal, std::int64_t now, Deadline deadline) {
    auto job = [record = std::move(record), state, answer = std::move(answer), reversal = std::move(reversal),
                now](Transaction& tx) -> Result<Record> {
        const auto ended = end(tx, end_open_intent, record, state, answer, now);
        if (ended.affected_rows() == 1 && reversal) {
            Record advice = *reversal;
            const auto counted = tx.exec(count_advice, advice.account.value, advice.authorization_id);
            if (counted.empty()) return Fail{Error::internal("a reversal's payment is not there")};
            advice.position = counted[0][0].as<int>();
            if (!insert(tx, advice, now)) return Fail{Error::internal("a reversal's id is taken")};
        }
        return find_in(tx, record.account, record.request_id);
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<ExchangeStore::Kept> ExchangeStore::insert_advice(AccountId account, std::string request_id,
                                                       std::string authorization_id,
                                                       std::function<Record(const Record&)> compose,
                                                       Deadline deadline) {
    auto job = [account, request_id = std::move(request_id), authorization_id = std::move(authorization_id),
                compose = std::move(compose)](Transaction& tx) -> Result<Kept> {
        if (auto found = find_in(tx, account, request_id); found) return Kept{false, *std::move(found)};
        const auto counted = tx.exec(count_advice, account.value, authorization_id);
        const auto authorization = find_in(tx, account, authorization_id);
        if (authorization && authorization->kind == Kind::refund) return Fail{refund_is_final()};
        if (counted.empty() || !authorization) return Fail{no_such_exchange()};
        Record advice = compose(*authorization);
        const bool approved = authorization->state == State::answered &&
                              relay::is_approval(authorization->answer.response_code);
        if (advice.kind == Kind::capture && !approved)
            return Fail{
                Error{409, ErrorType::invalid_request, "", "The authorization was not approved."}.with_cause(
                    Cause::conflict)};
        advice.position = counted[0][0].as<int>();
        if (insert(tx, advice, advice.created_at)) return Kept{true, std::move(advice)};
        auto found = find_in(tx, account, request_id);
        if (!found) return Fail{std::move(found.error())};
        return Kept{false, *std::move(found)};
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<Record> ExchangeStore::find_or_refuse(AccountId account, std::string request_id, std::int64_t now,
                                           Deadline deadline) {
    auto job = [account, request_id = std::move(request_id), now](Transaction& tx) -> Result<Record> {
        if (auto found = find_in(tx, account, request_id); found) return found;
        tx.exec(refuse_id, account.value, request_id, now);
        return find_in(tx, account, request_id);
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<Record> ExchangeStore::find(AccountId account, std::string request_id, Deadline deadline) {
    auto job = [account, request_id = std::move(request_id)](Transaction& tx) {
        return find_in(tx, account, request_id);
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::vector<ExchangeStore::Key>> ExchangeStore::abandoned_intents(std::int64_t now, std::string owner,
                                                                       std::int64_t started,
                                                                       Deadline deadline) {
    auto job = [now, owner = std::move(owner), started](Transaction& tx) -> Result<std::vector<Key>> {
        std::vector<Key> keys;
        for (const auto& row : tx.exec(find_abandoned, now, owner, started))
            keys.push_back(Key{AccountId{row[0].as<std::int64_t>()}, row[1].as<std::string>()});
        return keys;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::int64_t> ExchangeStore::release_leases(std::string owner, Deadline deadline) {
    auto job = [owner = std::move(owner)](Transaction& tx) -> Result<std::int64_t> {
        return static_cast<std::int64_t>(tx.exec(release_owner, owner).affected_rows());
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::vector<AccountId>> ExchangeStore::due_accounts(std::int64_t now, Deadline deadline) {
    auto job = [now](Transaction& tx) -> Result<std::vector<AccountId>> {
        std::vector<AccountId> accounts;
        for (const auto& row : tx.exec(find_due, now))
            accounts.push_back(AccountId{row[0].as<std::int64_t>()});
        return accounts;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::vector<Record>> ExchangeStore::lease_advices(AccountId account, std::string owner, std::int64_t now,
                                                       std::int64_t lease_until, int limit,
                                                       Deadline deadline) {
    auto job = [account, owner = std::move(owner), now, lease_until,
                limit](Transaction& tx) -> Result<std::vector<Record>> {
        std::vector<Record> leased;
        for (const auto& row : tx.exec(lease_due, account.value, now, owner, lease_until, limit)) {
            auto record = read_record(row);
            if (!record) return Fail{std::move(record.error())};
            leased.push_back(*std::move(record));
        }
        return leased;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<Record> ExchangeStore::end_advice(Record record, State state, Answer answer, std::int64_t now,
                                       Deadline deadline) {
    auto job = [record = std::move(record), state, answer = std::move(answer), now](Transaction& tx) {
        end(tx, end_queued, record, state, answer, now);
        return find_in(tx, record.account, record.request_id);
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<bool> ExchangeStore::put_back(Record record, int attempts, std::int64_t next_at, Deadline deadline) {
    auto job = [record = std::move(record), attempts, next_at](Transaction& tx) -> Result<bool> {
        return tx.exec(put_back_queued, record.account.value, record.request_id, record.attempts, attempts,
                       next_at)
                   .affected_rows() == 1;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<ExchangeStore::Queue> ExchangeStore::queue(Deadline deadline) {
    auto job = [](Transaction& tx) -> Result<Queue> {
        const auto rows = tx.exec(measure_queue);
        return Queue{rows[0][0].as<std::int64_t>(), rows[0][1].as<std::int64_t>()};
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::int64_t> ExchangeStore::next_block(std::string name, Deadline deadline) {
    auto job = [name = std::move(name)](Transaction& tx) -> Result<std::int64_t> {
        return tx.exec(take_block, name)[0][0].as<std::int64_t>();
    };
    return pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
