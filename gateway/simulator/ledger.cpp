#include "gateway/simulator/ledger.h"

#include <algorithm>

#include "common/assert.h"

namespace simulator {

std::string_view to_string(Kind kind) {
    constexpr std::string_view names[] = {"authorization", "sale", "refund", "capture"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(State state) {
    constexpr std::string_view names[] = {"approved", "declined", "reversed"};
    return names[static_cast<std::size_t>(state)];
}

const Transaction* Ledger::find(const std::string& id) const {
    const auto found = transactions_.find(id);
    return found == transactions_.end() ? nullptr : &found->second;
}

const Transaction* Ledger::payment_by_reference(const std::string& reference) const {
    const auto found = payments_by_reference_.find(reference);
    return found == payments_by_reference_.end() ? nullptr : find(found->second);
}

std::int64_t Ledger::balance(const std::string& card) const {
    const auto found = balances_.find(card);
    return found == balances_.end() ? default_balance_ : found->second;
}

Position Ledger::position(const std::string& card, const std::string& currency) const {
    const auto found = positions_.find({card, currency});
    return found == positions_.end() ? Position{} : found->second;
}

std::int64_t Ledger::available(const std::string& card, const std::string& currency) const {
    const Position now = position(card, currency);
    return balance(card) - now.held - now.posted;
}

std::string Ledger::check_purchase(const std::string& card, const std::string& currency,
                                   std::int64_t amount) const {
    return amount <= available(card, currency) ? "00" : "51";
}

std::string Ledger::check_capture(const std::string& target, const std::string& currency,
                                  std::int64_t amount) const {
    const Transaction* payment = find(target);
    if (payment == nullptr) return "25";
    if (payment->kind != Kind::authorization || payment->state != State::approved ||
        payment->currency != currency)
        return "12";
    return amount <= payment->held ? "00" : "61";
}

std::string Ledger::check_refund(const std::string& target, const std::string& currency,
                                 std::int64_t amount) const {
    const Transaction* payment = find(target);
    if (payment == nullptr) return "00";
    if (payment->currency != currency) return "12";
    return amount <= payment->captured - payment->refunded ? "00" : "61";
}

Ledger::Reversal Ledger::check_reversal(const std::string& target,
                                        std::optional<std::int64_t> remaining) const {
    const Transaction* original = find(target);
    if (original == nullptr) return {"25"};
    if (original->state == State::reversed) return {"00"};
    if (original->state == State::declined) return {"21"};
    if (original->kind != Kind::authorization) return remaining ? Reversal{"12"} : Reversal{"00", true};
    const std::int64_t open = original->held + original->captured;
    if (remaining && *remaining > open) return {"12"};
    if (remaining && *remaining == open) return {"00"};
    return original->held == 0 ? Reversal{"21"} : Reversal{"00", true};
}

void Ledger::apply(const Effect& effect) {
    switch (effect.type) {
        case Effect::Type::none:
            return;
        case Effect::Type::tombstone:
            tombstones_.insert(effect.target);
            return;
        case Effect::Type::entry:
            book(effect.entry);
            return;
        case Effect::Type::reversal:
            const auto found = transactions_.find(effect.target);
            PORTCULLIS_ASSERT(found != transactions_.end());
            reverse(found->second, effect);
            return;
    }
}

void Ledger::book(Transaction entry) {
    if (entry.state == State::approved) {
        Position& position = position_of(entry);
        const auto target = transactions_.find(entry.target);
        switch (entry.kind) {
            case Kind::authorization:
                position.held += entry.held = entry.amount;
                break;
            case Kind::sale:
                position.posted += entry.captured = entry.amount;
                break;
            case Kind::refund:
                position.posted -= entry.amount;
                if (target != transactions_.end()) target->second.refunded += entry.amount;
                break;
            case Kind::capture: {
                PORTCULLIS_ASSERT(target != transactions_.end() && target->second.held >= entry.amount);
                Transaction& payment = target->second;
                const std::int64_t released = entry.last_capture ? payment.held : entry.amount;
                payment.held -= released;
                payment.captured += entry.amount;
                position.held -= released;
                position.posted += entry.amount;
                break;
            }
        }
        if (entry.kind == Kind::authorization || entry.kind == Kind::sale)
            payments_by_reference_[entry.reference] = entry.id;
    }
    const std::string id = entry.id;
    transactions_.insert_or_assign(id, std::move(entry));
}

void Ledger::reverse(Transaction& original, const Effect& effect) {
    PORTCULLIS_ASSERT(original.state == State::approved);
    Position& position = position_of(original);
    const auto target = transactions_.find(original.target);
    switch (original.kind) {
        case Kind::authorization: {
            const std::int64_t kept =
                std::max<std::int64_t>(effect.remaining.value_or(0) - original.captured, 0);
            PORTCULLIS_ASSERT(kept <= original.held);
            position.held -= original.held - kept;
            original.held = kept;
            if (effect.remaining) return;
            break;
        }
        case Kind::sale:
            position.posted -= original.amount;
            original.captured = 0;
            break;
        case Kind::refund:
            position.posted += original.amount;
            if (target != transactions_.end()) target->second.refunded -= original.amount;
            break;
        case Kind::capture:
            position.posted -= original.amount;
            if (target != transactions_.end()) {
                target->second.captured -= original.amount;
                if (target->second.state == State::approved) {
                    target->second.held += original.amount;
                    position.held += original.amount;
                }
            }
            break;
    }
    original.state = State::reversed;
    original.reversal_date = effect.date;
}

Totals Ledger::totals(std::string_view date, std::string_view currency, std::string_view forwarder) const {
    Totals sums;
    for (const auto& [id, entry] : transactions_) {
        if (entry.kind == Kind::authorization || entry.state == State::declined ||
            entry.currency != currency || !std::string_view{id}.substr(31).ends_with(forwarder))
            continue;
        const bool credit = entry.kind == Kind::refund;
        if (entry.date == date) {
            ++(credit ? sums.credits : sums.debits);
            (credit ? sums.credit_sum : sums.debit_sum) += entry.amount;
        }
        if (entry.state == State::reversed && entry.reversal_date == date) {
            ++(credit ? sums.credit_reversals : sums.debit_reversals);
            (credit ? sums.credit_reversal_sum : sums.debit_reversal_sum) += entry.amount;
        }
    }
    return sums;
}

}  // namespace simulator
