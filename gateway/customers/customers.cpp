#include "gateway/store/customers.h"

#include <algorithm>

#include "common/crypto.h"
#include "gateway/customers/customer.h"
#include "gateway/customers/payment_methods.h"
#include "gateway/store/payments.h"

namespace gateway::customers {
namespace {

using common::Fail;
using common::Result;

constexpr std::size_t prefix_size = 8;

std::string capitals(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

common::Status apply(Customer& customer, const CustomerChanges& changes) {
    put_change(customer.email, changes.email);
    put_change(customer.name, changes.name);
    put_change(customer.phone, changes.phone);
    put_change(customer.description, changes.description);
    put_change(customer.tax_exempt, changes.tax_exempt);
    put_change(customer.address, changes.address);
    put_change(customer.shipping, changes.shipping);
    put_change(customer.default_payment_method, changes.default_payment_method);
    merge(customer.echoed, changes.echoed);
    return put_metadata(customer.metadata, changes.metadata);
}

common::Status owns_default(Work& work, const Customer& customer) {
    if (!customer.default_payment_method) return {};
    constexpr auto* param = "invoice_settings[default_payment_method]";
    const auto method = store::find<PaymentMethod>(work.tx, work.scope(), *customer.default_payment_method);
    if (method && method->customer == customer.id) return {};
    return Fail{common::Error::invalid(
        "resource_missing", param, "No such PaymentMethod: '{}'; it must be attached to this customer first.",
        {common::Safe::id(*customer.default_payment_method)})};
}

}  // namespace

Result<Customer> create(Work& work, const CustomerChanges& input) {
    Customer customer;
    work.stamp(customer, "cus_");
    customer.invoice_prefix = capitals(common::crypto::random_base62(prefix_size));
    if (auto fine = apply(customer, input); !fine) return Fail{fine.error()};
    if (auto fine = owns_default(work, customer); !fine) return Fail{fine.error()};
    store::insert(work.tx, customer);
    work.tell("customer.created", &customer);
    return customer;
}

Result<Customer> update(Work& work, const std::string& id, const CustomerChanges& changes) {
    auto before = store::require_locked<Customer>(work.tx, work.scope(), id);
    if (!before) return before;
    if (before->deleted) return Fail{no_such("customer", id, work.scope(), false)};
    auto after = *before;
    if (auto fine = apply(after, changes); !fine) return Fail{fine.error()};
    if (auto fine = owns_default(work, after); !fine) return Fail{fine.error()};
    store::update(work.tx, after);
    work.tell_changed("customer.updated", &*before, &after);
    return after;
}

Result<Customer> remove(Work& work, const std::string& id) {
    auto customer = store::require_locked<Customer>(work.tx, work.scope(), id);
    if (!customer) return customer;
    if (customer->deleted) return Fail{no_such("customer", id, work.scope(), false)};
    detach_all(work, id);
    work.tell("customer.deleted", &*customer);
    customer->deleted = true;
    store::update(work.tx, *customer);
    return customer;
}

Result<Customer> require(store::Transaction& tx, const Scope& scope, const std::string& id,
                         std::string_view param) {
    auto customer = store::require<Customer>(tx, scope, id, param);
    if (customer && customer->deleted) return Fail{no_such("customer", id, scope, false, param)};
    return customer;
}

}  // namespace gateway::customers
