#include "gateway/store/customers.h"

#include "gateway/api/customer_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/api/shown.h"
#include "gateway/customers/payment_methods.h"
#include "gateway/store/payments.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

CustomerChanges changes_of(const Parameters& parameters) {
    CustomerChanges changes;
    changes.email = parameters.text_change("email");
    changes.name = parameters.text_change("name");
    changes.phone = parameters.text_change("phone");
    changes.description = parameters.text_change("description");
    changes.tax_exempt = parameters.text_change("tax_exempt");
    changes.address = parameters.object_change("address", update_customer_rules);
    changes.shipping = parameters.object_change("shipping", update_customer_rules);
    changes.metadata = parameters.metadata_change();
    if (const auto settings = parameters.hash("invoice_settings"))
        changes.default_payment_method = settings->text_change("default_payment_method");
    for (const auto* name : {"balance", "business_name", "individual_name", "invoice_prefix",
                             "next_invoice_sequence", "preferred_locales"})
        if (parameters.has(name)) changes.echoed[name] = parameters.json(name, update_customer_rules);
    return changes;
}

}  // namespace

Task<StoredResponse> create_customer(Context& context) {
    co_return co_await context.change([input = changes_of(context.parameters())](Work& work) {
        return shown(work, customers::create(work, input));
    });
}

Task<StoredResponse> read_customer(Context& context) {
    co_return co_await context.read([&context](Work& work) {
        return shown(work, store::require<Customer>(work.tx, work.scope(), context.id));
    });
}

Task<StoredResponse> update_customer(Context& context) {
    co_return co_await context.change([&context, changes = changes_of(context.parameters())](Work& work) {
        return shown(work, customers::update(work, context.id, changes));
    });
}

Task<StoredResponse> delete_customer(Context& context) {
    co_return co_await context.change(
        [&context](Work& work) { return shown(work, customers::remove(work, context.id)); });
}

Task<StoredResponse> list_customers(Context& context) {
    auto filters = filters_of(context.parameters(), {"email"});
    filters.emplace_back("deleted", "f");
    co_return co_await list_of<Customer>(context, std::move(filters));
}

// — saved cards —

Task<StoredResponse> list_customer_methods(Context& context) {
    auto query = list_query(context.parameters());
    if (!query) co_return Fail{query.error()};
    query->equal = {{"customer", context.id}};
    co_return co_await context.read([&context, query = *std::move(query)](Work& work) -> Result<object> {
        if (auto customer = customers::require(work.tx, work.scope(), context.id, {}); !customer)
            return Fail{customer.error()};
        auto page = store::list<PaymentMethod>(work.tx, work.scope(), query);
        if (!page) return Fail{page.error()};
        return envelope(work, *page, context.path);
    });
}

Task<StoredResponse> read_customer_method(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        if (auto customer = customers::require(work.tx, work.scope(), context.parent, {}); !customer)
            return Fail{customer.error()};
        const auto method = store::require<PaymentMethod>(work.tx, work.scope(), context.id);
        if (!method) return Fail{method.error()};
        if (method->customer != context.parent)
            return Fail{no_such("PaymentMethod", context.id, work.scope(), false)};
        return work.show(&*method);
    });
}

}  // namespace gateway::api
