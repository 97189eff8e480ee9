// What can be searched for, resource by resource.
#pragma once

#include "gateway/search/query.h"

namespace gateway::search {

enum class Resource : std::uint8_t { payment_intents, charges, customers };

std::span<const Field> fields_of(Resource resource);

}  // namespace gateway::search
