#include "vault/cards/card_service.h"

#include "vault/cards/metadata.h"
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
    if (const auto good = check_metadata(card.metadata); !good) {
        wipe(card.metadata);
        co_return Fail{good.error()};
    }
    // An id of the sandbox table is nobody's number.
    if (card.sandbox_id.empty())
        if (const auto allowed = co_await parts_.velocity.allow(checked->pan, deadline); !allowed) {
            parts_.metrics.count("vault_cards_refused_total");
            co_return Fail{allowed.error()};
        }
    auto fingerprint = co_await parts_.fingerprinter.of(card.account, card.livemode, checked->pan, deadline);
    if (!fingerprint) co_return Fail{std::move(fingerprint).error()};
    // A token of digits may be there already: then another one is drawn.
    constexpr unsigned attempts_max = 8;
    for (unsigned attempt = 0; attempt < attempts_max; ++attempt) {
        const auto merchant_key = co_await parts_.keys.active(card.account, card.livemode, deadline);
        if (!merchant_key) co_return Fail{merchant_key.error()};
        const auto card_key = co_await parts_.material.draw(deadline);
        if (!card_key) co_return Fail{card_key.error()};
        auto token = co_await free_token(card, *checked, deadline);
        if (!token) co_return Fail{token.error()};
        if (auto recorded = co_await record("card.create", *token, card.caller, deadline); !recorded)
            co_return Fail{std::move(recorded).error()};
        auto row = row_of(card, *checked, std::move(*token), *fingerprint, **merchant_key, *card_key);
        NewCardResult result{row.facts, ""};
        const auto stored = co_await insert(std::move(row), deadline);
        if (!stored && stored.error().cause() == Cause::conflict) {
            // A token that exists, or a merchant key that was replaced since it was read.
            parts_.metrics.count("vault_token_collisions_total");
            parts_.keys.forget(card.account, card.livemode);
            continue;
        }
        if (!stored) co_return Fail{stored.error()};
        if (!checked->cvc.empty()) result.cvc_handle = parts_.codes.put(result.facts.token, checked->cvc);
        parts_.metrics.count("vault_cards_stored_total");
        co_return result;
    }
    co_return Fail{Error::internal("no free token was found in {} attempts", {Safe::number(attempts_max)})};
}

// A token of digits that belonged to an erased card is still known to whoever kept it.
Task<std::string> CardService::free_token(const NewCardInput& card, const Checked& checked,
                                          Deadline deadline) {
    if (card.format == TokenFormat::standard) co_return new_token(card.account, card.livemode);
    constexpr unsigned attempts_max = 8;
    for (unsigned attempt = 0; attempt < attempts_max; ++attempt) {
        auto token = parts_.draw_digits(checked.pan.last4());
        const auto erased = co_await parts_.rows.was_erased(card.account, token, deadline);
        if (!erased) co_return Fail{erased.error()};
        if (!*erased) co_return token;
    }
    co_return Fail{Error::internal("no token of digits was found that no erased card had")};
}

store::CardRow CardService::row_of(const NewCardInput& card, const Checked& checked, std::string token,
                                   const Fingerprint& fingerprint, const keys::MerchantKey& merchant_key,
                                   const common::SecretBytes& card_key) const {
    store::CardRow row;
    row.scope = {card.account, card.livemode, std::move(token)};
    auto bin = parts_.bins.current()->facts_of(checked.pan);
    row.facts = {row.scope.token,
                 bin.brand.empty() ? std::string{to_string(checked.pan.brand())} : std::move(bin.brand),
                 checked.pan.last4(),
                 std::move(bin.funding),
                 std::move(bin.country),
                 fingerprint.text,
                 checked.expiry.month,
                 checked.expiry.year,
                 checked.authentication,
                 checked.risk,
                 card.metadata};
    row.fingerprint_key_version = fingerprint.key_version;
    row.sealed = CardSealer::seal(row.scope, checked.pan, checked.expiry, merchant_key, card_key);
    row.last_used_day = day_of(parts_.clock.now());
    return row;
}

Task<bool> CardService::record(const char* action, const std::string& token, audit::Caller caller,
                               Deadline deadline) {
    co_return co_await parts_.trail.record({std::move(caller.actor), action, token, std::move(caller.origin),
                                            audit::Outcome::begun, std::move(caller.detail)},
                                           deadline);
}

// A commit without an answer is settled by reading: the id of the card's key tells this call's row from
// one that had the token before.
Task<bool> CardService::insert(store::CardRow row, Deadline deadline) {
    const auto account = row.scope.account;
    auto token = row.scope.token;
    const auto key_id = row.sealed.key_id;
    auto stored = co_await parts_.rows.insert(std::move(row), deadline);
    if (stored || stored.error().cause() != Cause::outcome_unknown) co_return stored;
    const auto found = co_await parts_.rows.find(account, std::move(token), deadline);
    if (found && found->sealed.key_id == key_id) co_return true;
    co_return Fail{Error::unavailable("the commit of a new card has an unknown outcome")};
}

// One of another account or mode is as unknown as an invented one.
Task<store::CardRow> CardService::find(AccountId account, std::string token, Deadline deadline) {
    if (!may_belong_to(token, account)) {
        parts_.metrics.count("vault_tokens_unknown_total");
        co_return Fail{store::no_such_card(token)};
    }
    auto row = co_await parts_.rows.find(account, std::move(token), deadline);
    if (!row && row.error().cause() == Cause::not_found) parts_.metrics.count("vault_tokens_unknown_total");
    co_return row;
}

Task<OpenCard> CardService::open(AccountId account, bool livemode, std::string token, std::string cvc_handle,
                                 audit::Caller caller, Deadline deadline) {
    if (contradicts_mode(token, livemode)) co_return Fail{store::no_such_card(token)};
    const auto row = co_await find(account, token, deadline);
    if (!row) co_return Fail{row.error()};
    if (is_digit_token(token) && row->scope.livemode != livemode) co_return Fail{store::no_such_card(token)};
    const auto& sealed = row->sealed;
    const auto key = co_await parts_.keys.version(account, livemode, sealed.merchant_key_version, deadline);
    if (!key) co_return Fail{key.error()};
    if (auto recorded = co_await record("card.open", token, std::move(caller), deadline); !recorded)
        co_return Fail{std::move(recorded).error()};
    // What was asked for goes into the associated data, not what the row says of itself.
    const CardScope scope{account, livemode, token};
    auto opened = CardSealer::open(scope, sealed, **key);
    if (!opened) {
        parts_.metrics.count("vault_card_integrity_failures_total");
        co_return Fail{std::move(opened).error()};
    }
    OpenCard card{std::move(opened->pan), opened->expiry, std::nullopt};
    if (!cvc_handle.empty()) card.cvc = parts_.codes.take(cvc_handle, token);
    parts_.uses.mark(account, token, row->last_used_day);
    parts_.metrics.count("vault_cards_opened_total");
    co_return card;
}

Task<CardFacts> CardService::facts(AccountId account, std::string token, Deadline deadline) {
    auto row = co_await find(account, token, deadline);
    if (!row) co_return Fail{row.error()};
    auto metadata = co_await parts_.changes.metadata(account, std::move(token), deadline);
    if (!metadata) co_return Fail{metadata.error()};
    row->facts.metadata = std::move(*metadata);
    co_return row->facts;
}

}  // namespace vault::cards
