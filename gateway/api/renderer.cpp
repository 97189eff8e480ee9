#include "gateway/api/renderer.h"

#include <boost/json/serialize.hpp>

namespace gateway::api {
namespace {

Style style_of(const Call& call) {
    const auto version = ApiVersion::parse(call.api_version);
    return Style{version ? *version : ApiVersion::newest(), call.publishable};
}

Style style_of_version(std::string_view text) {
    const auto version = ApiVersion::parse(text);
    return Style{version ? *version : ApiVersion::newest(), false};
}

Payment payment_of(const PaymentView& view) {
    return {&view.intent, view.method ? &*view.method : nullptr,
            view.latest_charge ? &*view.latest_charge : nullptr};
}

StoredResponse stored(int status, const boost::json::object& body, const Call& call) {
    StoredResponse response;
    response.status = status;
    response.body = boost::json::serialize(body);
    response.original_request = call.request_id;
    return response;
}

}  // namespace

boost::json::value text_or_null(const std::optional<std::string>& text) {
    return text ? boost::json::value(boost::json::string_view(*text)) : boost::json::value(nullptr);
}

boost::json::value text_or_null(std::string_view text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(boost::json::string_view(text));
}

JsonRenderer::JsonRenderer(std::string public_url, std::string documentation_url)
    : public_url_{std::move(public_url)}, documentation_url_{std::move(documentation_url)} {}

StoredResponse JsonRenderer::payment_method(const PaymentMethod& method, const Call& call) const {
    return stored(200, render_payment_method(method, style_of(call)), call);
}

StoredResponse JsonRenderer::payment(const PaymentView& view, const Call& call) const {
    return stored(200, render_payment_intent(payment_of(view), style_of(call), Expansion{call.expand}), call);
}

StoredResponse JsonRenderer::charge(const Charge& charge, const PaymentView* view, const Call& call) const {
    const auto payment = view ? payment_of(*view) : Payment{};
    return stored(200, render_charge(charge, payment, style_of(call), Expansion{call.expand}), call);
}

StoredResponse JsonRenderer::failure(const common::Error& error, const PaymentView* view,
                                     const Call& call) const {
    auto body = error.to_json();
    auto& fields = body["error"].as_object();
    if (!error.code().empty() && !documentation_url_.empty())
        fields["doc_url"] = documentation_url_ + "#" + std::string{error.code()};
    fields["request_log_url"] = public_url_ + "/requests/" + call.request_id;
    if (view) {
        const auto payment = payment_of(*view);
        const auto style = style_of(call);
        fields["payment_intent"] = render_payment_intent(payment, style, {});
        const bool about_card = error.type() == common::ErrorType::card;
        if (about_card && payment.method) {
            fields["payment_method"] = render_payment_method(*payment.method, style);
            fields["payment_method_type"] = "card";
        }
    }
    auto response = stored(error.status(), body, call);
    response.should_retry = error.should_retry();
    // Declines and faults of the request come out the same every time.
    if (!response.should_retry && error.status() < 500 && error.status() != 409 && error.status() != 429)
        response.should_retry = false;
    return response;
}

boost::json::object JsonRenderer::payment_intent_object(const PaymentIntent& intent,
                                                        std::string_view version) const {
    return render_payment_intent(Payment{&intent}, style_of_version(version), {});
}

boost::json::object JsonRenderer::charge_object(const Charge& charge, std::string_view version) const {
    return render_charge(charge, {}, style_of_version(version), {});
}

}  // namespace gateway::api
