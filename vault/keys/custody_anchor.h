// How far the custodians' register has got, as a file on the vault's own machine: with it, a database that
// was put back to an older copy, in whole, is refused.
#pragma once

#include <optional>
#include <string>

#include "common/result.h"
#include "vault/keys/custody.h"

namespace vault::keys {

class CustodyAnchor {
  public:
    // "" = there is none, and everything passes.
    explicit CustodyAnchor(std::string path) : path_{std::move(path)} {}
    // 500 Cause::integrity when the file has seen a later register than `entry`, or another one of its
    // sequence.
    common::Status check(const std::optional<RegisterRow>& entry) const;
    // Moves the file forward, never back; makes it when it is not there.
    common::Status advance(const RegisterRow& entry) const;

  private:
    std::string path_;
};

}  // namespace vault::keys
