// Configuration: declared once as a table, read from a TOML file, the environment and --set, checked whole,
// then immutable. Later sources win: default < file < environment (PORTCULLIS_SECTION_KEY) < --set
// section.key=value. An unknown key or a bad value is an error; all of them are reported together.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "common/secret.h"

namespace common {

enum class ConfigKind : std::uint8_t {
    text,
    integer,  // within [min, max]
    boolean,
    duration_ms,   // integer milliseconds within [min, max]
    port,          // 0–65535
    file,          // readable file
    private_file,  // readable, and neither group nor others may read it
    directory,
    list,  // array of text in TOML; comma-separated elsewhere
};

struct ConfigKey {
    std::string_view name;  // "section.key"
    ConfigKind kind;
    std::string_view value;  // default; `required` = there is none
    std::string_view help;   // one line for the generated reference
    std::int64_t min = 0;
    std::int64_t max = INT64_MAX;
};
inline constexpr std::string_view required = "\x01";

class Config {
  public:
    struct Sources {
        std::string file;                   // "" = none
        std::vector<std::string> settings;  // "section.key=value"
    };
    // All problems as readable lines, or the configuration.
    static std::expected<Config, std::vector<std::string>> load(std::span<const ConfigKey> keys,
                                                                const Sources& sources);

    std::string text(std::string_view key) const;      // text, file, private_file, directory
    std::int64_t integer(std::string_view key) const;  // integer, duration_ms, port
    bool boolean(std::string_view key) const;
    std::vector<std::string> list(std::string_view key) const;
    bool given(std::string_view key) const;  // not empty

  private:
    std::unordered_map<std::string, std::string> values_;
};

// The keys as a Markdown table, for the reference.
std::string config_reference(std::span<const ConfigKey> keys);

// The content of a secret file without its trailing line end; refused when group or others may read it.
Result<SecretBytes> read_secret_file(const std::string& path);

}  // namespace common
