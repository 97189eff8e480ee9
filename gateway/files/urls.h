// Where files are fetched: by their owner, and by whoever was given a link.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/secret.h"

namespace gateway::files {

inline constexpr std::string_view links_path = "/links/";  // the last segment is the link's id with its proof

class Urls {
  public:
    // The proof of a link is computed from its id with a key of the pepper, so that no row of a link holds an
    // address that would open a file.
    Urls(std::string origin, const common::SecretBytes& pepper);

    std::string of_contents(std::string_view file) const;
    std::string of_link(std::string_view link) const;
    // Id of the link that a path below links_path names; nothing when the proof is wrong.
    std::optional<std::string> link_of(std::string_view path) const;

  private:
    std::string proof_of(std::string_view link) const;

    std::string origin_;
    common::SecretBytes key_;
};

}  // namespace gateway::files
