#include "gateway/api/searches.h"

#include "common/base62.h"
#include "gateway/api/handlers.h"
#include "gateway/store/customers.h"
#include "gateway/store/payments.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

constexpr std::size_t position_size = 10, checksum_size = 6;

// Of all that a token holds for: parts are apart by what none of them but the last one can hold.
std::string checksum(const store::SearchPlace& place, const Scope& scope, std::string_view path,
                     std::string_view query) {
    std::string text = std::to_string(place.position) + '\n' + place.id + '\n' +
                       std::to_string(scope.account.value) + (scope.livemode ? "l" : "t") + '\n';
    return common::checksum62(text.append(path).append("\n").append(query));
}

Result<store::SearchRequest> request_of(const Context& context, search::Resource resource) {
    const auto parameters = context.parameters();
    store::SearchRequest request;
    request.resource = resource;
    const auto limit = page_limit(parameters);
    if (!limit) return Fail{limit.error()};
    request.limit = *limit;
    const auto text = parameters.raw("query");
    auto query = search::parse(text, search::fields_of(resource));
    if (!query) return Fail{std::move(query).error()};
    request.query = *std::move(query);
    if (const auto page = parameters.text("page")) {
        auto place = place_of(*page, context.call.scope, context.path, text);
        if (!place) return Fail{std::move(place).error()};
        request.after = *std::move(place);
    }
    request.wants_total = std::ranges::find(context.call.expand, total_count) != context.call.expand.end();
    return request;
}

template <class T>
object envelope_of(const Work& work, const store::Hits<T>& hits, std::string_view path,
                   std::string_view query) {
    boost::json::array data;
    for (const T& item : hits.items)
        data.push_back(work.show(&item));
    object body{{"object", "search_result"},
                {"data", std::move(data)},
                {"has_more", hits.last.has_value()},
                {"next_page", nullptr},
                {"url", path}};
    if (hits.last) body["next_page"] = page_token(*hits.last, work.scope(), path, query);
    if (hits.total) body[total_count] = *hits.total;
    return body;
}

template <class T>
Task<StoredResponse> search_of(const Context& context) {
    auto request = request_of(context, store::Shape<T>::resource);
    if (!request) co_return Fail{std::move(request).error()};
    const auto job = [request = *std::move(request), path = std::string{context.path},
                      query = std::string{context.parameters().raw("query")}](Work& work) -> Result<object> {
        auto asked = request;
        asked.time_max =
            std::max(std::min(asked.time_max, work.call.deadline.left()), std::chrono::milliseconds{1});
        const auto hits = store::search_for<T>(work.tx, work.scope(), asked);
        if (!hits) return Fail{hits.error()};
        return envelope_of(work, *hits, path, query);
    };
    co_return co_await context.read(job);
}

}  // namespace

std::string page_token(const store::SearchPlace& place, const Scope& scope, std::string_view path,
                       std::string_view query) {
    return common::base62::encode(static_cast<std::uint64_t>(place.position), position_size) +
           checksum(place, scope, path, query) + place.id;
}

Result<store::SearchPlace> place_of(std::string_view token, const Scope& scope, std::string_view path,
                                    std::string_view query) {
    const auto refused = [] {
        return Fail{common::Error::invalid("", "page",
                                           "Invalid page. Send what next_page said, with the same query, or "
                                           "no page for the first one.")};
    };
    constexpr auto head = position_size + checksum_size;
    if (token.size() <= head) return refused();
    const auto position = common::base62::decode(token.substr(0, position_size));
    if (!position) return refused();
    store::SearchPlace place{static_cast<std::int64_t>(*position), std::string{token.substr(head)}};
    if (token.substr(position_size, checksum_size) != checksum(place, scope, path, query)) return refused();
    return place;
}

Task<StoredResponse> search_customers(Context& context) {
    co_return co_await search_of<Customer>(context);
}

Task<StoredResponse> search_payment_intents(Context& context) {
    co_return co_await search_of<PaymentIntent>(context);
}

Task<StoredResponse> search_charges(Context& context) {
    co_return co_await search_of<Charge>(context);
}

}  // namespace gateway::api
