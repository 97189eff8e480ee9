// What the gateway keeps with a card to find it again. It is held in clear, for it is searched by value; so
// it may not hold what would have to be sealed: PCI DSS 4.0.1 requirement 3.5.1.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "common/result.h"
#include "vault/cards/card_vault.h"

namespace vault::cards {

inline constexpr std::size_t metadata_keys_max = 20, metadata_key_max = 40, metadata_value_max = 500;

// 400 on param `metadata`: too many keys; a key or value that is too long (in characters), has control
// characters, or contains what looks like a card number. An empty value, which removes its key, is one too.
common::Status check_metadata(const Metadata& metadata);

// For what was refused: it may hold a card number.
void wipe(Metadata& metadata);

// 13 to 19 digits that begin and end as a card number of a known brand does, in one group or in several split
// by single spaces, dashes, dots, slashes or underscores.
bool looks_like_card_number(std::string_view text);

std::string metadata_json(const Metadata& metadata);  // an object
Metadata metadata_of(std::string_view json);          // "" = none; throws for anything but an object of texts

}  // namespace vault::cards
