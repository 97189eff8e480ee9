#include "gateway/api/renderer.h"

#include <boost/json/serialize.hpp>

#include "gateway/api/objects.h"
#include "gateway/refunds/refund.h"
#include "gateway/reviews/review.h"

namespace gateway::api {
namespace {

StoredResponse stored(int status, const boost::json::object& body, const Call& call) {
    StoredResponse response;
    response.status = status;
    response.body = boost::json::serialize(body);
    response.original_request = call.request_id;
    return response;
}

// Puts the object that an error is of into it, and the method, when the card is at fault.
struct SubjectWriter {
    boost::json::object& fields;
    Style style;
    bool about_card;

    void operator()(std::nullptr_t) const {}
    void operator()(const PaymentView* view) const { put("payment_intent", view); }
    void operator()(const SetupView* view) const { put("setup_intent", view); }

  private:
    template <class View>
    void put(std::string_view name, const View* view) const {
        fields[name] = render_object(view, style);
        if (!about_card || !view->method) return;
        fields["payment_method"] = render_payment_method(*view->method, style);
        fields["payment_method_type"] = "card";
    }
};

}  // namespace

boost::json::value text_or_null(const std::optional<std::string>& text) {
    return text ? boost::json::value(boost::json::string_view(*text)) : boost::json::value(nullptr);
}

boost::json::value text_or_null(std::string_view text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(boost::json::string_view(text));
}

JsonRenderer::JsonRenderer(std::string public_url, std::string documentation_url,
                           const common::SecretBytes& pepper, const common::Clock& clock)
    : public_url_{std::move(public_url)},
      documentation_url_{std::move(documentation_url)},
      files_{public_url_, pepper},
      clock_{&clock} {}

Style JsonRenderer::style(std::string_view version, bool publishable) const {
    const auto known = ApiVersion::parse(version);
    return {.version = known ? *known : ApiVersion::newest(),
            .publishable = publishable,
            .files = &files_,
            .now = clock_->now().time_since_epoch().count() / 1000,
            .public_url = public_url_};
}

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
        boost::json::object operator()(const SetupIntent* intent) const {
            return render_setup_intent(*intent, nullptr, style);
        }
        boost::json::object operator()(const SetupView* view) const {
            return render_setup_intent(view->intent, view->method ? &*view->method : nullptr, style);
        }
        boost::json::object operator()(const SetupAttempt* attempt) const {
            return render_setup_attempt(*attempt, style);
        }
        boost::json::object operator()(const Charge* charge) const { return render_charge(*charge, style); }
        boost::json::object operator()(const Review* review) const { return render_review(*review); }
        boost::json::object operator()(const Refund* refund) const { return render_refund(*refund); }
        boost::json::object operator()(const CheckoutSession* session) const {
            return render_checkout_session(*session, style);
        }
        boost::json::object operator()(const webhooks::Endpoint* endpoint) const {
            return render_webhook_endpoint(*endpoint);
        }
        boost::json::object operator()(const BalanceTransaction* transaction) const {
            return render_balance_transaction(*transaction);
        }
        boost::json::object operator()(const ledger::Transfer* transfer) const {
            return render_transfer(*transfer);
        }
        boost::json::object operator()(const File* file) const { return render_file(*file, style); }
        boost::json::object operator()(const FileLink* link) const { return render_file_link(*link, style); }
        boost::json::object operator()(const ledger::MerchantBalance* balance) const {
            return render_balance(*balance);
        }
        boost::json::object operator()(const Token* token) const { return render_token(*token, style); }
        boost::json::object operator()(const ConfirmationToken* token) const {
            return render_confirmation_token(*token, style);
        }
        boost::json::object operator()(const EphemeralKey* key) const { return render_ephemeral_key(*key); }
        boost::json::object operator()(const BankAccount* account) const {
            return render_external_account(*account, style);
        }
        boost::json::object operator()(const Payout* payout) const { return render_payout(*payout); }
    };
    return std::visit(Visitor{style}, object);
}

boost::json::object JsonRenderer::object(const ObjectRef& object, const Call& call) const {
    return render_object(object, style(call.api_version, call.publishable));
}

boost::json::object JsonRenderer::event_object(const ObjectRef& object, std::string_view version) const {
    return render_object(object, style(version, false));
}

void JsonRenderer::expand(store::Transaction& tx, boost::json::object& body, const Call& call) const {
    if (call.expand.empty()) return;
    expand_ids(tx, call.scope, style(call.api_version, call.publishable), Expansion{call.expand}, body);
}

StoredResponse JsonRenderer::failure(const common::Error& error, const Subject& subject,
                                     const Call& call) const {
    auto body = error.to_json();
    auto& fields = body["error"].as_object();
    if (!error.code().empty() && !documentation_url_.empty())
        fields["doc_url"] = documentation_url_ + "#" + std::string{error.code()};
    fields["request_log_url"] = public_url_ + "/requests/" + call.request_id;
    const auto shown = style(call.api_version, call.publishable);
    std::visit(SubjectWriter{fields, shown, error.type() == common::ErrorType::card}, subject);
    auto response = stored(error.status(), body, call);
    response.should_retry = error.should_retry();
    // Declines and faults of the request come out the same every time.
    if (!response.should_retry && error.status() < 500 && error.status() != 409 && error.status() != 429)
        response.should_retry = false;
    return response;
}

}  // namespace gateway::api
