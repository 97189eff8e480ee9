// Versions of the merchant API: "YYYY-MM-DD.train". Everything is stored free of versions; the version of a
// request decides a few parameters and fields only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace gateway::api {

class ApiVersion {
  public:
    // Accepted: any date from 2025-03-31 to 2026-10-28 with the train that was current on that date.
    static std::optional<ApiVersion> parse(std::string_view text);
    static ApiVersion newest();
    const std::string& text() const { return text_; }
    // `date` as in "2026-09-30".
    bool from(std::string_view date) const { return std::string_view{text_}.substr(0, 10) >= date; }

  private:
    explicit ApiVersion(std::string_view text) : text_{text} {}
    std::string text_;
};

// The header's version, else the account's. 400 for a version that is not accepted.
common::Result<ApiVersion> effective_version(std::string_view header, std::string_view of_account);

}  // namespace gateway::api
