#include "gateway/store/events.h"

#include "gateway/api/handlers.h"
#include "gateway/api/webhook_rules.h"
#include "gateway/events/render.h"
#include "gateway/store/webhooks.h"
#include "gateway/webhooks/endpoints.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;

constexpr std::int64_t kept_seconds = 30 * 24 * 3600;
constexpr std::size_t types_max = 20;

Result<store::EventQuery> query_of(const Parameters& parameters) {
    auto page = list_query(parameters);
    if (!page) return Fail{page.error()};
    if (auto fine = at_most_one(parameters, {"type", "types"}); !fine) return Fail{fine.error()};
    if (auto fine = at_most_one(parameters, {"after_sequence", "starting_after", "ending_before"}); !fine)
        return Fail{fine.error()};
    store::EventQuery query;
    query.page = *std::move(page);
    if (parameters.list_size("types") > types_max)
        return Fail{Error::invalid("", "types", "You may specify up to 20 types.")};
    const auto types = parameters.json("types", list_events_rules);
    if (const auto* list = types.if_array())
        for (const auto& type : *list)
            query.types.emplace_back(type.as_string());
    if (auto type = parameters.text("type"); type && type->ends_with('*')) {
        type->pop_back();
        query.type_prefix = *std::move(type);
    } else if (type) {
        query.types.push_back(*std::move(type));
    }
    query.delivered = parameters.boolean("delivery_success");
    query.after_sequence = parameters.integer("after_sequence");
    return query;
}

Result<object> shown(const Work& work, const Event& event) {
    return render_event(event, store::pending_webhooks(work.tx, event.scope.account, event.sequence));
}

}  // namespace

Task<StoredResponse> list_events(Context& context) {
    auto query = query_of(context.parameters());
    if (!query) co_return Fail{query.error()};
    co_return co_await context.read([&context, &query](Work& work) -> Result<object> {
        query->not_before = work.now() - kept_seconds;
        const auto page = store::list_events(work.tx, work.scope(), *query);
        if (!page) return Fail{page.error()};
        auto pending = store::pending_webhooks(work.tx, work.scope().account, page->items);
        boost::json::array data;
        for (const auto& event : page->items)
            data.push_back(render_event(event, pending[event.sequence]));
        return object{{"object", "list"},
                      {"data", std::move(data)},
                      {"has_more", page->has_more},
                      {"url", context.path}};
    });
}

Task<StoredResponse> read_event(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        const auto event = store::require_event(work.tx, work.scope(), context.id, work.now() - kept_seconds);
        if (!event) return Fail{event.error()};
        return shown(work, *event);
    });
}

Task<StoredResponse> redeliver_event(Context& context) {
    co_return co_await context.change([&context](Work& work) -> Result<object> {
        const auto event = store::require_event(work.tx, work.scope(), context.id, work.now() - kept_seconds);
        if (!event) return Fail{event.error()};
        webhooks::deliver_again(work, *event);
        return shown(work, *event);
    });
}

}  // namespace gateway::api
