#include "gateway/customers/payment_methods.h"

#include "gateway/store/customers.h"
#include "gateway/store/payments.h"

namespace gateway::customers {
namespace {

using common::Error;
using common::Fail;
using common::Result;

constexpr int methods_at_once = 100;

void detach(Work& work, PaymentMethod& method) {
    // Whoever has it as his default has none from now on.
    if (auto customer = store::lock<Customer>(work.tx, work.scope(), *method.customer);
        customer && customer->default_payment_method == method.id) {
        customer->default_payment_method.reset();
        store::update(work.tx, *customer);
    }
    method.customer.reset();
    method.consumed = true;
    store::update(work.tx, method);
    work.tell("payment_method.detached", &method);
}

void apply(PaymentMethod& method, const PaymentMethodChanges& changes) {
    auto& details = method.billing_details;
    put_change(details.address, changes.address);
    put_change(details.email, changes.email);
    put_change(details.name, changes.name);
    put_change(details.phone, changes.phone);
    put_change(details.tax_id, changes.tax_id);
    if (changes.allow_redisplay) method.allow_redisplay = *changes.allow_redisplay;
    if (changes.exp_month) method.card.exp_month = static_cast<int>(*changes.exp_month);
    if (changes.exp_year) method.card.exp_year = static_cast<int>(*changes.exp_year);
}

}  // namespace

Result<PaymentMethod> update_method(Work& work, const std::string& id, const PaymentMethodChanges& changes) {
    auto before = store::require_locked<PaymentMethod>(work.tx, work.scope(), id);
    if (!before) return before;
    if (!before->customer)
        return Fail{Error::invalid(
            "", "", "The PaymentMethod {} must be attached to a customer before it can be updated.",
            {common::Safe::id(id)})};
    auto after = *before;
    apply(after, changes);
    if (auto fine = put_metadata(after.metadata, changes.metadata); !fine) return Fail{fine.error()};
    store::update(work.tx, after);
    work.tell_changed("payment_method.updated", &*before, &after);
    return after;
}

Result<PaymentMethod> detach_method(Work& work, const std::string& id) {
    auto method = store::require_locked<PaymentMethod>(work.tx, work.scope(), id);
    if (!method) return method;
    if (!method->customer)
        return Fail{
            Error::invalid("", "",
                           "The payment method you provided is not attached to a customer so detachment is "
                           "impossible.")};
    detach(work, *method);
    return method;
}

void detach_all(Work& work, const std::string& customer) {
    ListQuery query;
    query.limit = methods_at_once;
    query.equal = {{"customer", customer}};
    for (bool more = true; more;) {
        auto page = store::list<PaymentMethod>(work.tx, work.scope(), query).value();
        for (auto& method : page.items)
            detach(work, method);
        more = page.has_more;
    }
}

}  // namespace gateway::customers
