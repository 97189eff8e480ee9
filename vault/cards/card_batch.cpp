#include "vault/cards/card_batch.h"

#include <boost/asio/co_spawn.hpp>

#include "common/assert.h"
#include "vault/cards/tokens.h"
#include "vault/cards/use_marks.h"

namespace vault::cards {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Safe;
using common::Task;
using Insertion = store::CardRows::Insertion;

constexpr unsigned attempts_max = 8;
constexpr std::chrono::seconds record_max{10}, settle_max{5};
constexpr std::chrono::milliseconds record_grace{200};  // the log itself answers when the time is over

std::vector<audit::Entry> entry_each(const std::vector<CheckedCard>& cards,
                                     const std::vector<std::string>& tokens) {
    std::vector<audit::Entry> entries;
    entries.reserve(cards.size());
    for (std::size_t i = 0; i < cards.size(); ++i) {
        const auto& caller = cards[i].caller;
        entries.push_back(
            {caller.actor, "card.create", tokens[i], caller.origin, audit::Outcome::begun, caller.detail});
    }
    return entries;
}

}  // namespace

Task<CardBatch::Stored> CardBatch::store(const std::vector<CheckedCard>& cards, Deadline deadline) {
    return store(
        cards, [&cards](const auto& tokens) { return entry_each(cards, tokens); },
        [](const auto&) { return std::nullopt; }, deadline);
}

Task<CardBatch::Stored> CardBatch::store(const std::vector<CheckedCard>& cards, EntriesOf entries,
                                         JournalOf journal, Deadline deadline) {
    PORTCULLIS_ASSERT(!cards.empty());
    const auto account = cards.front().account;
    const bool livemode = cards.front().livemode;
    std::vector<const Pan*> pans;
    for (const auto& card : cards) {
        PORTCULLIS_ASSERT(card.account == account && card.livemode == livemode);
        pans.push_back(&card.pan);
    }
    const auto fingerprints =
        co_await parts_.fingerprinter.of_all(account, livemode, std::move(pans), deadline);
    if (!fingerprints) co_return Fail{fingerprints.error()};
    // A token of digits may be there already: then others are drawn.
    for (unsigned attempt = 0; attempt < attempts_max; ++attempt) {
        auto tokens = co_await free_tokens(cards, deadline);
        if (!tokens) co_return Fail{std::move(tokens).error()};
        auto told = entries(*tokens);
        auto chunk = journal(*tokens);
        auto rows = co_await sealed(cards, *fingerprints, std::move(*tokens), deadline);
        if (!rows) co_return Fail{std::move(rows).error()};
        auto recorded = begin_to_record(co_await boost::asio::this_coro::executor, std::move(told), deadline);
        const auto recorded_by = deadline.at_most(record_max).at() + record_grace;
        auto insertion = std::make_shared<store::CardInsertion>(std::move(*rows), std::move(chunk),
                                                                std::move(recorded), recorded_by);
        auto stored = co_await insert(insertion, deadline);
        if (stored) co_return finished(cards, insertion);
        if (stored.error().cause() != Cause::conflict) co_return Fail{std::move(stored).error()};
        // A token that exists, or a merchant key that was replaced since it was read.
        parts_.metrics.count("vault_token_collisions_total");
        parts_.keys.forget(account, livemode);
    }
    co_return Fail{Error::internal("no free token was found in {} attempts", {Safe::number(attempts_max)})};
}

// The rows are written meanwhile, and wait with their COMMIT.
std::shared_future<common::Result<bool>> CardBatch::begin_to_record(
    const boost::asio::any_io_executor& executor, std::vector<audit::Entry> entries, Deadline deadline) {
    auto promise = std::make_shared<std::promise<common::Result<bool>>>();
    auto future = promise->get_future().share();
    boost::asio::co_spawn(executor, parts_.trail.record_all(std::move(entries), deadline),
                          [promise](const std::exception_ptr& thrown, common::Result<bool> recorded) {
                              if (thrown) recorded = Fail{Error::internal("exception in the audit log")};
                              promise->set_value(std::move(recorded));
                          });
    return future;
}

// Also after an insert that met a conflict, so that its own card is told from a change of the merchant key.
Task<std::string> CardBatch::given_token(const CheckedCard& card, Deadline deadline) {
    const auto parts = parse_token(card.token);
    if (!parts || parts->account != card.account || parts->livemode != card.livemode)
        co_return Fail{
            Error::internal("a token that was given for a new card is of another account or mode")};
    const auto erased = co_await parts_.rows.was_erased(card.account, card.token, deadline);
    if (!erased) co_return Fail{erased.error()};
    if (*erased) co_return Fail{store::erased_card(card.token)};
    const auto there = co_await parts_.rows.find(card.account, card.token, deadline);
    if (there)
        co_return Fail{Error{409,
                             common::ErrorType::invalid_request,
                             "token_exists",
                             "A card has this token already: '{}'",
                             {Safe::id(card.token)}}
                           .with_cause(Cause::conflict)};
    if (there.error().cause() != Cause::not_found) co_return Fail{there.error()};
    co_return card.token;
}

