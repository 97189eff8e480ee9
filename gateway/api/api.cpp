#include "gateway/api/api.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "common/log.h"
#include "common/utf8.h"
#include "gateway/api/authentication.h"
#include "gateway/api/cors.h"
#include "gateway/api/digest.h"
#include "gateway/api/error_page.h"
#include "gateway/api/handlers.h"
#include "gateway/api/openapi.h"
#include "gateway/api/page.h"
#include "gateway/api/request_form.h"
#include "gateway/store/payments.h"

namespace gateway::api {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;
using common::http::Method;
using common::http::Request;
using common::http::Response;

constexpr std::size_t idempotency_key_max = 255;

Error unrecognized(const Request& request) {
    return Error{404,
                 ErrorType::invalid_request,
                 "",
                 "Unrecognized request URL ({}: {}). Please check the method and the path for typos.",
                 {Safe::param(to_string(request.method)), Safe::param(request.path)}}
        .with_retry(false);
}

// The second generation of the API is not offered; its clients expect this form.
Response unknown_in_v2() {
    return common::http::json_response(
        404,
        R"({"error":{"code":"not_found","message":"This gateway does not offer /v2.","type":"invalid_request_error"}})");
}

Response response_of(int status, std::string body, const std::optional<Media>& media) {
    auto response = common::http::json_response(status, std::move(body));
    if (!media) return response;
    response.content_type = media->type;
    if (!media->disposition.empty()) response.headers.set("Content-Disposition", media->disposition);
    return response;
}

Response no_such_file() {
    return html_page(404, "No such file", "<p>There is no such file, or its link has expired.</p>\n");
}

Error too_many(common::Text message) {
    return Error{429, ErrorType::invalid_request, "rate_limit", message}.with_retry(false);
}

// Whom a card that is tried out counts against: its payment and, where a browser confirms, its address.
std::vector<std::string> tried_by(const Route& route, const Context& context) {
    if (!route.pattern.ends_with("/confirm")) return {};
    std::vector<std::string> subjects{context.id};
    if (context.call.publishable) subjects.push_back(context.call.client_address);
    return subjects;
}

Error too_many_declines() {
    return Error{402, ErrorType::card, "card_decline_rate_limit_exceeded",
                 "Too many cards were declined here. Try again later, or with another card."}
        .with_retry(false);
}

common::Result<IdempotencyKey> idempotency_of(const Request& request) {
    IdempotencyKey made{IdempotencyKey::for_request(request.request_id),
                        std::string{to_string(request.method)},
                        request.path,
                        {}};
    if (request.method != Method::post || !request.headers.has("Idempotency-Key")) return made;
    const auto key = request.headers.find("Idempotency-Key");
    if (key.empty() || key.size() > idempotency_key_max || !common::is_utf8(key))
        return Fail{Error::invalid(
            "", "", "Idempotency-Key must be a non-empty string of at most {} characters, in UTF-8.",
            {Safe::number(static_cast<std::int64_t>(idempotency_key_max))})};
    made.key = key;
    return made;
}

std::vector<std::string> expand_of(const Parameters& parameters, const common::form::Value& form) {
    std::vector<std::string> paths;
    if (parameters.list_size("expand") > 0)
        for (const auto& element : form.find("expand")->elements())
            paths.emplace_back(element.text());
    return paths;
}

// No account but the key's own can be addressed.
common::Status check_account_headers(const Request& request, const Caller& caller) {
    for (const auto* name : {"Stripe-Account", "Stripe-Context"}) {
        const auto account = request.headers.find(name);
        if (account.empty() || account == common::public_account_id(caller.account.id)) continue;
        return Fail{Error::invalid(
            "parameter_unknown", name,
            "Received the header {} with an account other than the key's own. Connected accounts are "
            "not supported by this gateway.",
            {Safe::param(name)})};
    }
    return {};
}

}  // namespace

