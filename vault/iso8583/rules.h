// What a well laid out message must also obey: formats of values, mandatory fields, TLV, semantics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "vault/iso8583/message.h"

namespace vault::iso8583 {

bool is_known_mti(std::string_view mti);  // four digits of a message that the profile has

// The first rule that is broken; `offsets` are the places of the fields in the payload.
std::optional<DecodeError> check_rules(const Message& message, const std::array<std::size_t, 129>& offsets);

}  // namespace vault::iso8583
