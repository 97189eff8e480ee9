#include "common/http/message.h"

#include <boost/json/serialize.hpp>

#include "common/error.h"
#include "common/http/text.h"

namespace common::http {

std::string_view to_string(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::post:
            return "POST";
        case Method::del:
            return "DELETE";
        case Method::options:
            return "OPTIONS";
        case Method::head:
            return "HEAD";
        case Method::put:
            return "PUT";
        case Method::patch:
            return "PATCH";
        case Method::other:
            return "OTHER";
    }
    return "OTHER";
}

std::string_view Headers::find(std::string_view name) const {
    for (const auto& [field, value] : fields_)
        if (equal_ignoring_case(field, name)) return value;
    return {};
}

bool Headers::has(std::string_view name) const {
    return std::ranges::any_of(fields_,
                               [name](const auto& field) { return equal_ignoring_case(field.first, name); });
}

void Headers::set(std::string_view name, std::string_view value) {
    std::erase_if(fields_, [name](const auto& field) { return equal_ignoring_case(field.first, name); });
    add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
    if (fields_.empty()) fields_.reserve(16);
    fields_.emplace_back(name, value);
}

Response json_response(int status, std::string body) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

Response error_response(const Error& error) {
    auto response = json_response(error.status(), boost::json::serialize(error.to_json()));
    if (const auto retry = error.should_retry())
        response.headers.set("Stripe-Should-Retry", *retry ? "true" : "false");
    return response;
}

}  // namespace common::http
