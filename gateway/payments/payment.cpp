#include "gateway/payments/payment.h"

namespace gateway {
namespace {

template <class Enum>
std::optional<Enum> named(std::string_view text) {
    Enum value{};
    if (!boost::describe::enum_from_string(std::string{text}.c_str(), value)) return std::nullopt;
    return value;
}

}  // namespace

std::string_view to_string(IntentStatus status) {
    return boost::describe::enum_to_string(status, "");
}
std::string_view to_string(CaptureMethod method) {
    return boost::describe::enum_to_string(method, "");
}
std::string_view to_string(ChargeStatus status) {
    return boost::describe::enum_to_string(status, "");
}

bool captured_by_merchant(const PaymentIntent& intent) {
    const auto* card = intent.payment_method_options.if_contains("card");
    const auto* wish = card && card->is_object() ? card->get_object().if_contains("capture_method") : nullptr;
    return intent.capture_method == CaptureMethod::manual || (wish && wish->is_string());
}

std::optional<IntentStatus> intent_status_of(std::string_view text) {
    return named<IntentStatus>(text);
}
std::optional<CaptureMethod> capture_method_of(std::string_view text) {
    return named<CaptureMethod>(text);
}

}  // namespace gateway
