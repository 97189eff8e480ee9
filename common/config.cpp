#include "common/config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "common/assert.h"

namespace common {
namespace {

constexpr char list_separator = '\x1f';
constexpr std::int64_t port_max = 65535;
constexpr std::size_t secret_file_bytes_max = 64 * 1024;

using Values = std::unordered_map<std::string, std::string>;
using Problems = std::vector<std::string>;

const ConfigKey* find_key(std::span<const ConfigKey> keys, std::string_view name) {
    const auto found = std::ranges::find(keys, name, &ConfigKey::name);
    return found != keys.end() ? &*found : nullptr;
}

std::optional<std::int64_t> integer_in(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "a, b" → "a\x1fb"
std::string list_of_text(std::string_view text) {
    std::string joined;
    while (!text.empty()) {
        const auto end = text.find(',');
        auto item = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        while (item.starts_with(' '))
            item.remove_prefix(1);
        while (item.ends_with(' '))
            item.remove_suffix(1);
        if (item.empty()) continue;
        if (!joined.empty()) joined += list_separator;
        joined += item;
    }
    return joined;
}

bool is_number(ConfigKind kind) {
    return kind == ConfigKind::integer || kind == ConfigKind::duration_ms || kind == ConfigKind::port;
}

// The text of a TOML value of the right type; nothing for another type.
std::optional<std::string> text_of_node(const ConfigKey& key, const toml::node& node) {
    if (is_number(key.kind)) {
        const auto* number = node.as_integer();
        return number != nullptr ? std::optional{std::to_string(number->get())} : std::nullopt;
    }
    if (key.kind == ConfigKind::boolean) {
        const auto* flag = node.as_boolean();
        return flag != nullptr ? std::optional<std::string>{flag->get() ? "true" : "false"} : std::nullopt;
    }
    if (key.kind == ConfigKind::list) {
        const auto* array = node.as_array();
        if (array == nullptr) return std::nullopt;
        std::string joined;
        for (const auto& element : *array) {
            const auto* text = element.as_string();
            if (text == nullptr) return std::nullopt;
            if (!joined.empty()) joined += list_separator;
            joined += text->get();
        }
        return joined;
    }
    const auto* text = node.as_string();
    return text != nullptr ? std::optional{text->get()} : std::nullopt;
}

std::string_view expected_form(ConfigKind kind) {
    switch (kind) {
        case ConfigKind::integer:
        case ConfigKind::port:
        case ConfigKind::duration_ms:
            return "a whole number";
        case ConfigKind::boolean:
            return "true or false";
        case ConfigKind::list:
            return "a list of texts";
        case ConfigKind::text:
        case ConfigKind::file:
        case ConfigKind::private_file:
        case ConfigKind::directory:
            return "text in quotes";
    }
    std::abort();
}

class Loader {
  public:
    Loader(std::span<const ConfigKey> keys, Values& values, Problems& problems)
        : keys_{keys}, values_{values}, problems_{problems} {}

    void take_defaults() {
        for (const auto& key : keys_)
            values_[std::string{key.name}] = key.value == required          ? ""
                                             : key.kind == ConfigKind::list ? list_of_text(key.value)
                                                                            : std::string{key.value};
    }

    void take_file(const std::string& path) {
        const auto parsed = toml::parse_file(path);
        if (!parsed) {
            std::ostringstream where;
            where << parsed.error().source().begin;
            problems_.push_back(path + ": " + std::string{parsed.error().description()} + " (" + where.str() +
                                ')');
            return;
        }
        take_table(path, "", parsed.table());
    }

    void take_environment() {
        for (const auto& key : keys_) {
            std::string name = "PORTCULLIS_";
            for (const char c : key.name)
                name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            if (const char* value = std::getenv(name.c_str()); value != nullptr) set_text(key, value);
        }
    }

    void take_setting(const std::string& setting) {
        const auto equals = setting.find('=');
        if (equals == setting.npos) {
            problems_.push_back("--set " + setting + ": write section.key=value");
            return;
        }
        const auto name = setting.substr(0, equals);
        if (const auto* key = find_key(keys_, name); key != nullptr)
            set_text(*key, setting.substr(equals + 1));
        else
            problems_.push_back("--set " + name + ": there is no such key");
    }

  private:
    void set_text(const ConfigKey& key, const std::string& text) {
        values_[std::string{key.name}] = key.kind == ConfigKind::list ? list_of_text(text) : text;
    }

    void take_table(const std::string& path, const std::string& section, const toml::table& table) {
        for (const auto& [key_text, node] : table) {
            const auto name =
                section.empty() ? std::string{key_text.str()} : section + '.' + std::string{key_text.str()};
            const auto* key = find_key(keys_, name);
            if (key == nullptr) {
                if (const auto* inner = node.as_table(); inner != nullptr)
                    take_table(path, name, *inner);
                else
                    problems_.push_back(path + ": " + name + ": there is no such key");
            } else if (auto text = text_of_node(*key, node)) {
                values_[name] = *std::move(text);
            } else {
                problems_.push_back(path + ": " + name + ": must be " +
                                    std::string{expected_form(key->kind)});
            }
        }
    }

    std::span<const ConfigKey> keys_;
    Values& values_;
    Problems& problems_;
};

std::string problem_of_number(const ConfigKey& key, const std::string& value) {
    const auto number = integer_in(value);
    const auto max = key.kind == ConfigKind::port ? std::min(key.max, port_max) : key.max;
    if (!number) return "must be a whole number";
    if (*number >= key.min && *number <= max) return "";
    if (max == INT64_MAX) return "must be at least " + std::to_string(key.min);
    return "must be between " + std::to_string(key.min) + " and " + std::to_string(max);
}

std::string problem_of_path(const ConfigKey& key, const std::string& value) {
    struct stat status{};
    if (::stat(value.c_str(), &status) != 0) return value + " does not exist or cannot be reached";
    if (key.kind == ConfigKind::directory)
        return S_ISDIR(status.st_mode) ? "" : value + " is not a directory";
    if (!S_ISREG(status.st_mode)) return value + " is not a file";
    if (::access(value.c_str(), R_OK) != 0) return value + " cannot be read";
    if (key.kind == ConfigKind::private_file && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return value + " can be accessed by group or others; run chmod 600 on it";
    return "";
}

// "" = fine
std::string problem_of(const ConfigKey& key, const std::string& value) {
    if (value.empty()) {
        if (key.value == required) return "is required";
        return is_number(key.kind) || key.kind == ConfigKind::boolean ? "cannot be empty" : "";
    }
    if (is_number(key.kind)) return problem_of_number(key, value);
    switch (key.kind) {
        case ConfigKind::boolean:
            return value == "true" || value == "false" ? "" : "must be true or false";
        case ConfigKind::file:
        case ConfigKind::private_file:
        case ConfigKind::directory:
            return problem_of_path(key, value);
        default:
            return "";
    }
}

std::string escaped_cell(std::string_view text) {
    std::string cell;
    for (const char c : text) {
        if (c == '|') cell += '\\';
        cell += c;
    }
    return cell;
}

class OpenFile {
  public:
    explicit OpenFile(const std::string& path) : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {}
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

}  // namespace

std::expected<Config, std::vector<std::string>> Config::load(std::span<const ConfigKey> keys,
                                                             const Sources& sources) {
    Config config;
    Problems problems;
    Loader loader{keys, config.values_, problems};
    loader.take_defaults();
    if (!sources.file.empty()) loader.take_file(sources.file);
    loader.take_environment();
    for (const auto& setting : sources.settings)
        loader.take_setting(setting);
    for (const auto& key : keys) {
        const auto problem = problem_of(key, config.values_[std::string{key.name}]);
        if (!problem.empty()) problems.push_back(std::string{key.name} + ": " + problem);
    }
    if (!problems.empty()) return std::unexpected{std::move(problems)};
    return config;
}

std::string Config::text(std::string_view key) const {
    const auto found = values_.find(std::string{key});
    PORTCULLIS_ASSERT(found != values_.end());
    return found->second;
}

std::int64_t Config::integer(std::string_view key) const {
    const auto number = integer_in(text(key));
    PORTCULLIS_ASSERT(number.has_value());
    return *number;
}

bool Config::boolean(std::string_view key) const {
    return text(key) == "true";
}

std::vector<std::string> Config::list(std::string_view key) const {
    std::vector<std::string> items;
    const auto joined = text(key);
    for (std::size_t at = 0; !joined.empty() && at <= joined.size();) {
        const auto end = std::min(joined.find(list_separator, at), joined.size());
        items.push_back(joined.substr(at, end - at));
        at = end + 1;
    }
    return items;
}

bool Config::given(std::string_view key) const {
    return !text(key).empty();
}

std::string config_reference(std::span<const ConfigKey> keys) {
    std::string table = "| Key | Default | Meaning |\n|---|---|---|\n";
    for (const auto& key : keys) {
        const auto value = key.value == required ? "*required*"
                           : key.value.empty()   ? ""
                                                 : '`' + std::string{key.value} + '`';
        table += "| `" + std::string{key.name} + "` | " + value + " | " + escaped_cell(key.help) + " |\n";
    }
    return table;
}

Result<SecretBytes> read_secret_file(const std::string& path) {
    const OpenFile file{path};
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return Fail{Error::internal("secret file {} cannot be read", {Safe::param(path)})};
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return Fail{
            Error::internal("secret file {} can be accessed by group or others", {Safe::param(path)})};
    if (status.st_size <= 0 || static_cast<std::size_t>(status.st_size) > secret_file_bytes_max)
        return Fail{Error::internal("secret file {} is empty or larger than 64 KiB", {Safe::param(path)})};
    SecretBytes content{static_cast<std::size_t>(status.st_size)};
    std::size_t size = 0;
    while (size < content.size()) {
        const auto got = ::read(file.get(), content.bytes().data() + size, content.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return Fail{Error::internal("secret file {} cannot be read", {Safe::param(path)})};
        size += static_cast<std::size_t>(got);
    }
    if (size > 0 && content.bytes()[size - 1] == '\n') --size;
    if (size > 0 && content.bytes()[size - 1] == '\r') --size;
    if (size == 0) return Fail{Error::internal("secret file {} is empty", {Safe::param(path)})};
    return SecretBytes::copy_of(std::as_const(content).bytes().first(size));
}

}  // namespace common
