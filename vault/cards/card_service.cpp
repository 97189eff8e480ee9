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

namespace {

CheckedCard blank_of(const NewCardInput& card) {
    CheckedCard checked;
    checked.account = card.account;
    checked.livemode = card.livemode;
    checked.format = card.format;
    checked.token = card.token;
    checked.caller = card.caller;
    return checked;
}

Error no_test_mode() {
    return Error::invalid("testmode_unavailable", "livemode", "This vault takes no cards in test mode.");
}

// Whose a security code is that came without a card. No token looks like this.
std::string owner_of(AccountId account, bool livemode) {
    return (livemode ? "live:" : "test:") + common::base62_of(account);
}

}  // namespace

CardService::CardService(Parts parts)
    : parts_{std::move(parts)},
      batch_{{parts_.rows, parts_.keys, parts_.material, parts_.fingerprinter, parts_.codes, parts_.bins,
              parts_.trail, parts_.clock, parts_.metrics, parts_.draw_digits}},
      intake_{batch_, {}} {}

Result<Pan> CardService::pan_of(const NewCardInput& card) const {
    if (card.sandbox_id.empty()) return Pan::parse(card.number.view());
    const auto* known = card.livemode ? nullptr : parts_.sandbox.find(card.sandbox_id);
    if (!known)
        return Fail{Error::invalid("resource_missing", "payment_method", "No such PaymentMethod: '{}'",
                                   {Safe::id(card.sandbox_id)})
                        .with_cause(Cause::not_found)};
    return Pan::parse(known->number);
}

Result<CheckedCard> CardService::check(const NewCardInput& card) const {
    auto checked = check_card(card);
    // What holds a card number stays with the caller, who wipes it.
    if (const auto good = check_metadata(card.metadata); checked && !good) return Fail{good.error()};
    if (checked) checked->metadata = card.metadata;
    if (!checked) parts_.metrics.count("vault_cards_refused_total");
    return checked;
}

Result<CheckedCard> CardService::check_card(const NewCardInput& card) const {
    if (!card.livemode && !parts_.sandbox_enabled) return Fail{no_test_mode()};
    if (!card.sandbox_id.empty()) return check_sandbox_id(card);
    auto checked = blank_of(card);
    auto pan = pan_of(card);
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
Result<CheckedCard> CardService::check_sandbox_id(const NewCardInput& card) const {
    auto pan = pan_of(card);
    if (!pan) return Fail{pan.error()};
    const auto* known = parts_.sandbox.find(card.sandbox_id);
    auto cvc = Cvc::parse(parts_.sandbox.security_code(pan->brand()), pan->brand());
    if (!cvc) return Fail{cvc.error()};
    auto checked = blank_of(card);
    checked.pan = std::move(*pan);
    checked.cvc = std::move(*cvc);
    checked.expiry = parts_.sandbox.default_expiry(parts_.clock.now());
    checked.authentication = known->authentication;
    checked.risk = known->risk;
    return checked;
}

Task<NewCardResult> CardService::store(NewCardInput card, Deadline deadline) {
    auto checked = check(card);
    if (!checked) {
        wipe(card.metadata);
        co_return Fail{std::move(checked).error()};
    }
    // An id of the sandbox table is nobody's number.
    if (card.sandbox_id.empty())
        if (const auto allowed = co_await parts_.velocity.allow(checked->pan, deadline); !allowed) {
            parts_.metrics.count("vault_cards_refused_total");
            co_return Fail{allowed.error()};
        }
    if (checked->token.empty()) co_return co_await intake_.store(std::move(*checked), deadline);
    // One whose token may be taken keeps nobody else waiting.
    std::vector<CheckedCard> alone;
    alone.push_back(std::move(*checked));
    auto stored = co_await batch_.store(alone, deadline);
    if (!stored) co_return Fail{std::move(stored).error()};
    co_return std::move(stored->front());
}

Task<bool> CardService::record(const char* action, const std::string& token, audit::Caller caller,
                               Deadline deadline) {
    co_return co_await parts_.trail.record({std::move(caller.actor), action, token, std::move(caller.origin),
                                            audit::Outcome::begun, std::move(caller.detail)},
                                           deadline);
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

// What was tampered with raises an alarm, wherever on the way to the card it was found.
Error CardService::noted(Error error) {
    if (error.cause() == Cause::integrity) parts_.metrics.count("vault_card_integrity_failures_total");
    return error;
}

// A token of digits may be asked for in the wrong mode, and is unknown there; any other one says its mode.
// Whether it is the row that says the wrong one is told by the card's key: the card itself stays closed.
boost::asio::awaitable<Error> CardService::of_other_mode(const store::CardRow& row, Deadline deadline) {
    const auto& [account, livemode, token] = row.scope;
    const auto& sealed = row.sealed;
    const auto key = co_await parts_.keys.version(account, livemode, sealed.merchant_key_version, deadline);
    if (!key) co_return noted(key.error());
    if (is_digit_token(token) && CardSealer::reseal_key(row.scope, sealed, **key, **key))
        co_return store::no_such_card(token);
    co_return noted(
        Error::internal("the row of a card names a mode that is not its own").with_cause(Cause::integrity));
}

Task<OpenCard> CardService::open(AccountId account, bool livemode, std::string token, std::string cvc_handle,
                                 audit::Caller caller, Deadline deadline) {
    if (contradicts_mode(token, livemode)) co_return Fail{store::no_such_card(token)};
    const auto row = co_await find(account, token, deadline);
    if (!row) co_return Fail{row.error()};
    if (row->scope.livemode != livemode) co_return Fail{co_await of_other_mode(*row, deadline)};
    const auto& sealed = row->sealed;
    const auto key = co_await parts_.keys.version(account, livemode, sealed.merchant_key_version, deadline);
    if (!key) co_return Fail{noted(key.error())};
    if (auto recorded = co_await record("card.open", token, std::move(caller), deadline); !recorded)
        co_return Fail{std::move(recorded).error()};
    // What was asked for goes into the associated data, not what the row says of itself.
    const CardScope scope{account, livemode, token};
    auto opened = CardSealer::open(scope, sealed, **key);
    if (!opened) co_return Fail{noted(std::move(opened).error())};
    OpenCard card{std::move(opened->pan), opened->expiry, std::nullopt};
    card.cvc = take_code(scope, cvc_handle);
    parts_.uses.mark(account, token, row->last_used_day);
    parts_.metrics.count("vault_cards_opened_total");
    co_return card;
}

// Which card it is for was not known, and so of which length it has to be.
Result<std::string> CardService::hold_code(AccountId account, bool livemode, const common::SecretText& code) {
    if (!livemode && !parts_.sandbox_enabled) return Fail{no_test_mode()};
    const auto cvc = Cvc::parse(code.view(), Brand::unknown);
    if (!cvc) return Fail{cvc.error()};
    return parts_.codes.put(owner_of(account, livemode), *cvc);
}

std::optional<Cvc> CardService::take_code(const CardScope& scope, std::string_view handle) {
    if (handle.empty()) return std::nullopt;
    auto cvc = parts_.codes.take(handle, scope.token);
    return cvc ? std::move(cvc) : parts_.codes.take(handle, owner_of(scope.account, scope.livemode));
}

Task<CardFacts> CardService::facts(AccountId account, std::string token, Deadline deadline) {
    auto row = co_await find(account, std::move(token), deadline);
    if (!row) co_return Fail{std::move(row).error()};
    co_return std::move(row->facts);
}

}  // namespace vault::cards
