#include "gateway/api/request_form.h"

#include <algorithm>
#include <cctype>

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;

// "application/x-www-form-urlencoded" of "Application/X-WWW-Form-Urlencoded; charset=UTF-8"
std::string media_type(std::string_view content_type) {
    auto type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t'))
        type.remove_suffix(1);
    std::string lower{type};
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower;
}

}  // namespace

common::Result<common::form::Value> form_of(const common::http::Request& request) {
    const bool has_body = !request.body.empty();
    if (request.method != common::http::Method::post) {
        if (has_body)
            return Fail{
                Error::invalid("", "", "A GET request takes its parameters from the URL and has no body.")};
        return common::form::decode(request.query);
    }
    const auto type = media_type(request.headers.find("Content-Type"));
    if (has_body && type != "application/x-www-form-urlencoded")
        return Fail{
            Error::invalid("", "",
                           "Invalid request: check that your POST content type is "
                           "application/x-www-form-urlencoded. The body could not be read otherwise.")};
    if (request.query.empty()) return common::form::decode(request.body.view());
    common::SecretText both{request.query};
    if (has_body) both.push_back('&');
    both.append(request.body.view());
    return common::form::decode(both.view());
}

}  // namespace gateway::api
