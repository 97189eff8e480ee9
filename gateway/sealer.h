// Small secrets as rows hold them: sealed under a key of the gateway's pepper, one key a purpose, each bound
// to the object that it belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/secret.h"

namespace gateway {

class Sealer {
  public:
    // Two purposes never share a key.
    Sealer(const common::SecretBytes& pepper, std::string_view purpose);

    std::string seal(std::string_view owner, std::string_view secret) const;
    // Nothing when it does not open: another pepper, another owner, or a row that was changed.
    std::optional<common::SecretText> open(std::string_view owner, std::string_view sealed) const;

  private:
    common::SecretBytes key_;
};

// HMAC-SHA-256 of `purpose` under the pepper: a key of its own for each use.
common::SecretBytes derived_key(const common::SecretBytes& pepper, std::string_view purpose);

}  // namespace gateway
