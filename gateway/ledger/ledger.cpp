#include "gateway/ledger/ledger.h"

#include <cstdlib>

#include "common/assert.h"
#include "gateway/store/balance_transactions.h"
#include "gateway/store/ledger.h"

namespace gateway::ledger {
namespace {

constexpr const char* acquirer_receivable = "acq_recv";
constexpr const char* merchant_pending = "m_pend";
constexpr const char* merchant_available = "m_avail";
constexpr const char* merchant_hold = "m_hold";
constexpr const char* bank = "bank";
constexpr const char* fee_income = "fee_inc";
constexpr const char* step_payment = "payment";
constexpr const char* step_fee = "fee";
constexpr const char* step_release = "release";
constexpr const char* step_refund = "refund";
constexpr const char* type_payout = "payout";
constexpr const char* type_payout_cancel = "payout_cancel";
constexpr const char* type_payout_failure = "payout_failure";
constexpr std::int64_t day_seconds = 24 * 3600;

struct Step {
    std::string_view name;
    const char* debit;
    const char* credit;
    TransferState state = TransferState::posted;
};
constexpr Step release_step{step_release, merchant_pending, merchant_available};
constexpr Step refund_of_pending_step{step_refund, merchant_pending, acquirer_receivable,
                                      TransferState::pending};
constexpr Step refund_step{step_refund, merchant_available, acquirer_receivable, TransferState::pending};
constexpr Step payout_step{type_payout, merchant_available, merchant_hold};
constexpr Step payout_cancel_step{type_payout_cancel, merchant_hold, merchant_available};
constexpr Step payout_sent_step{"payout_sent", merchant_hold, bank};
constexpr Step payout_failure_step{type_payout_failure, bank, merchant_available};
// Of a balance transaction that took money away.
constexpr Step release_of_debt_step{step_release, merchant_available, merchant_pending};

// The first one of a charge bears the plain name.
std::string numbered(const char* step, int number) {
    return number == 1 ? step : step + (":" + std::to_string(number));
}

// False: the step is there already.
bool move(store::Transaction& tx, const Scope& scope, const Step& step, const std::string& source,
          common::Money amount, std::int64_t now_ms) {
    PORTCULLIS_ASSERT(amount.minor() > 0);
    store::insert_ledger_accounts(tx, scope, amount.currency(), step.debit, step.credit);
    const Transfer transfer{common::new_id("lt_", scope.account),
                            scope,
                            next_position(now_ms),
                            amount.currency(),
                            step.debit,
                            step.credit,
                            amount.minor(),
                            step.state == TransferState::posted ? amount.minor() : 0,
                            step.state,
                            source,
                            std::string{step.name},
                            now_ms,
                            {}};
    return store::insert(tx, transfer);
}

BalanceTransaction new_transaction(const Scope& scope, common::Currency currency, std::int64_t now_ms) {
    BalanceTransaction transaction;
    transaction.id = common::new_id("txn_", scope.account);
    transaction.scope = scope;
    set_time(transaction, now_ms);
    transaction.currency = currency;
    return transaction;
}

void move_payout(store::Transaction& tx, const Scope& scope, const Step& step, const PayoutEntry& what,
                 std::int64_t now_ms) {
    const bool moved = move(tx, scope, step, what.payout, what.amount, now_ms);
    PORTCULLIS_ASSERT(moved);
}

// The step's name is the type of the balance transaction, too. `sign`: whether the merchant gets the money.
BalanceTransaction book_payout(store::Transaction& tx, const Scope& scope, const Step& step,
                               const PayoutEntry& what, int sign, std::int64_t now_ms) {
    move_payout(tx, scope, step, what, now_ms);
    auto transaction = new_transaction(scope, what.amount.currency(), now_ms);
    transaction.type = step.name;
    transaction.reporting_category = sign < 0 ? "payout" : "payout_reversal";
    transaction.status = BalanceStatus::available;
    transaction.amount = transaction.net = sign * what.amount.minor();
    transaction.available_on = transaction.created;
    transaction.source = transaction.payout = what.payout;
    transaction.description = what.description;
    store::insert(tx, transaction);
    return transaction;
}

}  // namespace

std::string_view Balance::kind() const {
    if (name == acquirer_receivable || name == bank) return "asset";
    if (name == fee_income) return "income";
    return name == "net_cost" || name == "disp_loss" ? "expense" : "liability";
}

std::int64_t Balance::amount() const {
    const auto kind_of_account = kind();
    const bool grows_by_debits = kind_of_account == "asset" || kind_of_account == "expense";
    return grows_by_debits ? debits - credits : credits - debits;
}

void hold(store::Transaction& tx, const Scope& scope, const Hold& hold, common::Money amount,
          std::int64_t now_ms) {
    const auto name = numbered(step_payment, hold.number);
    move(tx, scope, {name, acquirer_receivable, merchant_pending, TransferState::pending}, hold.charge,
         amount, now_ms);
}

bool void_hold(store::Transaction& tx, const Scope& scope, const Hold& hold, std::int64_t now_ms) {
    return store::settle_transfer(tx, scope, hold.charge, numbered(step_payment, hold.number), 0, now_ms);
}

std::optional<BalanceTransaction> capture(store::Transaction& tx, const Scope& scope, const Capture& what,
                                          const Terms& terms, std::int64_t now_ms) {
    const auto captured = what.amount.minor();
    PORTCULLIS_ASSERT(captured > 0);
    if (!store::settle_transfer(tx, scope, what.hold.charge, numbered(step_payment, what.hold.number),
                                captured, now_ms))
        return std::nullopt;
    const auto fee = fee_of(what.amount, terms.prices);
    auto transaction = new_transaction(scope, what.amount.currency(), now_ms);
    transaction.amount = captured;
    transaction.fee = fee;
    transaction.net = captured - fee;
    transaction.available_on = transaction.created + terms.settlement_days * day_seconds;
    transaction.source = what.hold.charge;
    transaction.description = what.description;
    if (fee > 0) {
        transaction.fee_details.push_back({fee, "stripe_fee", "Processing fee"});
        const auto name = numbered(step_fee, what.hold.number);
        const bool taken = move(tx, scope, {name, merchant_pending, fee_income}, what.hold.charge,
                                {fee, what.amount.currency()}, now_ms);
        PORTCULLIS_ASSERT(taken);
    }
    store::insert(tx, transaction);
    return transaction;
}

void reserve_refund(store::Transaction& tx, const Scope& scope, const Outflow& what, std::int64_t now_ms) {
    const auto& step = what.taken_from == BalanceStatus::pending ? refund_of_pending_step : refund_step;
    move(tx, scope, step, what.source, what.amount, now_ms);
}

bool drop_refund(store::Transaction& tx, const Scope& scope, const std::string& refund, std::int64_t now_ms) {
    return store::settle_transfer(tx, scope, refund, step_refund, 0, now_ms);
}

std::optional<BalanceTransaction> refund(store::Transaction& tx, const Scope& scope, const Outflow& what,
                                         std::int64_t now_ms) {
    const auto amount = what.amount.minor();
    if (!store::settle_transfer(tx, scope, what.source, step_refund, amount, now_ms)) return std::nullopt;
    auto transaction = new_transaction(scope, what.amount.currency(), now_ms);
    transaction.type = transaction.reporting_category = "refund";
    transaction.status = what.taken_from;
    transaction.amount = transaction.net = -amount;
    transaction.available_on =
        what.taken_from == BalanceStatus::pending ? what.available_on : transaction.created;
    transaction.source = what.source;
    transaction.description = what.description;
    store::insert(tx, transaction);
    return transaction;
}

std::int64_t lock_available(store::Transaction& tx, const Scope& scope, common::Currency currency) {
    // What comes to be available after this look, nobody could have locked.
    if (!store::lock_ledger_account(tx, scope, currency, merchant_available)) return 0;
    return funds(balances(tx, scope))[std::string{currency.code()}].available;
}

BalanceTransaction pay_out(store::Transaction& tx, const Scope& scope, const PayoutEntry& what,
                           std::int64_t now_ms) {
    return book_payout(tx, scope, payout_step, what, -1, now_ms);
}

void send_payout(store::Transaction& tx, const Scope& scope, const PayoutEntry& what, std::int64_t now_ms) {
    move_payout(tx, scope, payout_sent_step, what, now_ms);
}

BalanceTransaction cancel_payout(store::Transaction& tx, const Scope& scope, const PayoutEntry& what,
                                 std::int64_t now_ms) {
    return book_payout(tx, scope, payout_cancel_step, what, 1, now_ms);
}

BalanceTransaction return_payout(store::Transaction& tx, const Scope& scope, const PayoutEntry& what,
                                 std::int64_t now_ms) {
    return book_payout(tx, scope, payout_failure_step, what, 1, now_ms);
}

void release(store::Transaction& tx, const BalanceTransaction& released, std::int64_t now_ms) {
    if (released.net == 0) return;
    const auto& step = released.net > 0 ? release_step : release_of_debt_step;
    const bool moved =
        move(tx, released.scope, step, released.id, {std::abs(released.net), released.currency}, now_ms);
    PORTCULLIS_ASSERT(moved);
}

std::vector<Balance> balances(store::Transaction& tx, const Scope& scope) {
    return store::ledger_balances(tx, scope);
}

std::map<std::string, TrialBalance> trial_balance(const std::vector<Balance>& balances) {
    std::map<std::string, TrialBalance> totals;
    for (const auto& balance : balances) {
        auto& total = totals[balance.currency];
        total.debits += balance.debits;
        total.credits += balance.credits;
    }
    return totals;
}

std::map<std::string, Funds> funds(const std::vector<Balance>& balances) {
    std::map<std::string, Funds> found;
    for (const auto& balance : balances) {
        auto& of_currency = found[balance.currency];
        if (balance.name == merchant_pending) of_currency.pending = balance.amount() - balance.debits_pending;
        if (balance.name == merchant_available)
            of_currency.available = balance.amount() - balance.debits_pending;
    }
    return found;
}

MerchantBalance merchant_balance(store::Transaction& tx, const Scope& scope,
                                 const std::string& default_currency) {
    MerchantBalance balance{scope, funds(balances(tx, scope))};
    balance.funds.try_emplace(default_currency);
    return balance;
}

}  // namespace gateway::ledger
