#include "gateway/api/authentication.h"

#include <algorithm>
#include <cctype>

#include "common/crypto.h"

namespace gateway::api {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;

Error unauthenticated(common::Text message, std::initializer_list<Safe> arguments = {}) {
    return Error{401, ErrorType::invalid_request, "", message, arguments}.with_retry(false);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// User name of "user:password", base64.
std::optional<common::SecretText> basic_user(std::string_view encoded) {
    auto decoded = common::crypto::from_base64(encoded);
    if (!decoded) return std::nullopt;
    common::SecretText user;
    for (const auto byte : *decoded) {
        if (byte == ':') break;
        user.push_back(static_cast<char>(byte));
    }
    common::wipe(decoded->data(), decoded->size());
    return user;
}

std::optional<common::SecretText> header_key(std::string_view header) {
    const auto space = header.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto scheme = header.substr(0, space);
    auto value = header.substr(space);
    while (value.starts_with(' '))
        value.remove_prefix(1);
    while (value.ends_with(' '))
        value.remove_suffix(1);
    if (value.empty()) return std::nullopt;
    if (equal_ignoring_case(scheme, "Bearer")) return common::SecretText{value};
    if (equal_ignoring_case(scheme, "Basic")) return basic_user(value);
    return std::nullopt;
}

bool permits(const std::vector<std::string>& permissions, const Route& route) {
    const std::string resource{route.resource};
    const auto has = [&](const std::string& permission) {
        return std::ranges::find(permissions, permission) != permissions.end();
    };
    return has(resource + ":write") || (route.right == Right::read && has(resource + ":read"));
}

Error browser_only() {
    return Error{403, ErrorType::invalid_request, "",
                 "This API call is for the shopper's browser and is made with a publishable API key."}
        .with_retry(false);
}

}  // namespace

Error beyond_customer() {
    return Error{
        403, ErrorType::invalid_request, "",
        "An ephemeral key may only read the customer that it was made for, and list, read, attach and "
        "detach this customer's payment methods."}
        .with_retry(false);
}

std::string masked(std::string_view key) {
    // Prefix up to the second underscore: "sk_test_".
    std::size_t end = 0;
    const auto first = key.find('_');
    if (first != std::string_view::npos && first <= 2) {
        const auto second = key.find('_', first + 1);
        if (second != std::string_view::npos && second - first <= 5) end = second + 1;
    }
    const auto rest = key.substr(end);
    return std::string{key.substr(0, end)}.append("***").append(
        rest.substr(rest.size() > 8 ? rest.size() - 4 : rest.size()));
}

common::Result<Credential> credential_of(const common::http::Request& request,
                                         const common::form::Value* form) {
    Credential credential;
    const auto* parameter = form ? form->find("key") : nullptr;
    const auto given = parameter ? parameter->text() : std::string_view{};
    if (given.starts_with("sk_") || given.starts_with("rk_"))
        return Fail{unauthenticated(
            "A secret API key must not be sent as a parameter. Send it in the Authorization header, "
            "as in 'Authorization: Bearer YOUR_SECRET_KEY', and roll the one that was sent.")};
    if (auto key = header_key(request.headers.find("Authorization")); key && !key->empty()) {
        credential.key = *std::move(key);
        return credential;
    }
    if (!given.empty()) {
        if (!given.starts_with("pk_"))
            return Fail{unauthenticated("Invalid API Key provided: {}", {Safe::param(masked(given))})};
        credential.key = common::SecretText{given};
        credential.from_parameter = true;
        return credential;
    }
    return Fail{unauthenticated(
        "You did not provide an API key. You need to provide your API key in the Authorization "
        "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")};
}

common::Status authorize(const Caller& caller, std::string_view key, const Route* route) {
    switch (caller.kind) {
        case KeyKind::secret:
            if (!route || route->callers.secret) return {};
            return Fail{browser_only()};
        case KeyKind::publishable:
            if (route && route->callers.publishable) return {};
            return Fail{
                Error{403, ErrorType::invalid_request, "secret_key_required",
                      "This API call cannot be made with a publishable API key. Please use a secret API key."}
                    .with_retry(false)};
        case KeyKind::ephemeral:
            if (route && route->callers.customer != Named::nowhere) return {};
            return Fail{beyond_customer()};
        case KeyKind::restricted:
            break;
    }
    if (route && !route->callers.secret) return Fail{browser_only()};
    if (!route || permits(caller.permissions, *route)) return {};
    const std::string permission =
        std::string{route->resource} + (route->right == Right::write ? ":write" : ":read");
    return Fail{Error{
        403,
        ErrorType::invalid_request,
        "",
        "The provided key '{}' does not have the required permissions for this endpoint. Having the '{}' "
        "permission would allow this request to continue.",
        {Safe::param(masked(key)), Safe::param(permission)}}
                    .with_retry(false)};
}

}  // namespace gateway::api
