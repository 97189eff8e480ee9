// Who presents a key, and what the key may do.
#pragma once

#include "common/http/message.h"
#include "gateway/api/routes.h"

namespace gateway::api {

struct Credential {
    common::SecretText key;
    bool from_parameter = false;  // key=pk_… of a browser without headers
};

// From `Authorization: Bearer …` or Basic with the key as user name, else from the parameter `key` of `form`
// (may be null). 401 without one, or when a key other than a publishable one comes as a parameter.
common::Result<Credential> credential_of(const common::http::Request& request,
                                         const common::form::Value* form);

// 403 unless this kind of key may call the route (null = no such route).
common::Status authorize(const Caller& caller, std::string_view key, const Route* route);
// What an ephemeral key is told about anything but its own customer.
common::Error beyond_customer();

// "sk_test_***1234"
std::string masked(std::string_view key);

}  // namespace gateway::api
