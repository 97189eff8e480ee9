#include "vault/store/card_rows.h"

#include "vault/cards/metadata.h"
#include "vault/store/erasure.h"
#include "vault/store/merchant_keys.h"

namespace vault::store {
namespace {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;
using common::db::bytes;
using common::db::bytes_text;
using common::db::CopyTarget;
using common::db::Statement;
using common::db::Transaction;

const CopyTarget<17> cards_target{
    "card",
    {"account_id", "token", "livemode", "brand", "last4", "funding", "country", "exp_month", "exp_year",
     "fingerprint", "fingerprint_key_version", "authentication", "risk", "record", "record_key_version",
     "last_used_day", "created_at"}};
const CopyTarget<9> keys_target{"card_key",
                                {"account_id", "token", "id", "merchant_key_id", "merchant_key_version",
                                 "livemode", "sealed", "commitment", "created_at"}};
const CopyTarget<5> metadata_target{"card_metadata", {"account_id", "token", "livemode", "key", "value"}};

// As card_of reads them. The key of a card of the other mode is nobody's, and so the card does not open.
#define ROW_COLUMNS                                                                                \
    "c.livemode, c.brand, c.last4, c.funding, c.country, c.exp_month, c.exp_year, c.fingerprint, " \
    "c.fingerprint_key_version, c.authentication, c.risk, c.record, c.record_key_version, "        \
    "k.id, CASE WHEN k.livemode = c.livemode THEN k.merchant_key_id ELSE '' END, "                 \
    "k.merchant_key_version, k.sealed, k.commitment, c.last_used_day"

constexpr Statement find_card{
    "card_find", "SELECT " ROW_COLUMNS
                 ", (SELECT jsonb_object_agg(m.key, m.value)::text FROM card_metadata m"
                 " WHERE m.account_id = $1 AND m.token = c.token)"
                 " FROM card c JOIN card_key k ON k.account_id = $1 AND k.token = c.token"
                 " WHERE c.account_id = $1 AND c.token = $2"
                 " AND NOT EXISTS (SELECT 1 FROM card_tombstone t WHERE t.account_id = $1 AND t.token = $2)"};

// The window is cut before the mode is looked at, so that no page costs more because the other mode has many.
constexpr Statement find_page{
    "card_page",
    "WITH seen AS MATERIALIZED"
    " (SELECT c.* FROM card c WHERE c.account_id = $1 AND c.token > $3 ORDER BY c.token LIMIT $4)"
    " SELECT " ROW_COLUMNS
    ", c.token, to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),"
    " c.livemode = $2 AND k.id IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM card_tombstone t WHERE t.account_id = $1 AND t.token = c.token) AS fits,"
    " (SELECT jsonb_object_agg(m.key, m.value)::text FROM card_metadata m"
    " WHERE m.account_id = $1 AND m.token = c.token)"
    " FROM seen c LEFT JOIN card_key k ON k.account_id = $1 AND k.token = c.token ORDER BY c.token"};

constexpr Statement count_cards{"card_count",
                                "SELECT count(*) FROM card WHERE livemode = $2 AND account_id = $1"};

constexpr Statement find_cards{
    "card_find_all", "SELECT " ROW_COLUMNS
                     ", c.token FROM card c JOIN card_key k ON k.account_id = $1 AND k.token = c.token"
                     " WHERE c.account_id = $1 AND c.token = ANY ($2::text[]) AND NOT EXISTS"
                     " (SELECT 1 FROM card_tombstone t WHERE t.account_id = $1 AND t.token = c.token)"};

constexpr Statement find_tombstone{"card_tombstone_find",
                                   "SELECT 1 FROM card_tombstone WHERE account_id = $1 AND token = $2"};
constexpr Statement ping_statement{"ping", "SELECT 1"};

struct CopyRows {
    std::vector<decltype(cards_target)::Row> cards;
    std::vector<decltype(keys_target)::Row> keys;
    std::vector<decltype(metadata_target)::Row> metadata;
    void add(const CardRow& row);
};

void CopyRows::add(const CardRow& row) {
    const auto& [scope, facts, fingerprint_key_version, sealed, last_used_day] = row;
    const auto account = std::to_string(scope.account.value);
    const std::string livemode = scope.livemode ? "t" : "f", now = "now";
    cards.push_back({account, scope.token, livemode, facts.brand, facts.last4, facts.funding, facts.country,
                     std::to_string(facts.exp_month), std::to_string(facts.exp_year), facts.fingerprint,
                     std::to_string(fingerprint_key_version), facts.authentication, facts.risk,
                     bytes_text(sealed.record), std::to_string(sealed.record_key_version),
                     std::to_string(last_used_day), now});
    keys.push_back({account, scope.token, bytes_text(sealed.key_id), sealed.merchant_key_id,
                    std::to_string(sealed.merchant_key_version), livemode, bytes_text(sealed.sealed_key),
                    bytes_text(sealed.commitment), now});
    for (const auto& [key, value] : facts.metadata)
        metadata.push_back({account, scope.token, livemode, key, value});
}

CardRow card_of(AccountId account, std::string token, const pqxx::row& row) {
    CardRow card;
    card.scope = {account, row[0].as<bool>(), token};
    auto& facts = card.facts;
    facts.token = std::move(token);
    facts.brand = row[1].as<std::string>();
    facts.last4 = row[2].as<std::string>();
    facts.funding = row[3].as<std::string>();
    facts.country = row[4].as<std::string>();
    facts.exp_month = row[5].as<int>();
    facts.exp_year = row[6].as<int>();
    facts.fingerprint = row[7].as<std::string>();
    card.fingerprint_key_version = row[8].as<unsigned>();
    facts.authentication = row[9].as<std::string>();
    facts.risk = row[10].as<std::string>();
    card.sealed = {bytes(row[11]),         row[12].as<unsigned>(), bytes(row[13]), row[14].as<std::string>(),
                   row[15].as<unsigned>(), bytes(row[16]),         bytes(row[17])};
    card.last_used_day = row[18].as<std::int64_t>();
    return card;
}

}  // namespace

Error no_such_card(std::string_view token) {
    return Error{404, ErrorType::invalid_request, "resource_missing", "No such card: '{}'", {Safe::id(token)}}
        .with_cause(Cause::not_found)
        .with_param("token");
}

Error erased_card(std::string_view token) {
    return Error{
        404, ErrorType::invalid_request, "resource_missing", "This card was erased: '{}'", {Safe::id(token)}}
        .with_cause(Cause::not_found)
        .with_param("token")
        .with_field("cause", "erased");
}

Task<bool> CardRows::insert(Insertion insertion, Deadline deadline) {
    auto job = [insertion = std::move(insertion)](Transaction& tx) -> Result<bool> {
        const auto& first = insertion->rows.front();
        if (tx.exec(hold_active_key, first.scope.account.value, first.sealed.merchant_key_id,
                    first.sealed.merchant_key_version)
                .empty())
            return Fail{
                Error::unavailable("another version of the merchant key is active by now", Cause::conflict)};
        CopyRows copied;
        for (const auto& row : insertion->rows)
            copied.add(row);
        tx.copy(cards_target, copied.cards);
        tx.copy(keys_target, copied.keys);
        if (!copied.metadata.empty()) tx.copy(metadata_target, copied.metadata);
        if (insertion->chunk)
            if (auto added = store::insert(tx, *insertion->chunk); !added) return added;
        if (insertion->recorded.wait_until(insertion->recorded_by) != std::future_status::ready)
            return Fail{Error::unavailable("the audit log did not answer", Cause::deadline_exceeded)};
        return insertion->recorded.get();
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<CardRow> CardRows::find(AccountId account, std::string token, Deadline deadline) {
    auto job = [account, token = std::move(token)](Transaction& tx) -> Result<CardRow> {
        const auto rows = tx.exec(find_card, account.value, token);
        if (rows.empty()) {
            const bool erased = !tx.exec(find_tombstone, account.value, token).empty();
            return Fail{erased ? erased_card(token) : no_such_card(token)};
        }
        constexpr int metadata = 19;
        auto card = card_of(account, token, rows[0]);
        card.facts.metadata = cards::metadata_of(rows[0][metadata].as<std::string>(""));
        return card;
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::map<std::string, CardRow>> CardRows::find_all(AccountId account, std::vector<std::string> tokens,
                                                        Deadline deadline) {
    auto job = [account,
                array = array_of(tokens)](Transaction& tx) -> Result<std::map<std::string, CardRow>> {
        std::map<std::string, CardRow> found;
        for (const auto& row : tx.exec(find_cards, account.value, array)) {
            auto token = row[19].as<std::string>();
            auto card = card_of(account, token, row);
            found.emplace(std::move(token), std::move(card));
        }
        return found;
    };
    co_return co_await pool_.read(std::move(job), deadline);
}

Task<CardRowPage> CardRows::page(AccountId account, bool livemode, std::string after, int limit,
                                 Deadline deadline) {
    auto job = [account, livemode, after = std::move(after), limit](Transaction& tx) -> Result<CardRowPage> {
        constexpr int token = 19, created = 20, fits = 21, metadata = 22;
        CardRowPage page;
        const auto rows = tx.exec(find_page, account.value, livemode, after, limit);
        for (const auto& row : rows) {
            if (!row[fits].as<bool>()) continue;
            auto card = card_of(account, row[token].as<std::string>(), row);
            card.facts.metadata = cards::metadata_of(row[metadata].as<std::string>(""));
            page.cards.push_back({std::move(card), row[created].as<std::string>()});
        }
        if (static_cast<int>(rows.size()) == limit) page.next = rows.back()[token].as<std::string>();
        return page;
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::int64_t> CardRows::count(AccountId account, bool livemode, Deadline deadline) {
    auto job = [account, livemode](Transaction& tx) -> Result<std::int64_t> {
        return tx.exec(count_cards, account.value, livemode)[0][0].as<std::int64_t>();
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> CardRows::was_erased(AccountId account, std::string token, Deadline deadline) {
    auto job = [account, token = std::move(token)](Transaction& tx) -> Result<bool> {
        return !tx.exec(find_tombstone, account.value, token).empty();
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> CardRows::ping(Deadline deadline) {
    auto job = [](Transaction& tx) -> Result<bool> { return !tx.exec(ping_statement).empty(); };
    return pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
