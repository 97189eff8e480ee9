#include "gateway/payments/payment.h"

namespace gateway {
namespace {

constexpr std::array<std::string_view, 7> intent_statuses{"requires_payment_method",
                                                          "requires_confirmation",
                                                          "requires_action",
                                                          "processing",
                                                          "requires_capture",
                                                          "succeeded",
                                                          "canceled"};
constexpr std::array<std::string_view, 3> capture_methods{"automatic", "automatic_async", "manual"};
constexpr std::array<std::string_view, 3> charge_statuses{"pending", "succeeded", "failed"};

template <class Enum, std::size_t N>
std::optional<Enum> find_in(const std::array<std::string_view, N>& names, std::string_view text) {
    const auto at = std::ranges::find(names, text);
    if (at == names.end()) return std::nullopt;
    return static_cast<Enum>(at - names.begin());
}

}  // namespace

std::string_view to_string(IntentStatus status) {
    return intent_statuses.at(static_cast<std::size_t>(status));
}
std::string_view to_string(CaptureMethod method) {
    return capture_methods.at(static_cast<std::size_t>(method));
}
std::string_view to_string(ChargeStatus status) {
    return charge_statuses.at(static_cast<std::size_t>(status));
}

bool captured_by_merchant(const PaymentIntent& intent) {
    const auto* card = intent.payment_method_options.if_contains("card");
    const auto* wish = card && card->is_object() ? card->get_object().if_contains("capture_method") : nullptr;
    return intent.capture_method == CaptureMethod::manual || (wish && wish->is_string());
}

std::optional<IntentStatus> intent_status_of(std::string_view text) {
    return find_in<IntentStatus>(intent_statuses, text);
}
std::optional<CaptureMethod> capture_method_of(std::string_view text) {
    return find_in<CaptureMethod>(capture_methods, text);
}
std::optional<ChargeStatus> charge_status_of(std::string_view text) {
    return find_in<ChargeStatus>(charge_statuses, text);
}

}  // namespace gateway