struct Api::Progress {
    std::optional<Match> match;
    std::optional<Caller> caller;
    Credential credential;
    common::Result<common::form::Value> form = common::form::Value{};
    std::optional<Upload> upload;
    ApiVersion version = ApiVersion::newest();
    std::string_view limited;  // why it came too soon (Stripe-Rate-Limited-Reason)
    Call call;
};

Api::Api(Backend& backend, Limits& limits, const JsonRenderer& renderer,
         std::span<const std::uint8_t> digest_key, common::Metrics& metrics)
    : backend_{&backend},
      limits_{&limits},
      renderer_{&renderer},
      digest_key_{digest_key},
      metrics_{&metrics} {}

boost::asio::awaitable<Response> Api::handle(Request& request) {
    if (request.path == "/healthz" && request.method == Method::get)
        co_return common::http::json_response(200, R"({"status":"ok"})");
    if (request.path == openapi_path && request.method == Method::get)
        co_return common::http::json_response(200, openapi_document());
    if (request.path == error_page_path && request.method == Method::get) co_return error_page();
    if (request.path == "/readyz" && request.method == Method::get) co_return co_await readiness(request);
    if (request.path.starts_with(files::links_path) && request.method == Method::get)
        co_return co_await linked_file(request);
    if (request.path.starts_with("/v2/")) co_return unknown_in_v2();
    if (request.method == Method::options && find_publishable_route(request.path)) co_return preflight();

    const auto began = std::chrono::steady_clock::now();
    Progress progress;
    progress.match = find_route(request.method, request.path);
    progress.call.request_id = request.request_id;
    progress.call.client_address = request.peer_address;
    progress.call.deadline = request.deadline;
    progress.call.api_version = progress.version.text();

    common::Result<StoredResponse> outcome;
    try {
        outcome = co_await judge(request, progress);
    } catch (const std::exception&) {
        // Its text is not logged: it may quote what the caller sent.
        metrics_->count("gateway_handler_exceptions_total");
        outcome = Fail{Error::internal("a handler threw an exception")};
    }
    if (!outcome) {
        if (outcome.error().status() >= 500)
            common::log::failure("request failed", outcome.error(), request.request_id);
        outcome = renderer_->failure(outcome.error(), nullptr, progress.call);
    }
    const auto took = std::chrono::steady_clock::now() - began;
    common::log::write(
        common::log::Level::info, "request",
        {{"method", Safe::param(to_string(request.method))},
         {"route",
          Safe::param(progress.match ? progress.match->route->pattern : std::string_view{"unknown"})},
         {"status", Safe::number(outcome->status)},
         {"ms", Safe::number(std::chrono::duration_cast<std::chrono::milliseconds>(took).count())},
         {"account", Safe::id(progress.caller ? common::public_account_id(progress.caller->account.id)
                                              : std::string{})}},
        request.request_id);
    co_return answer(request, progress, *std::move(outcome));
}

// In this order, because it decides which error wins: key, rate, version, kind of key, route, body,
// parameters; then the handler, whose service looks at the idempotency key, locks, and applies the rules.
common::Task<StoredResponse> Api::judge(Request& request, Progress& progress) {
    if (!request.path.starts_with("/v1/")) co_return Fail{unrecognized(request)};
    const bool uploads = progress.match && progress.match->route->uploads;
    progress.form = uploads ? upload_form_of(request, progress.upload) : form_of(request);
    auto caller = co_await identify(request, progress);
    if (!caller) co_return Fail{caller.error()};
    progress.caller = *std::move(caller);
    if (auto fine = admit(request, progress); !fine) co_return Fail{fine.error()};
    if (!progress.match) co_return Fail{unrecognized(request)};

    Context context;
    if (auto fine = prepare(request, progress, context); !fine)
        co_return co_await unless_used(fine.error(), progress);
    if (auto own = co_await check_customer(progress, context); !own) co_return Fail{own.error()};
    const auto subjects = tried_by(*progress.match->route, context);
    for (const auto& subject : subjects)
        if (!limits_->has_declines_left(subject)) co_return Fail{too_many_declines()};
    auto done = co_await progress.match->route->handler(context);
    if (done && done->status == 402)
        for (const auto& subject : subjects)
            limits_->note_decline(subject);
    if (!done) co_return co_await unless_used(done.error(), progress);
    co_return done;
}

