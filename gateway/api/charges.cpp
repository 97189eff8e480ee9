#include "gateway/payments/charges.h"

#include "gateway/api/customer_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/api/intent_checks.h"
#include "gateway/store/payments.h"

namespace gateway::api {

using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

Task<StoredResponse> read_charge(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        const auto charge = store::require<Charge>(work.tx, work.scope(), context.id);
        if (!charge) return Fail{charge.error()};
        return work.show(&*charge);
    });
}

Task<StoredResponse> list_charges(Context& context) {
    co_return co_await list_of<Charge>(context,
                                       filters_of(context.parameters(), {"customer", "payment_intent"}));
}

Task<StoredResponse> update_charge(Context& context) {
    const auto parameters = context.parameters();
    ChargeChanges changes;
    changes.description = parameters.text_change("description");
    changes.receipt_email = parameters.text_change("receipt_email");
    changes.shipping = parameters.object_change("shipping", update_charge_rules);
    changes.metadata = parameters.metadata_change();
    changes.customer = parameters.text("customer");
    changes.transfer_group = parameters.text("transfer_group");
    if (const auto fraud = parameters.hash("fraud_details"))
        changes.user_report = fraud->text_change("user_report");
    co_return co_await context.change([&context, changes = std::move(changes)](Work& work) -> Result<object> {
        const auto charge = payments::update_charge(work, context.id, changes);
        if (!charge) return Fail{charge.error()};
        return work.show(&*charge);
    });
}

// The older way of capturing: of the charge that a payment intent made, in whole or in part, once.
Task<StoredResponse> capture_charge(Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_descriptors(parameters, context.caller.account.statement_descriptor); !fine)
        co_return Fail{fine.error()};
    CaptureIntent input;
    input.by_charge = true;
    input.amount_to_capture = parameters.integer("amount");
    if (input.amount_to_capture)
        if (auto fine = check_positive(*input.amount_to_capture, "amount"); !fine)
            co_return Fail{fine.error()};
    input.statement_descriptor_suffix = parameters.text("statement_descriptor_suffix");
    input.receipt_email = parameters.text("receipt_email");
    input.transfer_group = parameters.text("transfer_group");
    co_return co_await context.backend->capture_intent(context.call, context.id, std::move(input));
}

}  // namespace gateway::api
