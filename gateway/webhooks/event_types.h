// The names of events, and which of them an endpoint wants.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gateway::webhooks {

inline constexpr std::string_view every_event = "*";

// Whether an endpoint may ask for it: a name of the merchant API, or "*". Not all of them happen here.
bool is_known_event(std::string_view name);
// `enabled` as the endpoint has it: exact names, or "*".
bool wants(std::span<const std::string> enabled, std::string_view type);

}  // namespace gateway::webhooks
