#include "gateway/api/request_form.h"

#include <algorithm>
#include <cctype>

#include "common/crypto.h"
#include "common/multipart.h"

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::form::percent_encode;

constexpr std::string_view file_part = "file";
constexpr std::size_t fields_bytes_max = 1024 * 1024;  // of all parts but the file, encoded

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

common::Status put_field(common::SecretText& form, std::string_view name, std::string_view value) {
    if (form.size() + name.size() + value.size() > fields_bytes_max)
        return Fail{Error::invalid("", name, "The fields of the form are too large.")};
    if (!form.empty()) form.push_back('&');
    form.append(percent_encode(name));
    form.push_back('=');
    form.append(percent_encode(value));
    return {};
}

common::Status put_part(common::SecretText& form, const common::multipart::Part& part,
                        std::optional<Upload>& upload) {
    if (!part.filename) return put_field(form, part.name, part.content);
    if (part.name != file_part || upload)
        return Fail{Error::invalid("", part.name, "The only file of a request is its part {}.",
                                   {common::Safe::param(file_part)})};
    upload = Upload{*part.filename, part.content};
    const auto digest = common::crypto::to_hex(common::crypto::sha256(part.content));
    return put_field(form, part.name, digest + ' ' + *part.filename);
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

common::Result<common::form::Value> upload_form_of(const common::http::Request& request,
                                                   std::optional<Upload>& upload) {
    if (request.body.empty()) return common::form::decode(request.query);
    const auto content_type = request.headers.find("Content-Type");
    if (media_type(content_type) != "multipart/form-data")
        return Fail{Error::invalid("", "",
                                   "Invalid request: check that your POST content type is "
                                   "multipart/form-data. The body could not be read otherwise.")};
    const auto boundary = common::multipart::boundary_of(content_type);
    if (!boundary) return Fail{boundary.error()};
    const auto parts = common::multipart::decode(request.body.view(), *boundary);
    if (!parts) return Fail{parts.error()};
    common::SecretText form{request.query};
    for (const auto& part : *parts)
        if (auto fine = put_part(form, part, upload); !fine) return Fail{fine.error()};
    return common::form::decode(form.view());
}

}  // namespace gateway::api
