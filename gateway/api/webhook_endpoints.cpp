#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/api/handlers.h"
#include "gateway/api/shown.h"
#include "gateway/api/webhook_rules.h"
#include "gateway/store/webhooks.h"
#include "gateway/webhooks/endpoints.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;
using webhooks::Endpoint;

Result<webhooks::EndpointChanges> changes_of(const Parameters& parameters, Rules rules) {
    webhooks::EndpointChanges changes;
    changes.url = parameters.text("url");
    if (parameters.has("enabled_events")) {
        auto& names = changes.enabled_events.emplace();
        const auto given = parameters.json("enabled_events", rules);
        if (const auto* list = given.if_array())
            for (const auto& name : *list)
                names.emplace_back(name.as_string());
    }
    changes.api_version = parameters.text("api_version");
    if (changes.api_version && !ApiVersion::parse(*changes.api_version))
        return Fail{Error::invalid("", "api_version", "Invalid Stripe API version: {}",
                                   {Safe::param(*changes.api_version)})};
    changes.description = parameters.text_change("description");
    changes.metadata = parameters.metadata_change();
    changes.disabled = parameters.boolean("disabled");
    return changes;
}

// What is stored under the idempotency key holds no secret; a repeated request gets it again as long as the
// endpoint is there.
Task<StoredResponse> with_secret(const Context& context, StoredResponse response) {
    if (response.status != 200) co_return response;
    auto body = boost::json::parse(response.body).as_object();
    const std::string id{body.at("id").as_string()};
    auto job = [&id, &context](Work& work) -> Result<object> {
        const auto endpoint = webhooks::require(work, id);
        if (!endpoint) return object{};
        const auto secrets = context.backend->webhooks().secrets->open(id, endpoint->secrets, work.now_ms);
        if (secrets.empty()) return Fail{Error::internal("the secret of {} does not open", {Safe::id(id)})};
        return object{{"secret", secrets.front().view()}};
    };
    const auto found = co_await context.read(job);
    if (!found) co_return Fail{found.error()};
    const auto secret = boost::json::parse(found->body).as_object();
    if (const auto* text = secret.if_contains("secret")) body["secret"] = *text;
    response.body = boost::json::serialize(body);
    co_return response;
}

}  // namespace

Task<StoredResponse> create_webhook_endpoint(Context& context) {
    auto input = changes_of(context.parameters(), create_webhook_rules);
    if (!input) co_return Fail{input.error()};
    auto made = co_await context.change([&context, &input](Work& work) {
        return shown(work, webhooks::create(work, context.backend->webhooks(), *input));
    });
    if (!made) co_return made;
    co_return co_await with_secret(context, *std::move(made));
}

Task<StoredResponse> rotate_webhook_secret(Context& context) {
    constexpr std::int64_t overlap_seconds_max = webhooks::overlap_ms_max / 1000;
    const auto overlap = context.parameters().integer("overlap_seconds").value_or(overlap_seconds_max);
    if (overlap < 0 || overlap > overlap_seconds_max)
        co_return Fail{Error::invalid("parameter_invalid_integer", "overlap_seconds",
                                      "Invalid overlap_seconds: it must be between 0 and {}.",
                                      {Safe::number(overlap_seconds_max)})};
    auto made = co_await context.change([&context, overlap](Work& work) {
        return shown(work,
                     webhooks::rotate_secret(work, context.backend->webhooks(), context.id, overlap * 1000));
    });
    if (!made) co_return made;
    co_return co_await with_secret(context, *std::move(made));
}

Task<StoredResponse> read_webhook_endpoint(Context& context) {
    co_return co_await context.read(
        [&context](Work& work) { return shown(work, webhooks::require(work, context.id)); });
}

Task<StoredResponse> update_webhook_endpoint(Context& context) {
    auto changes = changes_of(context.parameters(), update_webhook_rules);
    if (!changes) co_return Fail{changes.error()};
    co_return co_await context.change([&context, &changes](Work& work) {
        return shown(work, webhooks::update(work, context.backend->webhooks(), context.id, *changes));
    });
}

Task<StoredResponse> delete_webhook_endpoint(Context& context) {
    co_return co_await context.change(
        [&context](Work& work) { return shown(work, webhooks::remove(work, context.id)); });
}

Task<StoredResponse> list_webhook_endpoints(Context& context) {
    co_return co_await list_of<Endpoint>(context, {{"deleted", "f"}});
}

}  // namespace gateway::api
