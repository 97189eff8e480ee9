// The double-entry ledger of a merchant account. A transfer has a debit account, a credit account, an amount
// and a currency in one row, so it balances by construction. Liabilities and income grow on the credit side.
//
//   acq_recv   asset      what the acquirer owes us
//   m_pend     liability  the merchant's money that is not available yet
//   m_avail    liability  the merchant's money that can be paid out
//   m_hold     liability  the merchant's money on its way to a bank that has not been asked yet
//   bank       asset      our account at the bank; payouts leave it; what the acquirer pays us is not booked
//                         there yet, so it is negative by what was paid out
//   fee_inc    income     our fees
//   m_prov (liability), net_cost, disp_loss (expense): of disputes, not used yet
//
//   step                 debit      credit    amount
//   authorized           acq_recv   m_pend    what was approved, pending: counts for nothing
//   captured             posts the pending one with what was captured, and so lets the rest go, of which a
//   new one
//                        is made when more is to be captured
//                        m_pend     fee_inc   the fee, if there is one
//   declined, canceled   voids the pending one
//   released             m_pend     m_avail   captured − fee, when the settlement days have passed
//   refund asked for     m_pend     acq_recv  pending, out of what its payment brought while that is not
//   available,
//                        or m_avail           else of what is; fees are not given back
//   refunded             posts the pending one
//   refund failed        voids the pending one
//   payout asked for     m_avail    m_hold    the amount
//   payout canceled      m_hold     m_avail   the same
//   payout sent          m_hold     bank      when the bank is asked
//   payout failed        bank       m_avail   what the bank gave back
//
// What always holds, in each account, mode and currency:
//   - debits = credits, over all accounts.
//   - A capture or a refund leaves one balance transaction; a hold that is voided, none. A payout leaves one,
//     and another one when the money comes back.
//   - m_hold holds the payouts that are pending; bank is short of those that are in transit or paid.
//   - A payout is never more than what was available, whatever goes on beside it: payouts of an account, mode
//     and currency wait for each other on the row of m_avail. Refunds do not, and may leave it negative.
//   - What m_pend holds is the sum of `net` of the balance transactions that are pending, and what m_avail
//     holds is that of the ones that are available.
//   - A step is posted once for its source: the hold of a charge, the refund, the payout, or the balance
//     transaction that is released.
#pragma once

#include <map>
#include <vector>

#include "common/money.h"
#include "common/result.h"
#include "gateway/ledger/balance_transaction.h"
#include "gateway/ledger/fees.h"
#include "gateway/scope.h"
#include "gateway/store/session.h"

namespace gateway::ledger {

enum class TransferState : std::uint8_t { pending, posted, voided };
BOOST_DESCRIBE_ENUM(TransferState, pending, posted, voided)

struct Transfer {
    std::string id;  // "lt_…"
    Scope scope;
    std::int64_t position = 0;
    common::Currency currency;
    std::string debit, credit;
    std::int64_t amount = 0;  // minor units, > 0
    std::int64_t posted = 0;  // 0 while it is pending, and when it was voided
    TransferState state = TransferState::posted;
    std::string source, step;  // unique in the account, so that a step that is run again posts nothing
    std::int64_t created_ms = 0;
    std::optional<std::int64_t> settled_ms;  // of one that was pending
};

// Posted sums of one account in one currency, and what is pending besides.
struct Balance {
    std::string currency, name;
    std::int64_t debits = 0, credits = 0;
    std::int64_t debits_pending = 0, credits_pending = 0;

    std::string_view kind() const;  // asset, liability, income, expense
    std::int64_t amount() const;    // on the side on which the account grows
};

// Of a charge that is captured in parts or authorized for more, one hold follows the other.
struct Hold {
    std::string charge;  // the source
    int number = 1;
};
// Holds what an approval promised.
void hold(store::Transaction& tx, const Scope& scope, const Hold& hold, common::Money amount,
          std::int64_t now_ms);
bool void_hold(store::Transaction& tx, const Scope& scope, const Hold& hold, std::int64_t now_ms);

struct Capture {
    Hold hold;
    common::Money amount;  // of the hold; the rest of it is let go
    std::optional<std::string> description;
};
// Posts the hold, takes the fee and stores the balance transaction. Nothing: no hold is pending.
std::optional<BalanceTransaction> capture(store::Transaction& tx, const Scope& scope, const Capture& what,
                                          const Terms& terms, std::int64_t now_ms);
struct Outflow {
    std::string source;  // the refund
    common::Money amount;
    BalanceStatus taken_from;
    std::int64_t available_on = 0;  // unix seconds
    std::optional<std::string> description;
};
// Sets aside what a refund will take.
void reserve_refund(store::Transaction& tx, const Scope& scope, const Outflow& what, std::int64_t now_ms);
bool drop_refund(store::Transaction& tx, const Scope& scope, const std::string& refund, std::int64_t now_ms);
// Posts what was set aside and stores the balance transaction. Nothing: nothing is set aside.
std::optional<BalanceTransaction> refund(store::Transaction& tx, const Scope& scope, const Outflow& what,
                                         std::int64_t now_ms);

struct PayoutEntry {
    std::string payout;
    common::Money amount;
    std::optional<std::string> description;
};
// What can be paid out, which may be negative. Whoever asks next waits until the transaction ends.
std::int64_t lock_available(store::Transaction& tx, const Scope& scope, common::Currency currency);
// Takes the money from what is available, for a payout; the caller has made sure that it is there.
BalanceTransaction pay_out(store::Transaction& tx, const Scope& scope, const PayoutEntry& what,
                           std::int64_t now_ms);
void send_payout(store::Transaction& tx, const Scope& scope, const PayoutEntry& what, std::int64_t now_ms);
// Gives it back: of a payout that was not sent, and of one that the bank returned.
BalanceTransaction cancel_payout(store::Transaction& tx, const Scope& scope, const PayoutEntry& what,
                                 std::int64_t now_ms);
BalanceTransaction return_payout(store::Transaction& tx, const Scope& scope, const PayoutEntry& what,
                                 std::int64_t now_ms);

// Moves what is pending to what is available, for a balance transaction that was marked so just now.
void release(store::Transaction& tx, const BalanceTransaction& released, std::int64_t now_ms);

// All accounts that were ever used, by currency and name.
std::vector<Balance> balances(store::Transaction& tx, const Scope& scope);

struct TrialBalance {
    std::int64_t debits = 0, credits = 0;
    std::int64_t difference() const { return debits - credits; }  // zero at any moment
};
// By currency.
std::map<std::string, TrialBalance> trial_balance(const std::vector<Balance>& balances);

// The merchant's money, by currency; what is set aside is not his any more.
struct Funds {
    std::int64_t available = 0, pending = 0;
};
std::map<std::string, Funds> funds(const std::vector<Balance>& balances);

// As the merchant sees it: there is always an entry in the account's currency.
struct MerchantBalance {
    Scope scope;
    std::map<std::string, Funds> funds;
};
MerchantBalance merchant_balance(store::Transaction& tx, const Scope& scope,
                                 const std::string& default_currency);

}  // namespace gateway::ledger
