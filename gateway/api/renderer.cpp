#include "gateway/api/renderer.h"

#include <boost/json/serialize.hpp>

#include "gateway/api/objects.h"
#include "gateway/refunds/refund.h"
#include "gateway/reviews/review.h"

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

boost::json::object render_object(const ObjectRef& object, const Style& style) {
    struct Visitor {
        const Style& style;
        boost::json::object operator()(const Customer* customer) const { return render_customer(*customer); }
        boost::json::object operator()(const PaymentMethod* method) const {
            return render_payment_method(*method, style);
        }
        boost::json::object operator()(const PaymentIntent* intent) const {
            return render_payment_intent(*intent, nullptr, style);
        }
        boost::json::object operator()(const PaymentView* view) const {
            return render_payment_intent(view->intent, view->method ? &*view->method : nullptr, style);
        }
        boost::json::object operator()(const Charge* charge) const { return render_charge(*charge, style); }
        boost::json::object operator()(const Review* review) const { return render_review(*review); }
        boost::json::object operator()(const Refund* refund) const { return render_refund(*refund); }
        boost::json::object operator()(const webhooks::Endpoint* endpoint) const {
            return render_webhook_endpoint(*endpoint);
        }
        boost::json::object operator()(const BalanceTransaction* transaction) const {
            return render_balance_transaction(*transaction);
        }
        boost::json::object operator()(const ledger::Transfer* transfer) const {
            return render_transfer(*transfer);
        }
    };
    return std::visit(Visitor{style}, object);
}

boost::json::object JsonRenderer::object(const ObjectRef& object, const Call& call) const {
    return render_object(object, style_of(call));
}

boost::json::object JsonRenderer::event_object(const ObjectRef& object, std::string_view version) const {
    return render_object(object, style_of_version(version));
}

void JsonRenderer::expand(store::Transaction& tx, boost::json::object& body, const Call& call) const {
    if (!call.expand.empty()) expand_ids(tx, call.scope, style_of(call), Expansion{call.expand}, body);
}

StoredResponse JsonRenderer::failure(const common::Error& error, const PaymentView* view,
                                     const Call& call) const {
    auto body = error.to_json();
    auto& fields = body["error"].as_object();
    if (!error.code().empty() && !documentation_url_.empty())
        fields["doc_url"] = documentation_url_ + "#" + std::string{error.code()};
    fields["request_log_url"] = public_url_ + "/requests/" + call.request_id;
    if (view) {
        const auto style = style_of(call);
        fields["payment_intent"] = render_object(view, style);
        const bool about_card = error.type() == common::ErrorType::card;
        if (about_card && view->method) {
            fields["payment_method"] = render_payment_method(*view->method, style);
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

}  // namespace gateway::api
