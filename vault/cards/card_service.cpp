#include "vault/cards/card_service.h"

#include "vault/cards/tokens.h"
#include "vault/client/card_errors.h"

namespace vault::cards {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;

struct CardService::Checked {
    Pan pan;
    Cvc cvc;  // empty = not given
    Expiry expiry;
    std::string authentication = "optional";
    std::string risk = "normal";
};

Result<CardService::Checked> CardService::check(const NewCardInput& card) const {
    if (!card.livemode && !parts_.sandbox_enabled)
        return Fail{
            Error::invalid("testmode_unavailable", "livemode", "This vault takes no cards in test mode.")};
    if (!card.sandbox_id.empty()) return check_sandbox_id(card);
    Checked checked;
    auto pan = Pan::parse(card.number.view());
    if (!pan) return Fail{pan.error()};
    checked.pan = std::move(*pan);
    const auto expiry = Expiry::parse(card.exp_month, card.exp_year, parts_.clock.now());
    if (!expiry) return Fail{expiry.error()};
    checked.expiry = *expiry;
    if (!card.cvc.empty()) {
        auto cvc = Cvc::parse(card.cvc.view(), checked.pan.brand());
        if (!cvc) return Fail{cvc.error()};
        checked.cvc = std::move(*cvc);
    }
    const bool is_test = parts_.sandbox.is_test_number(checked.pan);
    if (card.livemode && is_test) return Fail{card_error(CardFault::live_mode_test_card)};
    if (!card.livemode && !is_test) return Fail{card_error(CardFault::test_mode_live_card)};
    if (const auto* known = card.livemode ? nullptr : parts_.sandbox.find(checked.pan)) {
        checked.authentication = known->authentication;
        checked.risk = known->risk;
    }
    return checked;
}

// An id of the table stands for a card as a shopper would type it: with a security code and a date to come.
Result<CardService::Checked> CardService::check_sandbox_id(const NewCardInput& card) const {
    const auto* known = card.livemode ? nullptr : parts_.sandbox.find(card.sandbox_id);
    if (!known)
        return Fail{Error::invalid("resource_missing", "payment_method", "No such PaymentMethod: '{}'",
                                   {Safe::id(card.sandbox_id)})
                        .with_cause(Cause::not_found)};
    auto pan = Pan::parse(known->number);
    if (!pan) return Fail{pan.error()};
    auto cvc = Cvc::parse(parts_.sandbox.security_code(pan->brand()), pan->brand());
    if (!cvc) return Fail{cvc.error()};
    return Checked{std::move(*pan), std::move(*cvc), parts_.sandbox.default_expiry(parts_.clock.now()),
                   known->authentication, known->risk};
}

Task<NewCardResult> CardService::store(NewCardInput card, Deadline deadline) {
    auto checked = check(card);
    if (!checked) {
        parts_.metrics.count("vault_cards_refused_total");
        co_return Fail{std::move(checked).error()};
    }
    auto fingerprint = co_await parts_.fingerprinter.of(card.account, card.livemode, checked->pan, deadline);
    if (!fingerprint) co_return Fail{std::move(fingerprint).error()};
    const auto merchant_key = co_await parts_.keys.active(card.account, card.livemode, deadline);
    if (!merchant_key) co_return Fail{merchant_key.error()};
    const auto card_key = co_await parts_.material.draw(deadline);
    if (!card_key) co_return Fail{card_key.error()};

    store::CardRow row;
    row.scope = {card.account, card.livemode, new_token(card.account, card.livemode)};
    auto bin = parts_.bins.facts_of(checked->pan);
    row.facts = {row.scope.token,         std::string{to_string(checked->pan.brand())},
                 checked->pan.last4(),    std::move(bin.funding),
                 std::move(bin.country),  std::move(*fingerprint),
                 checked->expiry.month,   checked->expiry.year,
                 checked->authentication, checked->risk};
    row.fingerprint_key_version = Fingerprinter::key_version;
    row.sealed = CardSealer::seal(row.scope, checked->pan, checked->expiry, **merchant_key, *card_key);
    NewCardResult result{row.facts, ""};
    const auto stored = co_await insert(std::move(row), deadline);
    if (!stored) co_return Fail{stored.error()};
    if (!checked->cvc.empty()) result.cvc_handle = parts_.codes.put(result.facts.token, checked->cvc);
    parts_.metrics.count("vault_cards_stored_total");
    co_return result;
}

// A commit without an answer is settled by reading the row that only this call can have written.
Task<bool> CardService::insert(store::CardRow row, Deadline deadline) {
    const auto account = row.scope.account;
    auto token = row.scope.token;
    auto stored = co_await parts_.rows.insert(std::move(row), deadline);
    if (stored || stored.error().cause() != Cause::outcome_unknown) co_return stored;
    const auto found = co_await parts_.rows.find(account, std::move(token), deadline);
    if (found) co_return true;
    co_return Fail{Error::unavailable("the commit of a new card has an unknown outcome")};
}

// One of another account or mode is as unknown as an invented one.
Task<store::CardRow> CardService::find(AccountId account, std::string token, Deadline deadline) {
    const auto parts = parse_token(token);
    if (!parts || parts->account != account) co_return Fail{store::no_such_card(token)};
    co_return co_await parts_.rows.find(account, std::move(token), deadline);
}

Task<OpenCard> CardService::open(AccountId account, bool livemode, std::string token, std::string cvc_handle,
                                 Deadline deadline) {
    const auto parts = parse_token(token);
    if (!parts || parts->livemode != livemode) co_return Fail{store::no_such_card(token)};
    const auto row = co_await find(account, token, deadline);
    if (!row) co_return Fail{row.error()};
    const auto& sealed = row->sealed;
    const auto key = co_await parts_.keys.version(account, livemode, sealed.merchant_key_version, deadline);
    if (!key) co_return Fail{key.error()};
    // What was asked for goes into the associated data, not what the row says of itself.
    const CardScope scope{account, livemode, token};
    auto opened = CardSealer::open(scope, sealed, **key);
    if (!opened) {
        parts_.metrics.count("vault_card_integrity_failures_total");
        co_return Fail{std::move(opened).error()};
    }
    OpenCard card{std::move(opened->pan), opened->expiry, std::nullopt};
    if (!cvc_handle.empty()) card.cvc = parts_.codes.take(cvc_handle, token);
    parts_.metrics.count("vault_cards_opened_total");
    co_return card;
}

Task<CardFacts> CardService::facts(AccountId account, std::string token, Deadline deadline) {
    const auto row = co_await find(account, std::move(token), deadline);
    if (!row) co_return Fail{row.error()};
    co_return row->facts;
}

}  // namespace vault::cards
