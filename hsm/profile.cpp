#include "hsm/profile.h"

#include <algorithm>
#include <set>
#include <span>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "hsm/keys/attributes.h"

namespace hsm {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

// Where a key came from, which says nothing of what can be done with it. All else must be as in the table on
// every module.
constexpr std::string_view may_be_unreliable[] = {"CKA_LOCAL", "CKA_ALWAYS_SENSITIVE",
                                                  "CKA_NEVER_EXTRACTABLE", "CKA_KEY_GEN_MECHANISM"};

std::set<std::string_view> known_names() {
    std::set<std::string_view> names{"CKA_ALLOWED_MECHANISMS", "CKA_KEY_GEN_MECHANISM"};
    for (const auto& flag : flags_of(all_kinds().front()))
        names.insert(flag.name);
    return names;
}

class Reader {
  public:
    explicit Reader(std::string file) : file_{std::move(file)} {}

    Result<Profile> read() {
        const auto parsed = toml::parse_file(file_);
        if (!parsed) return wrong(parsed.error().description());
        Profile profile;
        for (const auto& [key, node] : parsed.table())
            if (auto status = take(key.str(), node, profile); !status) return Fail{std::move(status.error())};
        return profile;
    }

  private:
    Fail wrong(std::string_view what) const {
        return Fail{Error::internal("HSM profile {}: {}", {Safe::param(file_), Safe::param(what)})};
    }

    Status take(std::string_view key, const toml::node& node, Profile& profile) {
        if (key == "name") return take_text(key, node, profile.name);
        const auto* table = node.as_table();
        if (table == nullptr) return wrong(std::string{key} + " is not known");
        for (const auto& [inner, value] : *table) {
            const auto path = std::string{key} + '.' + std::string{inner.str()};
            if (auto status = take_inner(path, value, profile); !status) return status;
        }
        return {};
    }

    Status take_inner(const std::string& path, const toml::node& node, Profile& profile) {
        if (path == "library.parameters") return take_text(path, node, profile.library_parameters);
        if (path == "attributes.unknown") return take_names(path, node, profile.unknown);
        if (path == "attributes.unreliable") {
            if (auto status = take_names(path, node, profile.unreliable); !status) return status;
            for (const auto& name : profile.unreliable)
                if (std::ranges::count(may_be_unreliable, name) == 0)
                    return wrong(name + " keeps a key in the HSM: it can be unknown, but never unreliable");
            return {};
        }
        if (path == "token.initialize" && node.is_boolean()) {
            profile.initializes_tokens = node.as_boolean()->get();
            return {};
        }
        return wrong(path + (path == "token.initialize" ? " must be true or false" : " is not known"));
    }

    Status take_text(std::string_view path, const toml::node& node, std::string& text) const {
        if (!node.is_string()) return wrong(std::string{path} + " must be a text");
        text = node.as_string()->get();
        return {};
    }

    Status take_names(std::string_view path, const toml::node& node, std::vector<std::string>& names) const {
        const auto* array = node.as_array();
        if (array == nullptr) return wrong(std::string{path} + " must be a list of names");
        for (const auto& element : *array) {
            const auto name = element.value<std::string>().value_or("");
            if (!known_names().contains(name))
                return wrong(std::string{path} + ": \"" + name + "\" is no attribute of the table of keys");
            names.push_back(name);
        }
        return {};
    }

    std::string file_;
};

template <class Names>
bool holds(const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != std::ranges::end(names);
}

// These stand between quotes that the module reads.
bool quotable(std::string_view text) {
    return std::ranges::none_of(
        text, [](unsigned char c) { return c < 0x20 || c == '\'' || c == '"' || c == '\\'; });
}

void fill_in(std::string& text, std::string_view name, std::string_view value) {
    for (auto at = text.find(name); at != text.npos; at = text.find(name, at + value.size()))
        text.replace(at, name.size(), value);
}

}  // namespace

bool Profile::is_unknown(std::string_view attribute) const {
    return holds(unknown, attribute);
}
bool Profile::is_unreliable(std::string_view attribute) const {
    return holds(unreliable, attribute);
}

Result<Profile> Profile::load(const std::string& file, std::string_view directory,
                              std::string_view token_label) {
    if (file.empty()) return Profile{};
    auto profile = Reader{file}.read();
    if (!profile || profile->library_parameters.empty()) return profile;
    auto& parameters = profile->library_parameters;
    if (parameters.contains("{directory}") && directory.empty())
        return Fail{Error::internal("HSM profile {} needs hsm.directory", {Safe::param(file)})};
    if (!quotable(directory) || !quotable(token_label))
        return Fail{
            Error::internal("hsm.directory and hsm.token_label may hold no quotes or backslashes with "
                            "the HSM profile {}",
                            {Safe::param(file)})};
    fill_in(parameters, "{directory}", directory);
    fill_in(parameters, "{token_label}", token_label);
    return profile;
}

}  // namespace hsm
