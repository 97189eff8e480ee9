#include "vault/cards/card_keeper.h"

#include "vault/cards/metadata.h"
#include "vault/cards/tokens.h"
#include "vault/cards/use_marks.h"

namespace vault::cards {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Fail;
using common::Task;
using store::CardChanges;

// The one place where this class writes to the audit trail: before the act, on behalf of the caller.
Task<bool> CardKeeper::record(const char* action, std::string token, audit::Caller caller, const char* what,
                              Deadline deadline) {
    auto detail = std::move(caller.detail);
    if (*what != '\0') detail += (detail.empty() ? "" : " ") + std::string{what};
    co_return co_await parts_.trail.record(
        {std::move(caller.actor), action, std::move(token), std::move(caller.origin), audit::Outcome::begun,
         std::move(detail)},
        deadline);
}

// As in CardService: what was tampered with raises an alarm.
common::Error CardKeeper::noted(common::Error error) {
    if (error.cause() == Cause::integrity) parts_.metrics.count("vault_card_integrity_failures_total");
    return error;
}

// The record holds the expiry date, so the card is opened and sealed under a key of its own again; its number
// does not leave this function.
Task<CardChanges::NewSeal> CardKeeper::seal_anew(const store::CardRow& row, Expiry expiry,
                                                 Deadline deadline) {
    const auto& scope = row.scope;
    const auto old_key = co_await parts_.keys.version(scope.account, scope.livemode,
                                                      row.sealed.merchant_key_version, deadline);
    if (!old_key) co_return Fail{noted(old_key.error())};
    const auto opened = CardSealer::open(scope, row.sealed, **old_key);
    if (!opened) co_return Fail{noted(opened.error())};
    const auto merchant_key = co_await parts_.keys.active(scope.account, scope.livemode, deadline);
    if (!merchant_key) co_return Fail{merchant_key.error()};
    const auto card_key = co_await parts_.material.draw(deadline);
    if (!card_key) co_return Fail{card_key.error()};
    co_return CardChanges::NewSeal{
        row.sealed.key_id, CardSealer::seal(scope, opened->pan, expiry, **merchant_key, *card_key), expiry};
}

Task<CardFacts> CardKeeper::update(CardUpdate change, Deadline deadline) {
    if (const auto good = check_metadata(change.metadata); !good) {
        wipe(change.metadata);
        co_return Fail{good.error()};
    }
    std::optional<Expiry> expiry;
    if (change.exp_month && change.exp_year) {
        const auto parsed = Expiry::parse(*change.exp_month, *change.exp_year, parts_.clock.now());
        if (!parsed) co_return Fail{parsed.error()};
        expiry = *parsed;
    }
    if (!may_belong_to(change.token, change.account)) co_return Fail{store::no_such_card(change.token)};
    auto row = co_await parts_.rows.find(change.account, change.token, deadline);
    if (!row) co_return Fail{row.error()};
    const bool renews = expiry && expiry->yymm() != Expiry{row->facts.exp_month, row->facts.exp_year}.yymm();
    const auto recorded = co_await record("card.update", change.token, std::move(change.caller),
                                          renews ? "expiry date" : "metadata", deadline);
    if (!recorded) co_return Fail{recorded.error()};
    std::optional<CardChanges::NewSeal> seal;
    if (renews) {
        auto sealed = co_await seal_anew(*row, *expiry, deadline);
        if (!sealed) co_return Fail{sealed.error()};
        seal = std::move(*sealed);
    }
    const auto updated = co_await parts_.changes.update(change.account, change.token, std::move(seal),
                                                        std::move(change.metadata), deadline);
    if (!updated) co_return Fail{updated.error()};
    auto metadata = co_await parts_.changes.metadata(change.account, change.token, deadline);
    if (!metadata) co_return Fail{metadata.error()};
    if (expiry) row->facts.exp_month = expiry->month, row->facts.exp_year = expiry->year;
    row->facts.metadata = std::move(*metadata);
    parts_.metrics.count("vault_cards_updated_total");
    co_return row->facts;
}

Task<bool> CardKeeper::erase(AccountId account, std::string token, audit::Caller caller, Deadline deadline) {
    if (!may_belong_to(token, account)) co_return Fail{store::no_such_card(token)};
    const auto recorded = co_await record("card.erase", token, std::move(caller), "", deadline);
    if (!recorded) co_return Fail{recorded.error()};
    const auto erased = co_await parts_.changes.erase(account, token, store::ErasureReason::requested,
                                                      day_of(parts_.clock.now()), deadline);
    if (erased) parts_.metrics.count("vault_cards_erased_total");
    co_return erased;
}

Task<CardPage> CardKeeper::search(CardSearch search, Deadline deadline) {
    co_return co_await parts_.changes.search(std::move(search), deadline);
}

}  // namespace vault::cards
