// Searches of CardChanges. Each takes a bounded window of what one index leads to and keeps what fits the
// other conditions. Cards of one fingerprint, last four digits or month of expiry are sorted by token first.
#include <charconv>

#include "vault/cards/metadata.h"
#include "vault/store/card_changes.h"

#define SHOWN_COLUMNS                                                                           \
    "c.token, c.brand, c.last4, c.funding, c.country, c.exp_month, c.exp_year, c.fingerprint, " \
    "c.authentication, c.risk "

// A row of an erased card is there when a backup was restored. The last row of a full window comes too,
// whether it fits or not: the next page begins behind it.
#define OUTER_QUERY(order)                                                                                 \
    "), judged AS (SELECT c.*, "                                                                           \
    "   ($3::text = '' OR c.fingerprint = $3) AND ($4::text = '' OR c.brand = $4)"                         \
    "   AND ($5::text = '' OR c.last4 = $5)"                                                               \
    "   AND c.exp_year * 12 + c.exp_month BETWEEN $6::integer AND $7::integer"                             \
    "   AND ($8::text = '' OR EXISTS (SELECT 1 FROM card_metadata m WHERE m.account_id = $1"               \
    "        AND m.token = c.token AND m.key = $8 AND m.value = $9::text))"                                \
    "   AND NOT EXISTS (SELECT 1 FROM card_tombstone t WHERE t.account_id = $1 AND t.token = c.token) AS " \
    "fits,"                                                                                                \
    "   row_number() OVER (ORDER BY " order                                                                \
    ") AS place, count(*) OVER () AS scanned FROM seen c) "                                                \
    "SELECT " SHOWN_COLUMNS                                                                                \
    ", fits, scanned,"                                                                                     \
    "  (SELECT jsonb_object_agg(m.key, m.value)::text FROM card_metadata m"                                \
    "    WHERE m.account_id = $1 AND m.token = c.token)"                                                   \
    "  FROM judged c WHERE fits OR place = scanned ORDER BY place LIMIT $12"

#define CARDS_SEEN(condition, order)                                                             \
    "WITH seen AS MATERIALIZED (SELECT " SHOWN_COLUMNS                                           \
    " FROM card c WHERE c.account_id = $1 AND c.livemode = $2 AND " condition " ORDER BY " order \
    " LIMIT $11" OUTER_QUERY(order)

namespace vault::store {
namespace {

using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;
using common::db::Statement;
using common::db::Transaction;

constexpr Statement by_token{"card_search", CARDS_SEEN("c.token > $10", "c.token")};
constexpr Statement by_fingerprint{"card_search_fingerprint",
                                   CARDS_SEEN("c.fingerprint = $3 AND c.token > $10", "c.token")};
constexpr Statement by_last4{"card_search_last4", CARDS_SEEN("c.last4 = $5 AND c.token > $10", "c.token")};
constexpr Statement by_expiry{
    "card_search_expiry",
    CARDS_SEEN("c.exp_year BETWEEN $13::integer AND $15::integer"
               " AND (c.exp_year, c.exp_month, c.token) > ($13::integer, $14::integer, $10)"
               " AND (c.exp_year, c.exp_month) <= ($15::integer, $16::integer)",
               "c.exp_year, c.exp_month, c.token")};
constexpr Statement by_metadata{
    "card_search_metadata",
    "WITH seen AS MATERIALIZED (SELECT " SHOWN_COLUMNS
    " FROM card_metadata i JOIN card c ON c.account_id = $1 AND c.token = i.token"
    " WHERE i.account_id = $1 AND i.livemode = $2 AND i.key = $8 AND i.value = $9 AND i.token > $10"
    " ORDER BY i.token LIMIT $11" OUTER_QUERY("c.token")};

constexpr cards::Expiry earliest{1, 2000}, latest{12, 2199};

int months_of(const cards::Expiry& expiry) {
    return expiry.year * 12 + expiry.month;
}

// Behind which row the next page begins: a token, in the order of expiry dates "YYYYMM.token".
struct Cursor {
    std::optional<cards::Expiry> expiry;
    std::string token;
};

std::optional<Cursor> cursor_of(std::string_view text) {
    const auto point = text.find('.');
    if (point == text.npos) return Cursor{std::nullopt, std::string{text}};
    constexpr std::size_t month_size = 6;
    int number = 0;
    const auto end = text.data() + point;
    if (point != month_size) return std::nullopt;
    if (const auto [stop, fault] = std::from_chars(text.data(), end, number);
        fault != std::errc{} || stop != end)
        return std::nullopt;
    return Cursor{cards::Expiry{number % 100, number / 100}, std::string{text.substr(point + 1)}};
}

std::string text_of(const cards::CardFacts& card, bool by_date) {
    return by_date ? std::to_string(card.exp_year * 100 + card.exp_month) + '.' + card.token : card.token;
}

cards::CardFacts card_of(const pqxx::row& row) {
    const auto text = [&](int column) { return row[column].as<std::string>(); };
    return {text(0),
            text(1),
            text(2),
            text(3),
            text(4),
            text(7),
            row[5].as<int>(),
            row[6].as<int>(),
            text(8),
            text(9),
            cards::metadata_of(row[12].as<std::string>(""))};
}

cards::CardPage page_of(const pqxx::result& rows, int limit, bool by_date) {
    cards::CardPage page;
    for (const auto& row : rows) {
        auto card = card_of(row);
        const bool fits = row[10].as<bool>();
        if (fits && static_cast<int>(page.cards.size()) == limit) {
            page.next = text_of(page.cards.back(), by_date);
            return page;
        }
        if (row[11].as<int>() == CardChanges::rows_scanned_max) page.next = text_of(card, by_date);
        if (fits) page.cards.push_back(std::move(card));
    }
    return page;
}

// The condition that leaves the fewest rows.
const Statement& index_for(const cards::CardSearch& search) {
    if (!search.fingerprint.empty()) return by_fingerprint;
    if (!search.metadata_key.empty()) return by_metadata;
    if (!search.last4.empty()) return by_last4;
    if (search.expires_from || search.expires_to) return by_expiry;
    return by_token;
}

}  // namespace

Task<cards::CardPage> CardChanges::search(cards::CardSearch search, Deadline deadline) {
    const auto& statement = index_for(search);
    const bool by_date = &statement == &by_expiry;
    const auto after = cursor_of(search.after);
    if (!after || (!search.after.empty() && after->expiry.has_value() != by_date))
        co_return Fail{Error::invalid("parameter_invalid", "starting_after",
                                      "starting_after is not the `next` of an earlier page of this search.")};
    auto job = [search = std::move(search), &statement, by_date,
                after = *after](Transaction& tx) -> Result<cards::CardPage> {
        const auto from = search.expires_from.value_or(earliest), to = search.expires_to.value_or(latest);
        const auto run = [&](auto... more) {
            return tx.exec(statement, search.account.value, search.livemode, search.fingerprint, search.brand,
                           search.last4, months_of(from), months_of(to), search.metadata_key,
                           search.metadata_value, after.token, rows_scanned_max, search.limit + 1, more...);
        };
        const auto start = after.expiry.value_or(from);
        return page_of(by_date ? run(start.year, start.month, to.year, to.month) : run(), search.limit,
                       by_date);
    };
    co_return co_await pool_.read(std::move(job), deadline);
}

}  // namespace vault::store
