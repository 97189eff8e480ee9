#include <charconv>

#include "gateway/api/file_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/api/shown.h"
#include "gateway/store/files.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;

Result<FileLinkChanges> changes_of(const Parameters& parameters) {
    FileLinkChanges changes;
    changes.metadata = parameters.metadata_change();
    const auto until = parameters.text_change("expires_at");
    if (!until) return changes;
    if (*until == "now") {
        changes.expires_now = true;
        return changes;
    }
    auto& seconds = changes.expires_at.emplace();
    if (!*until) return changes;
    const auto& text = **until;
    const auto* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, seconds.emplace());
    if (failed != std::errc{} || stop != end)
        return Fail{Error::invalid("parameter_invalid_integer", "expires_at", "Invalid integer: {}",
                                   {Safe::param(text)})};
    return changes;
}

// Links that have expired by now, or have not.
ListQuery::Between expiry(bool expired, std::int64_t now) {
    if (expired) return {"expires_at", std::nullopt, now + 1};
    return {"expires_at", now + 1, std::nullopt};
}

}  // namespace

Task<StoredResponse> create_file_link(Context& context) {
    const auto parameters = context.parameters();
    FileLinkChanges input;
    if (const auto until = parameters.integer("expires_at")) input.expires_at.emplace(until);
    input.metadata = parameters.metadata_change();
    co_return co_await context.change(
        [file = parameters.text("file").value_or(""), input = std::move(input)](Work& work) {
            return shown(work, files::create_link(work, file, input));
        });
}

Task<StoredResponse> read_file_link(Context& context) {
    co_return co_await context.read([&context](Work& work) {
        return shown(work, store::require<FileLink>(work.tx, work.scope(), context.id));
    });
}

Task<StoredResponse> update_file_link(Context& context) {
    auto changes = changes_of(context.parameters());
    if (!changes) co_return Fail{changes.error()};
    co_return co_await context.change([&context, &changes](Work& work) {
        return shown(work, files::update_link(work, context.id, *changes));
    });
}

Task<StoredResponse> list_file_links(Context& context) {
    auto query = list_query(context.parameters());
    if (!query) co_return Fail{query.error()};
    query->equal = filters_of(context.parameters(), {"file"});
    const auto expired = context.parameters().boolean("expired");
    co_return co_await context.read(
        [query = *std::move(query), expired, &context](Work& work) -> Result<object> {
            auto wanted = query;
            if (expired) wanted.between.push_back(expiry(*expired, work.now()));
            const auto page = store::list<FileLink>(work.tx, work.scope(), wanted);
            if (!page) return Fail{page.error()};
            return envelope(work, *page, context.path);
        });
}

}  // namespace gateway::api
