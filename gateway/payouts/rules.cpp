#include "gateway/payouts/rules.h"

#include "gateway/payouts/machine.h"

namespace gateway::rules {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;

struct Failure {
    std::string_view code, message;
};
constexpr Failure failures[] = {
    {"account_closed", "The bank account has been closed."},
    {"could_not_process", "The bank could not process this payout."},
    {"debit_not_authorized", "Transfers to this bank account are not authorized by its holder."},
    {"insufficient_funds", "The bank account lacks the funds that its bank asks for."},
    {"invalid_currency", "The bank could not process this payout because of its currency."},
    {"no_account", "The bank account could not be found."},
};

// Charged in hundredths, paid out in whole units.
constexpr std::string_view whole_unit_currencies[] = {"huf", "twd"};
constexpr std::int64_t whole_unit = 100;

std::int64_t step_of(common::Currency currency) {
    const bool whole =
        std::ranges::find(whole_unit_currencies, currency.code()) != std::end(whole_unit_currencies);
    return whole ? whole_unit : currency.step();
}

Error not_allowed(common::Text message) {
    return Error{400, ErrorType::invalid_request, "payouts_not_allowed", message};
}

}  // namespace

common::Status payout_amount(common::Money amount) {
    if (amount.minor() <= 0)
        return Fail{Error::invalid("parameter_invalid_integer", "amount",
                                   "This value must be greater than or equal to 1.")};
    const auto step = step_of(amount.currency());
    if (amount.minor() % step == 0) return {};
    return Fail{Error::invalid("", "amount", "Invalid amount: payouts in {} are multiples of {} minor units.",
                               {Safe::id(amount.currency().code()), Safe::number(step)})};
}

common::Status may_pay_out(const Account& account, const payouts::Terms& terms, bool livemode) {
    if (!account.charges_enabled || !account.payouts_enabled)
        return Fail{not_allowed("Payouts are not enabled for this account.")};
    if (!terms.serves(livemode)) return Fail{not_allowed("This gateway makes no payouts in this mode.")};
    return {};
}

common::Status may_receive(const BankAccount& destination, common::Currency currency) {
    if (!destination.active)
        return Fail{Error::invalid("", "destination",
                                   "The bank account {} has been replaced; payouts go to the present one.",
                                   {Safe::id(destination.id)})};
    if (destination.currency != currency)
        return Fail{Error::invalid("", "destination", "The bank account {} takes payouts in {} only.",
                                   {Safe::id(destination.id), Safe::id(destination.currency.code())})};
    return {};
}

common::Status covers(std::int64_t available, common::Money amount) {
    if (amount.minor() <= available) return {};
    return Fail{Error::invalid(
        "balance_insufficient", "amount",
        "You have insufficient funds in your balance for this payout: "
        "{} of {} are available.",
        {Safe::param(common::Money{available, amount.currency()}.display()), Safe::param(amount.display())})};
}

common::Status may_cancel(const Payout& payout) {
    if (next(payout.status, PayoutEvent::canceled)) return {};
    return Fail{Error{400,
                      ErrorType::invalid_request,
                      "",
                      "Only a payout with a status of pending can be canceled. This one has a status of {}.",
                      {Safe::id(boost::describe::enum_to_string(payout.status, ""))}}};
}

std::string_view message_of(std::string_view failure_code) {
    const auto* found = std::ranges::find(failures, failure_code, &Failure::code);
    return found == std::end(failures) ? "The bank could not process this payout." : found->message;
}

}  // namespace gateway::rules
