// How a receiver knows that a webhook came from here: the header Stripe-Signature.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/secret.h"

namespace gateway::webhooks {

inline constexpr std::string_view secret_prefix = "whsec_";

// "whsec_" and 32 random characters.
common::SecretText new_secret();

// "t=<seconds>,v1=<hex HMAC-SHA256(secret, "<seconds>.<body>")>", with a v1 for each secret. The key is the
// whole secret, its prefix included. `seconds` is the time of this attempt: receivers refuse what is five
// minutes old.
std::string signature_header(std::int64_t seconds, std::string_view body,
                             std::span<const common::SecretText> secrets);

}  // namespace gateway::webhooks
