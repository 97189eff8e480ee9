// What idempotency compares: whether a request under a used key says the same as the first one.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/form.h"

namespace gateway::api {

// HMAC-SHA-256, hex, of the form in canonical order together with `context` (version and account). Keyed,
// because it is stored and a card number under a plain hash is found by trying (PCI DSS 3.5.1.1). Card
// security codes are left out: nothing derived from one is stored (PCI DSS 3.3.1.2).
std::string request_digest(std::span<const std::uint8_t> key, const common::form::Value& form,
                           std::string_view context);

}  // namespace gateway::api
