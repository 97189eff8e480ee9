// Bodies of answers: every field that the API always sends is there, null when empty; the rest only when it
// has a value.
#pragma once

#include <string>

#include "gateway/api/expand.h"
#include "gateway/api/version.h"
#include "gateway/payments/service.h"

namespace gateway::api {

// How an object is to look.
struct Style {
    ApiVersion version = ApiVersion::newest();
    bool publishable = false;  // reduced objects, no fingerprint
};

// The parts of a payment that are at hand; null = not loaded, rendered as an id.
struct Payment {
    const PaymentIntent* intent = nullptr;
    const PaymentMethod* method = nullptr;
    const Charge* latest_charge = nullptr;
};

boost::json::object render_payment_method(const PaymentMethod& method, const Style& style);
// `payment.intent` is set.
boost::json::object render_payment_intent(const Payment& payment, const Style& style,
                                          const Expansion& expand);
// `charge` belongs to `payment`, whose parts may be null.
boost::json::object render_charge(const Charge& charge, const Payment& payment, const Style& style,
                                  const Expansion& expand);
boost::json::value render_billing_details(const BillingDetails& details);
boost::json::value render_shipping(const std::optional<boost::json::object>& shipping);
boost::json::value render_checks(const CardDetails& card);

// Text or null.
boost::json::value text_or_null(const std::optional<std::string>& text);
boost::json::value text_or_null(std::string_view text);

class JsonRenderer final : public Renderer {
  public:
    // `public_url`: where this gateway is reached, for request_log_url. `documentation_url`: page with an
    // anchor for each error code; "" = no doc_url is sent.
    JsonRenderer(std::string public_url, std::string documentation_url);

    StoredResponse payment_method(const PaymentMethod& method, const Call& call) const override;
    StoredResponse payment(const PaymentView& view, const Call& call) const override;
    StoredResponse failure(const common::Error& error, const PaymentView* view,
                           const Call& call) const override;
    StoredResponse charge(const Charge& charge, const PaymentView* view, const Call& call) const;
    boost::json::object payment_intent_object(const PaymentIntent& intent,
                                              std::string_view version) const override;
    boost::json::object charge_object(const Charge& charge, std::string_view version) const override;

  private:
    std::string public_url_, documentation_url_;
};

}  // namespace gateway::api
