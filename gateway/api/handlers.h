// Handlers of the routes, by resource.
#pragma once

#include "gateway/api/routes.h"

namespace gateway::api {

common::Task<StoredResponse> create_payment_method(Context& context);
common::Task<StoredResponse> read_payment_method(Context& context);

common::Task<StoredResponse> create_payment_intent(Context& context);
common::Task<StoredResponse> read_payment_intent(Context& context);
common::Task<StoredResponse> confirm_payment_intent(Context& context);
common::Task<StoredResponse> capture_payment_intent(Context& context);
common::Task<StoredResponse> cancel_payment_intent(Context& context);

common::Task<StoredResponse> read_charge(Context& context);

// Card and holder of `parameters` (type, card, billing_details …). 403 for a raw number in live mode that the
// account is not enabled for.
common::Result<NewPaymentMethod> new_payment_method(const Parameters& parameters, const Context& context);

}  // namespace gateway::api
