// The merchant API on one screen: who may call what, with which parameters.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/http/message.h"
#include "gateway/api/backend.h"
#include "gateway/api/expand.h"
#include "gateway/api/parameters.h"
#include "gateway/api/renderer.h"
#include "gateway/api/request_form.h"

namespace gateway::api {

// What a handler works on. Lives in the frame that awaits the handler.
struct Context {
    Caller caller;
    Call call;
    const common::form::Value* form = nullptr;  // validated
    const Upload* upload = nullptr;             // the file of a multipart body
    std::string id;         // the last one of the path, decoded; "" when the pattern has none
    std::string parent;     // the one before it
    std::string_view path;  // the pattern with its ids, as lists name it
    Backend* backend = nullptr;
    const JsonRenderer* renderer = nullptr;
    bool version_given = false;  // by the request; else it is the account's

    Parameters parameters() const { return Parameters{*form}; }
    common::Task<StoredResponse> change(Job job) const;
    common::Task<StoredResponse> read(Job job) const;
};

using Handler = common::Task<StoredResponse> (*)(Context&);

// What a restricted key must be allowed: "payment_intents:write". Write includes read.
enum class Right : std::uint8_t { undecided, read, write };

// Where a request names the customer whose ephemeral key it may come with: an id in the path, the parameter
// `customer`, or the payment method in the path that is the customer's.
enum class Named : std::uint8_t { nowhere, in_path, in_parameter, by_method };

// Which keys may call a route, besides restricted ones that have its permission.
struct Callers {
    bool secret = true;
    bool publishable = false;
    Named customer = Named::nowhere;  // nowhere: no ephemeral key
};

struct Route {
    common::http::Method method;
    std::string_view pattern;   // "{id}", "{customer}" … stand for one segment each
    std::string_view resource;  // of the permission
    Right right;
    Callers callers;
    Answer answer;  // decides what may be expanded
    Rules rules;
    std::size_t body_bytes_max;
    Handler handler;
    bool uploads = false;  // takes multipart/form-data, with a file
};

std::span<const Route> routes();

struct Match {
    const Route* route = nullptr;
    std::vector<std::string> ids;
};
// The path as sent, percent-encoded; each segment is decoded once and never split.
std::optional<Match> find_route(common::http::Method method, std::string_view path);
// The same whatever the method: for CORS preflights.
const Route* find_publishable_route(std::string_view path);

// For the HTTP server: limit of the body, and the pattern as a label of metrics.
std::size_t body_bytes_max(common::http::Method method, std::string_view path);
// What a larger body is answered with where that is no 413.
std::optional<common::Error> body_refusal(common::http::Method method, std::string_view path);
std::string route_label(common::http::Method method, std::string_view path);

}  // namespace gateway::api
