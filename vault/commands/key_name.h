// How an operator names a key: KEK-card (a key of the HSM, whatever version), KEK-card-v2, acct_… (the
// merchant key of an account, whatever version), mk_… (one version of it).
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "vault/keys/rotation.h"

namespace vault::commands {

using KeyName = std::variant<hsm::Purpose, hsm::KeyRef, common::AccountId, std::string>;

std::optional<KeyName> key_name_of(std::string_view text);

}  // namespace vault::commands
