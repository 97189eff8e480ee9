#include "gateway/checkout/checkout.h"

#include "gateway/checkout/hold.h"
#include "gateway/checkout/machine.h"
#include "gateway/checkout/rules.h"
#include "gateway/customers/customer.h"
#include "gateway/payments/rules.h"
#include "gateway/store/checkout_sessions.h"
#include "gateway/store/payments.h"

namespace gateway::checkout {
namespace {

using common::Error;
using common::Fail;
using common::Result;

void complete(CheckoutSession& session, CheckoutPayment paid) {
    advance(session, CheckoutEvent::completed);
    session.payment_status = paid;
}

PaymentIntent intent_of(const Work& work, const CheckoutSession& session) {
    const auto& from = session.payment_intent_data;
    PaymentIntent intent;
    work.stamp(intent, "pi_");
    intent.client_secret = common::new_id(intent.id + "_secret_", work.scope().account, 24);
    intent.checkout_session = session.id;
    intent.amount = session.amount_total;
    intent.currency = session.currency;
    intent.customer = session.customer;
    intent.capture_method = from.capture_method;
    intent.description = from.description;
    intent.receipt_email = from.receipt_email;
    intent.setup_future_usage = from.setup_future_usage;
    intent.statement_descriptor_suffix = from.statement_descriptor_suffix;
    intent.transfer_group = from.transfer_group;
    intent.metadata = from.metadata;
    intent.shipping = from.shipping;
    intent.payment_method_options = session.payment_method_options;
    intent.allowed_payment_method_types = session.allowed_payment_method_types;
    return intent;
}

// The merchant may have told us who it is.
Result<Shopper> known(Work& work, const CheckoutSession& session, Shopper shopper) {
    if (session.customer_email) shopper.email = session.customer_email;
    if (!session.customer) return shopper;
    const auto customer = customers::require(work.tx, work.scope(), *session.customer, "customer");
    if (!customer) return Fail{customer.error()};
    if (customer->email) shopper.email = customer->email;
    if (!shopper.name) shopper.name = customer->name;
    return shopper;
}

// Whoever is to be charged again needs a customer to be known by.
bool needs_customer(const CheckoutSession& session) {
    return !session.customer &&
           (session.customer_creation == "always" || session.payment_intent_data.setup_future_usage);
}

common::Status make_customer(Work& work, CheckoutSession& session) {
    CustomerChanges input;
    const auto& shopper = *session.shopper;
    input.email.emplace(shopper.email);
    input.name.emplace(shopper.name);
    input.phone.emplace(shopper.phone);
    input.address.emplace(shopper.address);
    const auto customer = customers::create(work, input);
    if (!customer) return Fail{customer.error()};
    session.customer = customer->id;
    return {};
}

// Judges the attempt and writes down who makes it.
Result<Held> submit(Work& work, const std::string& id, const Shopper& shopper) {
    auto held = hold(work.tx, work.scope(), id);
    if (!held) return held;
    auto& session = held->session;
    if (held->intent && is_moving(*held->intent)) return Fail{rules::locked()};
    const auto given = known(work, session, shopper);
    if (!given) return Fail{given.error()};
    if (auto fine = may_submit(session, *given, work.now()); !fine) return Fail{fine.error()};
    session.shopper = *given;
    session.email = given->email;
    if (needs_customer(session))
        if (auto made = make_customer(work, session); !made) return Fail{made.error()};
    return held;
}

}  // namespace

Result<CheckoutSession> create(Work& work, CheckoutSession wanted,
                               const std::optional<std::int64_t>& expires_at) {
    const auto until = expiry(expires_at, work.now());
    if (!until) return Fail{until.error()};
    wanted.email = wanted.customer_email;
    if (wanted.customer) {
        const auto customer = customers::require(work.tx, work.scope(), *wanted.customer, "customer");
        if (!customer) return Fail{customer.error()};
        wanted.email = customer->email;
    }
    work.stamp(wanted, work.scope().livemode ? "cs_live_" : "cs_test_");
    wanted.expires_at = *until;
    wanted.due_at = *until;
    const bool free = wanted.mode == CheckoutMode::setup || wanted.amount_total == 0;
    wanted.payment_status = free ? CheckoutPayment::no_payment_required : CheckoutPayment::unpaid;
    for (auto& item : wanted.line_items) {
        item.id = common::new_id("li_", work.scope().account);
        item.price = common::new_id("price_", work.scope().account);
        item.product = common::new_id("prod_", work.scope().account);
    }
    store::insert(work.tx, wanted);
    return wanted;
}

Result<CheckoutSession> update(Work& work, const std::string& id,
                               const Change<boost::json::object>& metadata) {
    auto session = store::require_locked<CheckoutSession>(work.tx, work.scope(), id);
    if (!session) return session;
    if (auto fine = put_metadata(session->metadata, metadata); !fine) return Fail{fine.error()};
    store::update(work.tx, *session);
    return session;
}

Result<CheckoutSession> expire(Work& work, const std::string& id) {
    auto held = hold(work.tx, work.scope(), id);
    if (!held) return Fail{held.error()};
    if (auto fine = may_expire(held->session); !fine) return Fail{fine.error()};
    if (held->intent && is_moving(*held->intent)) return Fail{rules::locked()};
    close(work, *held);
    return std::move(held->session);
}

Result<PaymentIntent> begin(Work& work, const std::string& id, const Shopper& shopper) {
    auto held = submit(work, id, shopper);
    if (!held) return Fail{held.error()};
    auto& session = held->session;
    if (session.payment_status != CheckoutPayment::unpaid)
        return Fail{Error::invalid("", "", "This Checkout Session needs no payment.")};
    if (!held->intent) {
        held->intent = intent_of(work, session);
        store::insert(work.tx, *held->intent);
        work.tell("payment_intent.created", &*held->intent);
        session.payment_intent = held->intent->id;
    }
    store::update(work.tx, session);
    return *std::move(held->intent);
}

Result<CheckoutSession> complete_free(Work& work, const std::string& id, const Shopper& shopper) {
    auto held = submit(work, id, shopper);
    if (!held) return Fail{held.error()};
    auto& session = held->session;
    if (session.mode != CheckoutMode::payment || session.payment_status == CheckoutPayment::unpaid)
        return Fail{Error::invalid("", "", "This Checkout Session is completed by a payment method.")};
    complete(session, CheckoutPayment::no_payment_required);
    store::update(work.tx, session);
    work.tell("checkout.session.completed", &session);
    return std::move(session);
}

void note_payment(store::Transaction& tx, EventLog& events, const Renderer& renderer,
                  const PaymentIntent& intent) {
    if (!intent.checkout_session) return;
    auto session = store::lock<CheckoutSession>(tx, intent.scope, *intent.checkout_session);
    if (!session) return;
    const bool captured = intent.status == IntentStatus::succeeded;
    const auto paid = captured ? CheckoutPayment::paid : CheckoutPayment::unpaid;
    if (next(session->status, CheckoutEvent::completed)) {
        complete(*session, paid);
        events.add("checkout.session.completed", rendering_of(renderer, &*session));
    } else {
        session->payment_status = paid;
    }
    store::update(tx, *session);
}

}  // namespace gateway::checkout