// A key that was used for something else is told before a faulty parameter is.
common::Task<StoredResponse> Api::unless_used(Error error, const Progress& progress) {
    if (error.status() != 400 || error.type() != ErrorType::invalid_request ||
        !progress.call.idempotency.is_given())
        co_return Fail{error};
    auto used = co_await backend_->look(progress.call);
    if (!used && used.error().type() == ErrorType::idempotency) co_return Fail{used.error()};
    if (used && *used) co_return **std::move(used);
    co_return Fail{error};
}

common::Task<Caller> Api::identify(Request& request, Progress& progress) {
    auto credential = credential_of(request, progress.form ? &*progress.form : nullptr);
    if (!credential) co_return Fail{credential.error()};
    if (limits_->is_guessing(request.peer_address)) {
        metrics_->count("gateway_rate_limited_total", {{"limit", "bad_keys"}});
        co_return Fail{
            too_many("Too many requests with invalid API keys came from your address. Wait a moment.")};
    }
    progress.credential = *std::move(credential);
    auto caller = co_await backend_->authenticate(progress.credential.key.view());
    if (!caller && caller.error().status() == 401) limits_->note_bad_key(request.peer_address);
    co_return caller;
}

common::Status Api::admit(const Request& request, Progress& progress) {
    const auto& caller = *progress.caller;
    progress.call.scope = {caller.account.id, caller.livemode};
    progress.call.publishable = caller.kind == KeyKind::publishable || caller.kind == KeyKind::ephemeral;
    progress.limited = limits_->refuse(progress.call.scope, progress.match ? progress.match->route : nullptr);
    if (!progress.limited.empty()) {
        metrics_->count("gateway_rate_limited_total", {{"limit", progress.limited}});
        return Fail{too_many("Request rate limit exceeded. Slow down, and spread your requests over time.")};
    }
    auto version = effective_version(request.headers.find("Stripe-Version"), caller.account.default_version);
    if (!version) return Fail{version.error()};
    progress.version = *version;
    progress.call.api_version = version->text();
    if (auto fine = check_account_headers(request, caller); !fine) return fine;
    return authorize(caller, progress.credential.key.view(),
                     progress.match ? progress.match->route : nullptr);
}

common::Status Api::prepare(const Request& request, Progress& progress, Context& context) {
    const Route& route = *progress.match->route;
    if (!progress.form) return Fail{progress.form.error()};
    auto idempotency = idempotency_of(request);
    if (!idempotency) return Fail{idempotency.error()};
    const auto& form = *progress.form;
    progress.call.idempotency = *std::move(idempotency);
    progress.call.idempotency.parameters = request_digest(
        digest_key_, form, progress.version.text() + ' ' + std::to_string(progress.call.scope.account.value));
    // A browser's key is no parameter of the call; elsewhere `key` is unknown and named as such.
    if (auto fine = validate(form, route.rules, progress.call.publishable); !fine) return fine;
    progress.call.expand = expand_of(Parameters{form}, form);
    if (auto fine = check_expand(progress.call.expand, route.answer, progress.call.publishable); !fine)
        return fine;
    context.caller = *progress.caller;
    context.call = progress.call;
    context.form = &form;
    if (progress.upload) context.upload = &*progress.upload;
    const auto& ids = progress.match->ids;
    if (!ids.empty()) context.id = ids.back();
    if (ids.size() > 1) context.parent = ids[ids.size() - 2];
    context.path = request.path;
    context.backend = backend_;
    context.renderer = renderer_;
    context.version_given = request.headers.has("Stripe-Version");
    return {};
}

