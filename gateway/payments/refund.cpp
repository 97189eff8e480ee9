// Giving money back. A refund is promised when it is committed: it goes to the acquirer under an id that is
// never sent twice, and where the acquirer did not answer, which the vault reverses, it is tried anew under
// another one.
#include "common/assert.h"
#include "common/log.h"
#include "gateway/ledger/ledger.h"
#include "gateway/payments/impl.h"
#include "gateway/refunds/machine.h"
#include "gateway/refunds/rules.h"
#include "gateway/reviews/reviews.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/balance_transactions.h"
#include "gateway/store/payments.h"
#include "gateway/store/refunds.h"
#include "gateway/work.h"

namespace gateway {
namespace {

using State = vault::Exchange::State;

constexpr std::int64_t try_for_seconds = 24 * 3600;
constexpr std::int64_t try_again_max_ms = 900'000;

common::Error which_charge() {
    return common::Error::invalid("parameter_missing", "charge",
                                  "One of the parameters charge and payment_intent is required.");
}

// The charge that is meant, locked.
Result<Charge> charge_of(Transaction& tx, const Call& call, const NewRefund& input) {
    if (!input.charge && !input.payment_intent) return Fail{which_charge()};
    std::string id = input.charge.value_or("");
    if (input.payment_intent) {
        const auto intent =
            store::require<PaymentIntent>(tx, call.scope, *input.payment_intent, "payment_intent");
        if (!intent) return Fail{intent.error()};
        if (id.empty() && !intent->latest_charge)
            return Fail{common::Error::invalid(
                "", "payment_intent", "This PaymentIntent ({}) does not have a successful charge to refund.",
                {common::Safe::id(intent->id)})};
        if (id.empty()) id = *intent->latest_charge;
    }
    auto charge = store::require_locked<Charge>(tx, call.scope, id, "charge");
    if (charge && input.payment_intent && charge->payment_intent != *input.payment_intent)
        return Fail{
            common::Error::invalid("", "charge", "Charge {} is not of PaymentIntent {}.",
                                   {common::Safe::id(charge->id), common::Safe::id(*input.payment_intent)})};
    return charge;
}

ledger::Outflow outflow_of(const Refund& refund, const Charge& charge) {
    return {refund.id, common::Money{refund.amount, refund.currency}, refund.taken_from, refund.available_on,
            charge.description};
}

// ISO 8583 field 39 in the API's words.
std::string failure_reason_of(std::string_view response_code) {
    if (response_code == "41" || response_code == "43") return "lost_or_stolen_card";
    if (response_code == "14" || response_code == "46" || response_code == "54")
        return "expired_or_canceled_card";
    return "declined";
}

bool is_answered(const Answer& answer) {
    return answer.kind == Answer::Kind::known && answer.exchange.state == State::answered;
}
bool was_undone(const Answer& answer) {
    return answer.kind == Answer::Kind::known &&
           (answer.exchange.state == State::reversed || answer.exchange.state == State::not_sent);
}

void note_totals(Charge& charge) {
    charge.refunded = charge.amount_refunded() == charge.amount;
}

}  // namespace

struct PaymentService::Impl::Refunding {
    Charge charge;
    Refund refund;
    EventLog events;
};

Task<StoredResponse> PaymentService::create_refund(Call call, NewRefund input) {
    auto* self = impl_.get();
    const auto request_id = common::new_id("areq_", call.scope.account);
    const auto id = common::new_id("re_", call.scope.account);
    auto job = [self, &call, &input, &request_id, &id](Transaction& tx) -> Result<Step> {
        auto charge = charge_of(tx, call, input);
        if (!charge) return self->refuse(tx, call, charge.error(), nullptr);
        const auto amount = rules::may_refund(*charge, input.amount);
        if (!amount) return self->refuse(tx, call, amount.error(), nullptr);
        const auto capture = store::capture_of(tx, *charge);
        if (!capture) return Fail{common::Error::internal("a captured charge has no capture")};

        auto refund = refund_of(*charge, *amount, id, self->now_ms());
        refund.reason = input.reason;
        refund.metadata = input.metadata;
        const auto paid_in =
            store::find<BalanceTransaction>(tx, call.scope, charge->balance_transaction.value_or(""));
        if (paid_in) refund.taken_from = paid_in->status, refund.available_on = paid_in->available_on;
        charge->refund_pending += refund.amount;
        note_totals(*charge);
        if (input.reason == "fraudulent") charge->user_report = "fraudulent";
        store::update(tx, *charge);
        store::insert(tx, refund);
        ledger::reserve_refund(tx, call.scope, outflow_of(refund, *charge), self->now_ms());

        AcquirerRequest request;
        request.id = request_id;
        request.scope = call.scope;
        request.purpose = Purpose::refund;
        request.action = Action::refund;
        request.payment_intent = charge->payment_intent;
        request.charge = charge->id;
        request.authorization_id = *capture;
        request.amount = refund.amount;
        request.currency = refund.currency;
        request.created_ms = self->now_ms();
        request.due_ms = request.created_ms + lease_ms;
        request.call = call;
        request.detail = {{"refund", refund.id}, {"reason", input.reason.value_or("")}};
        store::insert(tx, request);
        Step step;
        step.request = std::move(request);
        return step;
    };
    co_return co_await self->serve(call, request_id, std::move(job));
}

Result<Step> PaymentService::Impl::book_refund(Transaction& tx, AcquirerRequest& request,
                                               const Answer& answer) const {
    const auto account = store::find_account(tx, request.scope.account);
    auto charge = store::lock<Charge>(tx, request.scope, request.charge);
    const std::string id{request.detail.at("refund").as_string()};
    auto refund = store::lock<Refund>(tx, request.scope, id);
    if (!account || !charge || !refund)
        return Fail{common::Error::internal("a refund's rows are gone", {common::Safe::id(request.id)})};
    Refunding refunding{*std::move(charge), *std::move(refund),
                        EventLog{request.call, account->default_version, clock->unix_seconds()}};
    if (is_answered(answer))
        settle_refund(tx, refunding, request, answer.exchange);
    else if (was_undone(answer))
        try_refund_again(tx, refunding, request);
    else
        request.due_ms = now_ms() + backoff_ms(request.attempts);
    return conclude_refund(tx, refunding, request);
}

void PaymentService::Impl::settle_refund(Transaction& tx, Refunding& refunding, AcquirerRequest& request,
                                         const vault::Exchange& exchange) const {
    auto& [charge, refund, events] = refunding;
    request.state = RequestState::done;
    refund.rrn = exchange.rrn;
    refund.stan = exchange.stan;
    if (!acquirer::is_approval(exchange.response_code, refund.amount))
        return fail_refund(tx, refunding, failure_reason_of(exchange.response_code));
    const auto booked = ledger::refund(tx, refund.scope, outflow_of(refund, charge), now_ms());
    PORTCULLIS_ASSERT(booked);
    refund.balance_transaction = booked->id;
    charge.refund_pending -= refund.amount;
    charge.refunds += refund.amount;
    advance(refund, RefundEvent::paid);
}

void PaymentService::Impl::fail_refund(Transaction& tx, Refunding& refunding, std::string reason) const {
    auto& [charge, refund, events] = refunding;
    const bool dropped = ledger::drop_refund(tx, refund.scope, refund.id, now_ms());
    PORTCULLIS_ASSERT(dropped);
    charge.refund_pending -= refund.amount;
    note_totals(charge);
    refund.failure_reason = std::move(reason);
    advance(refund, RefundEvent::declined);
}

// Nothing has happened at the issuer, or what has is being reversed.
void PaymentService::Impl::try_refund_again(Transaction& tx, Refunding& refunding,
                                            AcquirerRequest& request) const {
    auto& refund = refunding.refund;
    request.state = RequestState::done;
    if (clock->unix_seconds() - refund.created > try_for_seconds) {
        common::log::error("a refund was given up", {{"refund", common::Safe::id(refund.id)}});
        return fail_refund(tx, refunding, "unknown");
    }
    AcquirerRequest next = request;
    next.id = common::new_id("areq_", request.scope.account);
    next.state = RequestState::open;
    next.responded = true;
    next.outcome.clear();
    next.attempts = 0;
    next.created_ms = now_ms();
    next.due_ms = now_ms() + std::min(std::int64_t{1000} << std::min(refund.tries, 10), try_again_max_ms);
    ++refund.tries;
    store::insert(tx, next);
}

// Tells what is new, and answers unless that was done.
Result<Step> PaymentService::Impl::conclude_refund(Transaction& tx, Refunding& refunding,
                                                   AcquirerRequest& request) const {
    auto& [charge, refund, events] = refunding;
    const bool first = !request.responded;
    const bool ended = refund.status != RefundStatus::pending;
    request.responded = true;
    store::update(tx, request);
    store::update(tx, refund);
    store::update(tx, charge);
    const auto shown = rendering_of(*renderer, &refund);
    if (first) events.add("refund.created", shown);
    if (first && refund.status != RefundStatus::failed)
        events.add("charge.refunded", rendering_of(*renderer, &charge));
    if (refund.status == RefundStatus::failed) events.add("refund.failed", shown);
    if (refund.status == RefundStatus::succeeded)
        reviews::close(tx, charge, refund.reason == "fraudulent" ? "refunded_as_fraud" : "refunded",
                       *renderer, events);
    if (!first && refund.status == RefundStatus::succeeded) events.add("refund.updated", shown);
    if (ended && (!first || refund.status == RefundStatus::failed))
        events.add("charge.refund.updated", shown);
    events.write(tx);
    if (!first) return Step{};
    return respond(tx, request.call, show(tx, &refund, request.call));
}

}  // namespace gateway