// A token of digits that belonged to an erased card is still known to whoever kept it.
Task<std::string> CardBatch::free_token(const CheckedCard& card, Deadline deadline) {
    for (unsigned attempt = 0; attempt < attempts_max; ++attempt) {
        auto token = parts_.draw_digits(card.pan.last4());
        const auto erased = co_await parts_.rows.was_erased(card.account, token, deadline);
        if (!erased) co_return Fail{erased.error()};
        if (!*erased) co_return token;
    }
    co_return Fail{Error::internal("no token of digits was found that no erased card had")};
}

Task<std::vector<std::string>> CardBatch::free_tokens(const std::vector<CheckedCard>& cards,
                                                      Deadline deadline) {
    std::vector<std::string> tokens;
    tokens.reserve(cards.size());
    for (const auto& card : cards) {
        if (card.token.empty() && card.format == TokenFormat::standard) {
            tokens.push_back(new_token(card.account, card.livemode));
            continue;
        }
        auto token =
            card.token.empty() ? co_await free_token(card, deadline) : co_await given_token(card, deadline);
        if (!token) co_return Fail{std::move(token).error()};
        tokens.push_back(std::move(*token));
    }
    co_return tokens;
}

Task<std::vector<store::CardRow>> CardBatch::sealed(const std::vector<CheckedCard>& cards,
                                                    const std::vector<Fingerprint>& fingerprints,
                                                    std::vector<std::string> tokens, Deadline deadline) {
    const auto merchant_key =
        co_await parts_.keys.active(cards.front().account, cards.front().livemode, deadline);
    if (!merchant_key) co_return Fail{merchant_key.error()};
    const auto card_keys = co_await parts_.material.draw(cards.size(), deadline);
    if (!card_keys) co_return Fail{card_keys.error()};
    std::vector<store::CardRow> rows;
    rows.reserve(cards.size());
    for (std::size_t i = 0; i < cards.size(); ++i)
        rows.push_back(
            row_of(cards[i], std::move(tokens[i]), fingerprints[i], **merchant_key, (*card_keys)[i]));
    co_return rows;
}

store::CardRow CardBatch::row_of(const CheckedCard& card, std::string token, const Fingerprint& fingerprint,
                                 const keys::MerchantKey& merchant_key,
                                 const common::SecretBytes& card_key) const {
    store::CardRow row;
    row.scope = {card.account, card.livemode, std::move(token)};
    auto bin = parts_.bins.current()->facts_of(card.pan);
    row.facts = {row.scope.token,
                 bin.brand.empty() ? std::string{to_string(card.pan.brand())} : std::move(bin.brand),
                 card.pan.last4(),
                 std::move(bin.funding),
                 std::move(bin.country),
                 fingerprint.text,
                 card.expiry.month,
                 card.expiry.year,
                 card.authentication,
                 card.risk,
                 card.metadata};
    row.fingerprint_key_version = fingerprint.key_version;
    row.sealed = CardSealer::seal(row.scope, card.pan, card.expiry, merchant_key, card_key);
    row.last_used_day = day_of(parts_.clock.now());
    return row;
}

// After a COMMIT without an answer one read may show that it was done: one transaction wrote all or nothing,
// so the first row speaks for the others, and the id of its key tells it from one that had the token before.
Task<bool> CardBatch::insert(const Insertion& insertion, Deadline deadline) {
    auto stored = co_await parts_.rows.insert(insertion, deadline);
    if (stored || stored.error().cause() != Cause::outcome_unknown) co_return stored;
    const auto& first = insertion->rows.front();
    // What is not there yet may still come, where the COMMIT waits for another server.
    const auto found =
        co_await parts_.rows.find(first.scope.account, first.scope.token, Deadline::in(settle_max));
    if (found && found->sealed.key_id == first.sealed.key_id) co_return true;
    co_return stored;
}

CardBatch::Stored CardBatch::finished(const std::vector<CheckedCard>& cards, const Insertion& insertion) {
    Stored results;
    results.reserve(cards.size());
    for (std::size_t i = 0; i < cards.size(); ++i) {
        const auto& facts = insertion->rows[i].facts;
        const auto& cvc = cards[i].cvc;
        results.push_back({facts, cvc.empty() ? "" : parts_.codes.put(facts.token, cvc)});
    }
    parts_.metrics.count("vault_cards_stored_total", {}, static_cast<double>(cards.size()));
    return results;
}

}  // namespace vault::cards