// An ephemeral key goes no further than its customer. A payment method that is not the customer's is answered
// like one that does not exist.
common::Task<bool> Api::check_customer(const Progress& progress, const Context& context) {
    const auto& caller = *progress.caller;
    if (caller.kind != KeyKind::ephemeral) co_return true;
    bool own = false;
    switch (progress.match->route->callers.customer) {
        case Named::nowhere:
            break;
        case Named::in_path:
            own = progress.match->ids.front() == caller.customer;
            break;
        case Named::in_parameter:
            own = context.parameters().text("customer") == caller.customer;
            break;
        case Named::by_method: {
            auto job = [&](Work& work) -> common::Result<boost::json::object> {
                const auto method = store::find<PaymentMethod>(work.tx, work.scope(), context.id);
                own = method && method->customer == caller.customer;
                return boost::json::object{};
            };
            auto look = context.call;
            look.expand.clear();
            if (auto read = co_await backend_->read(std::move(look), caller.account, job); !read)
                co_return Fail{read.error()};
            break;
        }
    }
    if (!own) co_return Fail{beyond_customer()};
    co_return true;
}

Response Api::answer(const Request& request, const Progress& progress, StoredResponse stored) const {
    auto response = response_of(stored.status, std::move(stored.body), stored.media);
    auto& headers = response.headers;
    headers.set("Stripe-Version", progress.call.api_version);
    if (request.method == Method::post && request.headers.has("Idempotency-Key")) {
        headers.set("Idempotency-Key",
                    request.headers.find("Idempotency-Key").substr(0, idempotency_key_max));
        headers.set("Original-Request",
                    stored.original_request.empty() ? request.request_id : stored.original_request);
    }
    if (stored.replayed) headers.set("Idempotent-Replayed", "true");
    auto retry = stored.should_retry;
    if (stored.replayed && stored.status >= 500) retry = false;
    if (retry) headers.set("Stripe-Should-Retry", *retry ? "true" : "false");
    if (!progress.limited.empty()) headers.set("Stripe-Rate-Limited-Reason", progress.limited);
    if (stored.status == 401) headers.set("WWW-Authenticate", "Bearer realm=\"merchant API\"");
    if (const auto account = request.headers.find("Stripe-Account");
        !account.empty() && progress.caller && stored.status < 400)
        headers.set("Stripe-Account", account);
    const bool by_other_key = progress.caller && progress.caller->kind != KeyKind::publishable;
    if (!by_other_key && find_publishable_route(request.path)) allow_any_origin(headers);
    return response;
}

// Whoever has the address gets the file.
boost::asio::awaitable<Response> Api::linked_file(const Request& request) {
    const auto link = renderer_->files().link_of(request.path);
    const auto owner = link ? common::account_of(*link, "link_") : std::nullopt;
    if (!owner) co_return no_such_file();
    if (!limits_->allow_link(*owner)) {
        metrics_->count("gateway_rate_limited_total", {{"limit", "links"}});
        co_return html_page(429, "Too many requests", "<p>Try again in a moment.</p>\n");
    }
    auto found = co_await read_linked_file(*backend_, *owner, *link, request);
    if (found) co_return response_of(found->status, std::move(found->body), found->media);
    if (found.error().status() == 404) co_return no_such_file();
    common::log::failure("linked file not read", found.error(), request.request_id);
    co_return html_page(503, "File not available", "<p>It cannot be read right now. Try again later.</p>\n");
}

boost::asio::awaitable<Response> Api::readiness(const Request& request) {
    const auto state = co_await backend_->readiness(request.deadline.at_most(std::chrono::seconds{3}));
    const auto word = [](bool usable) { return usable ? "ok" : "unusable"; };
    boost::json::object body{{"status", state.ready() ? "ok" : "unavailable"},
                             {"database", word(state.database)},
                             {"vault", word(state.vault)}};
    if (!state.ready()) body["error"] = Error::unavailable("not ready").to_json().at("error");
    auto response = common::http::json_response(state.ready() ? 200 : 503, boost::json::serialize(body));
    if (!state.ready()) response.headers.set("Stripe-Should-Retry", "true");
    co_return response;
}

}  // namespace gateway::api
