// Booking what the acquirer answered: one transaction for intent, charge, ledger, events and the merchant's
// answer. The request's row is locked first and done last, so that whoever comes second books nothing.
#include "common/assert.h"
#include "common/log.h"
#include "gateway/checkout/checkout.h"
#include "gateway/ledger/ledger.h"
#include "gateway/payments/impl.h"
#include "gateway/reviews/reviews.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"
#include "gateway/store/refunds.h"
#include "gateway/work.h"

namespace gateway {
namespace {

using State = vault::Exchange::State;

std::string describe(const Answer& answer) {
    switch (answer.exchange.state) {
        case State::pending:
            return "pending";
        case State::answered:
            return "answered " + answer.exchange.response_code;
        case State::reversed:
            return "reversed";
        case State::not_sent:
            return "not_sent";
        case State::parked:
            return "parked";
    }
    return {};
}

bool is_answered(const Answer& answer) {
    return answer.kind == Answer::Kind::known && answer.exchange.state == State::answered;
}

std::optional<std::string> optional_of(const boost::json::object& detail, std::string_view key) {
    const auto* value = detail.if_contains(key);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string{value->get_string()};
}

bool has_address(const BillingDetails& details, std::string_view key) {
    if (!details.address) return false;
    const auto* value = details.address->if_contains(key);
    return value != nullptr && value->is_string() && !value->get_string().empty();
}

// Of several captures; one that belongs to a confirmation is the only one.
bool is_last(const AcquirerRequest& request) {
    const auto* last = request.detail.if_contains("final");
    return last == nullptr || last->as_bool();
}

void mark_authorized(Charge& charge, std::int64_t amount) {
    charge.amount_authorized = amount;
    charge.outcome_type = "authorized";
    charge.outcome_network_status = "approved_by_network";
    charge.outcome_reason.clear();
    charge.outcome_seller_message = "Payment complete.";
}

void report_parked(const AcquirerRequest& request, const Answer& answer) {
    if (answer.kind != Answer::Kind::known || answer.exchange.state != State::parked) return;
    common::log::error("an advice is parked at the vault and needs an operator",
                       {{"request", common::Safe::id(request.id)}});
}

}  // namespace

std::int64_t backoff_ms(int attempts) {
    return std::min<std::int64_t>(std::int64_t{1000} << std::min(attempts, 6), 60'000);
}

Result<Booking> PaymentService::Impl::open(Transaction& tx, const AcquirerRequest& request) const {
    const auto account = store::find_account(tx, request.scope.account);
    auto intent = store::lock<PaymentIntent>(tx, request.scope, request.payment_intent);
    auto charge = store::lock<Charge>(tx, request.scope, request.charge);
    if (!account || !intent || !charge)
        return Fail{common::Error::internal("a request's payment is gone", {common::Safe::id(request.id)})};
    Booking booking{&tx,
                    &request.call,
                    {},
                    EventLog{request.call, account->default_version, clock->unix_seconds()},
                    account->default_version};
    booking.view.intent = *std::move(intent);
    booking.view.latest_charge = std::move(charge);
    booking.view.method =
        store::lock<PaymentMethod>(tx, request.scope, booking.view.latest_charge->payment_method);
    if (request.detail.at("creates_intent").as_bool()) tell_intent(booking, "payment_intent.created");
    return booking;
}

Result<Step> PaymentService::Impl::book(Transaction& tx, const AcquirerRequest& asked, const Answer& answer,
                                        bool again) const {
    auto request = store::lock_request(tx, asked.scope.account, asked.id);
    if (!request)
        return Fail{common::Error::internal("a request's row is gone", {common::Safe::id(asked.id)})};
    if (request->state == RequestState::done) return answer_again(tx, *request, again);
    if (answer.kind == Answer::Kind::known) request->outcome = describe(answer);
    report_parked(*request, answer);
    if (request->state == RequestState::abandoned) return close_abandoned(tx, *request, answer);
    if (request->action == Action::verify) return book_verification(tx, *request, answer);
    if (request->action == Action::refund) return book_refund(tx, *request, answer);
    if (request->action == Action::void_) return close_void(tx, *request, answer);

    auto booking = open(tx, *request);
    if (!booking) return Fail{booking.error()};
    switch (request->action) {
        case Action::confirm:
            return book_authorization(*booking, *request, answer);
        case Action::settle:
            return book_settlement(*booking, *request, answer);
        case Action::capture:
            return book_capture(*booking, *request, answer);
        case Action::increase:
            return book_increase(*booking, *request, answer);
        case Action::void_:
        case Action::verify:
        case Action::refund:
            break;
    }
    return Fail{common::Error::internal("an action that nobody books")};
}

Result<Step> PaymentService::Impl::book_authorization(Booking& booking, AcquirerRequest& request,
                                                      const Answer& answer) const {
    if (answer.kind == Answer::Kind::unavailable) return take_back(booking, request);
    const auto& exchange = answer.exchange;
    if (answer.kind == Answer::Kind::pending || exchange.state == State::parked)
        return book_open(booking, request);
    note_exchange(booking, exchange);
    if (is_answered(answer) && acquirer::is_approval(exchange.response_code, request.amount))
        return book_approval(booking, request, exchange);

    const auto& card = booking.view.latest_charge->card;
    const auto decline =
        is_answered(answer) ? acquirer::decline_of(exchange.response_code, {card.country, exchange.cvc_result,
                                                                            exchange.merchant_advice})
                            : acquirer::no_answer();
    const auto error = book_decline(booking, decline);
    return conclude(booking, request, &error);
}

Result<Step> PaymentService::Impl::book_approval(Booking& booking, AcquirerRequest& request,
                                                 const vault::Exchange& exchange) const {
    auto& tx = *booking.tx;
    auto& intent = booking.view.intent;
    auto& charge = *booking.view.latest_charge;
    if (exchange.approved_amount > 0 && exchange.approved_amount < request.amount) {
        const auto reversal = void_of(request.id, request);
        store::insert(tx, reversal);
        const auto error = book_decline(booking, acquirer::approved_too_little());
        auto step = conclude(booking, request, &error);
        if (step) step->request = reversal;
        return step;
    }
    mark_authorized(charge, request.amount);
    ledger::hold(tx, request.scope, {charge.id, charge.holds},
                 common::Money{request.amount, request.currency}, now_ms());

    if (captured_by_merchant(intent)) {
        charge.status = ChargeStatus::succeeded;
        charge.paid = true;
        charge.capture_before = clock->unix_seconds() + authorization_life_seconds;
        intent.amount_capturable = request.amount;
        advance(intent, IntentEvent::authorized);
        open_review(booking);
        tell_charge(booking, "charge.succeeded");
        tell_intent(booking, "payment_intent.amount_capturable_updated");
        keep_method(booking);
        checkout::note_payment(tx, booking.events, *renderer, intent);
        return conclude(booking, request, nullptr);
    }
    // The capture's row is committed with the approval, before anybody is asked to capture. The events wait
    // for it.
    AcquirerRequest capture = request;
    capture.id = common::new_id("areq_", request.scope.account);
    capture.purpose = Purpose::capture;
    capture.action = Action::settle;
    capture.authorization_id = request.id;
    capture.outcome.clear();
    capture.created_ms = now_ms();
    capture.due_ms = capture.created_ms + lease_ms;
    store::insert(tx, capture);
    request.state = RequestState::done;
    store::update(tx, request);
    store::update(tx, charge);
    save(booking, intent.status == IntentStatus::processing ? std::nullopt : std::optional{capture.id});
    Step step;
    step.request = std::move(capture);
    return step;
}

Result<Step> PaymentService::Impl::book_settlement(Booking& booking, AcquirerRequest& request,
                                                   const Answer& answer) const {
    if (!is_answered(answer)) return book_open(booking, request);
    auto& tx = *booking.tx;
    auto& intent = booking.view.intent;
    auto& charge = *booking.view.latest_charge;
    if (!acquirer::is_captured(answer.exchange.response_code)) {
        ledger::void_hold(tx, request.scope, {charge.id, charge.holds}, now_ms());
        const auto reversal = void_of(request.authorization_id, request);
        store::insert(tx, reversal);
        charge.amount_authorized = 0;
        const auto error = book_decline(booking, acquirer::no_answer());
        auto step = conclude(booking, request, &error);
        if (step) step->request = reversal;
        return step;
    }
    charge.status = ChargeStatus::succeeded;
    charge.paid = true;
    mark_captured(booking, request);
    intent.amount_received = request.amount;
    advance(intent, IntentEvent::paid);
    open_review(booking);
    tell_charge(booking, "charge.succeeded");
    tell_intent(booking, "payment_intent.succeeded");
    keep_method(booking);
    checkout::note_payment(tx, booking.events, *renderer, intent);
    return conclude(booking, request, nullptr);
}

Result<Step> PaymentService::Impl::book_capture(Booking& booking, AcquirerRequest& request,
                                                const Answer& answer) const {
    if (!is_answered(answer)) return book_open(booking, request);
    auto& intent = booking.view.intent;
    auto& charge = *booking.view.latest_charge;
    if (!acquirer::is_captured(answer.exchange.response_code)) {
        // The authorization stands: the merchant may try again, or cancel.
        if (intent.status == IntentStatus::processing) advance(intent, IntentEvent::authorized);
        auto error =
            acquirer::error_of(acquirer::no_answer()).with_field("charge", boost::json::value(charge.id));
        return conclude(booking, request, &error);
    }
    mark_captured(booking, request);
    const auto left = charge.amount_authorized - charge.amount_captured;
    const bool last = is_last(request);
    if (last && left > 0) {
        charge.released = left;
        store::insert(*booking.tx, released_part(charge, left, now_ms()));
    }
    if (auto suffix = optional_of(request.detail, "statement_descriptor_suffix")) {
        charge.statement_descriptor_suffix = suffix;
        intent.statement_descriptor_suffix = std::move(suffix);
    }
    if (auto email = optional_of(request.detail, "receipt_email")) charge.receipt_email = std::move(email);
    if (auto group = optional_of(request.detail, "transfer_group"); group && !charge.transfer_group)
        charge.transfer_group = std::move(group);
    if (const auto* metadata = request.detail.if_contains("metadata");
        metadata != nullptr && metadata->is_object())
        intent.metadata = metadata->get_object();
    if (const auto* echoed = request.detail.if_contains("echoed"); echoed != nullptr && echoed->is_object())
        merge(intent.echoed, echoed->get_object());
    intent.amount_received = charge.amount_captured;
    intent.amount_capturable = last ? 0 : left;
    advance(intent, last ? IntentEvent::captured : IntentEvent::captured_in_part);
    tell_charge(booking, "charge.captured");
    tell_intent(booking, last ? "payment_intent.succeeded" : "payment_intent.amount_capturable_updated");
    checkout::note_payment(*booking.tx, booking.events, *renderer, intent);
    return conclude(booking, request, nullptr);
}

void PaymentService::Impl::mark_captured(Booking& booking, const AcquirerRequest& request) const {
    auto& charge = *booking.view.latest_charge;
    const ledger::Hold hold{charge.id, charge.holds};
    const auto booked = ledger::capture(
        *booking.tx, request.scope,
        {hold, common::Money{request.amount, charge.currency}, charge.description}, terms, now_ms());
    PORTCULLIS_ASSERT(booked);
    charge.captured = true;
    charge.amount_captured += request.amount;
    ++charge.captures;
    if (charge.captures == 1) charge.balance_transaction = booked->id;
    const auto left = charge.amount_authorized - charge.amount_captured;
    if (is_last(request) || left == 0) return;
    ++charge.holds;
    ledger::hold(*booking.tx, request.scope, {charge.id, charge.holds}, common::Money{left, charge.currency},
                 now_ms());
}

// Not known yet. The merchant is told `processing` once; the request stays open for recover().
Result<Step> PaymentService::Impl::book_open(Booking& booking, AcquirerRequest& request) const {
    request.due_ms = now_ms() + backoff_ms(request.attempts);
    if (request.responded) {
        store::update(*booking.tx, request);
        return Step{};
    }
    if (booking.view.intent.status != IntentStatus::processing) {
        advance(booking.view.intent, IntentEvent::unanswered);
        tell_intent(booking, "payment_intent.processing");
    }
    request.responded = true;
    request.detail["creates_intent"] = false;
    store::update(*booking.tx, request);
    store::update(*booking.tx, *booking.view.latest_charge);
    save(booking);
    booking.events.write(*booking.tx);
    return respond(*booking.tx, *booking.call, shown(booking, request));
}

// Nothing was sent, so nothing has been. Should the vault have sent it after all, recover() finds that out
// and has it reversed.
Result<Step> PaymentService::Impl::take_back(Booking& booking, AcquirerRequest& request) const {
    auto& tx = *booking.tx;
    store::remove<Charge>(tx, request.scope, request.charge);
    if (request.detail.at("creates_intent").as_bool()) {
        store::remove<PaymentIntent>(tx, request.scope, request.payment_intent);
    } else {
        auto& intent = booking.view.intent;
        const auto prior = intent_status_of(request.detail.at("prior_status").as_string()).value();
        if (prior == IntentStatus::requires_payment_method) advance(intent, IntentEvent::method_removed);
        store::codec::read_object(request.detail.at("prior_document").as_object(), intent,
                                  store::Shape<PaymentIntent>::columns);
        intent.payment_method = optional_of(request.detail, "prior_method");
        intent.latest_charge = optional_of(request.detail, "prior_charge");
        save(booking);
    }
    if (booking.view.method && booking.view.method->consumed) {
        booking.view.method->consumed = false;
        store::update(tx, *booking.view.method);
    }
    give_tokens_back(tx, request);
    idempotency::release(tx, request.call);
    request.state = RequestState::abandoned;
    request.due_ms = now_ms() + recovery_lease_ms;
    store::update(tx, request);
    Step step;
    step.refused = common::Error::unavailable("the vault could not be asked for an authorization");
    return step;
}

Result<Step> PaymentService::Impl::close_void(Transaction& tx, AcquirerRequest& request,
                                              const Answer& answer) const {
    if (answer.kind == Answer::Kind::known)
        request.state = RequestState::done;
    else
        request.due_ms = now_ms() + backoff_ms(request.attempts);
    store::update(tx, request);
    return Step{};
}

Result<Step> PaymentService::Impl::close_abandoned(Transaction& tx, AcquirerRequest& request,
                                                   const Answer& answer) const {
    Step step;
    if (answer.kind != Answer::Kind::known) {
        request.due_ms = now_ms() + backoff_ms(request.attempts);
    } else {
        request.state = RequestState::done;
        // What was approved for no amount holds nothing.
        if (request.action != Action::verify && is_answered(answer) &&
            acquirer::is_approval(answer.exchange.response_code, request.amount)) {
            step.request = void_of(request.id, request);
            store::insert(tx, *step.request);
        }
    }
    store::update(tx, request);
    return step;
}

// It is booked: by another process, or by this one in a commit whose outcome was not learnt. Its answer, and
// in the latter case what has to follow.
Result<Step> PaymentService::Impl::answer_again(Transaction& tx, const AcquirerRequest& request,
                                                bool again) const {
    Step step;
    const auto& call = request.call;
    const auto row = store::find_key(tx, call.scope, call.idempotency.key);
    if (row && row->finished && row->request_id == call.request_id) step.response = row->response;
    if (step.response || !again) return step;
    const auto intent = store::lock<PaymentIntent>(tx, request.scope, request.payment_intent);
    if (!intent || !intent->in_flight) return step;
    auto next = store::find_request(tx, request.scope.account, *intent->in_flight);
    if (next && next->call.request_id == call.request_id) step.request = std::move(next);
    return step;
}

Result<Step> PaymentService::Impl::conclude(Booking& booking, AcquirerRequest& request,
                                            const common::Error* error) const {
    auto& tx = *booking.tx;
    const bool respond_now = !request.responded;
    request.state = RequestState::done;
    request.responded = true;
    store::update(tx, request);
    store::update(tx, *booking.view.latest_charge);
    save(booking);
    booking.events.write(tx);
    if (!respond_now) return Step{};
    if (error != nullptr)
        return respond(tx, *booking.call, renderer->failure(*error, &booking.view, *booking.call));
    return respond(tx, *booking.call, shown(booking, request));
}

StoredResponse PaymentService::Impl::shown(Booking& booking, const AcquirerRequest& request) const {
    const auto object =
        request.detail.contains("shown") ? ObjectRef{&*booking.view.latest_charge} : ObjectRef{&booking.view};
    return show(*booking.tx, object, *booking.call);
}

void note_checks(CardDetails& card, const BillingDetails& details, const vault::Exchange& exchange) {
    const auto checks = acquirer::address_checks(exchange.avs_result, has_address(details, "line1"),
                                                 has_address(details, "postal_code"));
    card.cvc_check = acquirer::cvc_check(exchange.cvc_result, !card.cvc_handle.empty());
    card.address_line1_check = checks.line1;
    card.address_postal_code_check = checks.postal_code;
    // The vault holds a CVC for one authorization only.
    card.cvc_handle.clear();
}

void PaymentService::Impl::note_exchange(Booking& booking, const vault::Exchange& exchange) const {
    auto& charge = *booking.view.latest_charge;
    charge.authorization_code = exchange.authorization_code;
    charge.rrn = exchange.rrn;
    charge.network_transaction_id = exchange.network_transaction_id;
    note_checks(charge.card, charge.billing_details, exchange);
    if (!booking.view.method) return;
    booking.view.method->card = charge.card;
    store::update(*booking.tx, *booking.view.method);
}

void PaymentService::Impl::open_review(Booking& booking) const {
    reviews::open_if_risky(*booking.tx, booking.view.intent, *booking.view.latest_charge, *booking.call,
                           *renderer, booking.events, now_ms());
}

void PaymentService::Impl::keep_method(Booking& booking) const {
    const auto& intent = booking.view.intent;
    auto& method = booking.view.method;
    if (!intent.setup_future_usage || !intent.customer || !method || method->customer) return;
    give(*booking.tx, *method, *intent.customer, booking.view.latest_charge->network_transaction_id,
         booking.events);
}

AcquirerRequest PaymentService::Impl::void_of(const std::string& authorization_id,
                                              const AcquirerRequest& request) const {
    auto reversal = reversal_of(request, authorization_id, now_ms());
    reversal.due_ms += std::chrono::milliseconds{void_wait_max}.count();
    return reversal;
}

}  // namespace gateway
