#include "common/form.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "common/crypto.h"
#include "common/utf8.h"

namespace common::form {
namespace {

using Path = std::vector<std::string>;  // "a[b][]" → {"a", "b", ""}

constexpr std::size_t index_digits_max = 9;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Value of the escape at `text[i]` ('%'), or -1.
int escaped_byte(std::string_view text, std::size_t i) {
    if (i + 2 >= text.size()) return -1;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Nothing for a bad escape, NUL or text that is not UTF-8.
std::optional<SecretText> unescaped(std::string_view text) {
    SecretText out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            const int byte = escaped_byte(text, i);
            if (byte < 0) return std::nullopt;
            c = static_cast<char>(byte);
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        out.push_back(c);
    }
    if (!is_utf8(out.view())) return std::nullopt;
    return out;
}

Error invalid_characters(std::string_view param) {
    return Error::invalid("invalid_characters", param,
                          "The request holds a bad percent escape, a NUL or text that is not valid UTF-8.");
}

Error bad_name(std::string_view param) {
    return Error::invalid("", param,
                          "Invalid parameter name: {}. Brackets must match and cannot be part of a key.",
                          {Safe::param(param)});
}

Error mixed_kinds(std::string_view param) {
    return Error::invalid("", param, "Parameter {} is given in two ways that exclude each other.",
                          {Safe::param(param)});
}

Result<Path> path_of(std::string_view name) {
    Path path;
    const auto open = name.find('[');
    const auto root = name.substr(0, open);
    if (root.empty() || root.find(']') != root.npos) return Fail{bad_name(name)};
    path.emplace_back(root);
    auto rest = open == name.npos ? std::string_view{} : name.substr(open);
    while (!rest.empty()) {
        const auto close = rest.find(']');
        if (rest[0] != '[' || close == rest.npos) return Fail{bad_name(name)};
        const auto key = rest.substr(1, close - 1);
        if (key.find('[') != key.npos) return Fail{bad_name(name)};
        if (path.size() == depth_max)
            return Fail{Error::invalid("", name, "Parameter {} is nested too deeply: more than 10 levels.",
                                       {Safe::param(name)})};
        path.emplace_back(key);
        rest.remove_prefix(close + 1);
    }
    return path;
}

bool is_index(std::string_view key) {
    return !key.empty() && key.size() <= index_digits_max &&
           std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
}

std::uint32_t index_value(std::string_view key) {
    std::uint32_t value = 0;
    std::from_chars(key.data(), key.data() + key.size(), value);
    return value;
}

// "a[b][]" up to and including the element `depth` of the path.
std::string bracketed(const Path& path, std::size_t depth) {
    std::string name = path[0];
    for (std::size_t i = 1; i <= depth && i < path.size(); ++i)
        name += '[' + path[i] + ']';
    return name;
}

}  // namespace

// Collects pairs into a tree whose hashes may hold the key "" once an element of a[]; `settle` then tells
// arrays from hashes.
class Decoder {
  public:
    Status add(std::string_view name, SecretText value) {
        auto path = path_of(name);
        if (!path) return Fail{std::move(path.error())};
        Value* at = &root_;
        for (std::size_t depth = 0; depth + 1 < path->size(); ++depth) {
            at = descend(*at, *path, depth);
            if (at == nullptr) return Fail{mixed_kinds(bracketed(*path, depth))};
        }
        return put(*at, *path, std::move(value));
    }

    Result<Value> finish() {
        // The top level is a hash whatever its keys look like.
        for (auto& [key, member] : root_.members_)
            if (auto settled = settle(member, key); !settled) return Fail{std::move(settled.error())};
        return std::move(root_);
    }

  private:
    static Value* member_of(Value& hash, std::string_view key) {
        for (auto& [name, member] : hash.members_)
            if (name == key) return &member;
        return nullptr;
    }

    static Value& append(Value& hash, const std::string& key) {
        return hash.members_.emplace_back(key, Value{}).second;
    }

    // The hash behind `path[depth]`, made when absent; nullptr when a scalar is there.
    static Value* descend(Value& hash, const Path& path, std::size_t depth) {
        const auto& key = path[depth];
        if (key.empty()) {
            auto* last = hash.members_.empty() ? nullptr : &hash.members_.back().second;
            const bool joins = last != nullptr && hash.members_.back().first.empty() && !last->is_text() &&
                               !holds(*last, std::span{path}.subspan(depth + 1));
            return joins ? last : &append(hash, key);
        }
        auto* member = member_of(hash, key);
        if (member == nullptr) return &append(hash, key);
        return member->is_text() ? nullptr : member;
    }

    // Whether an element of a[][…] already has a value under this path, so that a new element starts.
    static bool holds(Value& hash, std::span<const std::string> path) {
        Value* at = &hash;
        for (const auto& key : path) {
            if (key.empty()) return false;  // a[][k][]: elements of the inner array add up
            if (at->is_text()) return true;
            at = member_of(*at, key);
            if (at == nullptr) return false;
        }
        return true;
    }

    static Status put(Value& hash, const Path& path, SecretText value) {
        const auto& key = path.back();
        auto* member = key.empty() ? nullptr : member_of(hash, key);
        if (member == nullptr) {
            member = &append(hash, key);
        } else if (!member->is_text()) {
            return Fail{mixed_kinds(bracketed(path, path.size() - 1))};
        }
        member->kind_ = Value::Kind::text;
        member->text_ = std::move(value);
        return {};
    }

    static Status settle(Value& value, const std::string& name) {
        if (value.is_text()) return {};
        for (auto& [key, member] : value.members_)
            if (auto settled = settle(member, name + '[' + key + ']'); !settled) return settled;
        const auto is_push = [](const auto& member) { return member.first.empty(); };
        const auto is_indexed = [](const auto& member) { return is_index(member.first); };
        const auto pushes = std::ranges::count_if(value.members_, is_push);
        const auto indexed = std::ranges::count_if(value.members_, is_indexed);
        const auto all = std::ssize(value.members_);
        if (pushes != 0 && pushes != all) return Fail{mixed_kinds(name)};
        if (pushes == all || indexed == all) become_array(value, indexed != 0);
        return {};
    }

    static void become_array(Value& value, bool with_indexes) {
        std::vector<std::pair<std::uint32_t, std::size_t>> order;
        for (std::size_t i = 0; i < value.members_.size(); ++i) {
            const auto& key = value.members_[i].first;
            order.emplace_back(index_value(key), i);  // a[] has no index: order of arrival
        }
        std::ranges::sort(order);
        value.kind_ = Value::Kind::array;
        for (const auto& [index, place] : order) {
            auto& [key, member] = value.members_[place];
            value.elements_.push_back(std::move(member));
            if (with_indexes) value.indexes_.push_back(std::move(key));
        }
        value.members_.clear();
    }

    Value root_;
};

namespace {

std::string shown_name(std::string_view raw) {
    const auto name = unescaped(raw);
    return std::string{name ? name->view() : raw};
}

Status add_pair(Decoder& decoder, std::string_view pair) {
    const auto equals = pair.find('=');
    const auto raw_name = pair.substr(0, equals);
    const auto name = unescaped(raw_name);
    if (!name) return Fail{invalid_characters(raw_name)};
    auto value = equals == pair.npos ? std::optional{SecretText{}} : unescaped(pair.substr(equals + 1));
    if (!value) return Fail{invalid_characters(shown_name(raw_name))};
    return decoder.add(name->view(), *std::move(value));
}

void append_sized(SecretText& out, char kind, std::string_view text) {
    out.push_back(kind);
    out.append(std::to_string(text.size()));
    out.push_back(':');
    out.append(text);
}

// The indexes 0, 1, 2 … say no more than a[] does.
bool counts_up(const std::vector<std::string>& indexes) {
    for (std::size_t i = 0; i < indexes.size(); ++i)
        if (indexes[i] != std::to_string(i)) return false;
    return true;
}

void append_canonical(SecretText& out, const Value& value) {
    if (value.is_text()) return append_sized(out, 't', value.text());
    if (value.kind() == Value::Kind::array) {
        out.push_back('[');
        const bool plain = counts_up(value.indexes());
        for (std::size_t i = 0; i < value.elements().size(); ++i) {
            if (!plain) append_sized(out, 'i', value.indexes()[i]);
            append_canonical(out, value.elements()[i]);
        }
        return out.push_back(']');
    }
    std::vector<const std::pair<std::string, Value>*> sorted;
    for (const auto& member : value.members())
        sorted.push_back(&member);
    std::ranges::sort(sorted, {}, [](const auto* member) -> const std::string& { return member->first; });
    out.push_back('{');
    for (const auto* member : sorted) {
        append_sized(out, 'k', member->first);
        append_canonical(out, member->second);
    }
    out.push_back('}');
}

}  // namespace

const Value* Value::find(std::string_view key) const {
    for (const auto& [name, member] : members_)
        if (name == key) return &member;
    return nullptr;
}

Result<Value> decode(std::string_view body) {
    Decoder decoder;
    std::size_t pairs = 0;
    while (!body.empty()) {
        const auto end = body.find('&');
        const auto pair = body.substr(0, end);
        body.remove_prefix(end == body.npos ? body.size() : end + 1);
        if (pair.empty()) continue;
        if (++pairs > pairs_max)
            return Fail{
                Error{400, ErrorType::invalid_request, "", "The request has more than 2000 parameters."}};
        if (auto added = add_pair(decoder, pair); !added) return Fail{std::move(added.error())};
    }
    return decoder.finish();
}

std::string digest(const Value& form) {
    SecretText canonical;
    append_canonical(canonical, form);
    return crypto::to_hex(crypto::sha256(canonical.view()));
}

std::string percent_decode_segment(std::string_view segment) {
    std::string out;
    out.reserve(segment.size());
    for (std::size_t i = 0; i < segment.size(); ++i) {
        const int byte = segment[i] == '%' ? escaped_byte(segment, i) : -1;
        if (byte < 0) {
            out += segment[i];
            continue;
        }
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF", unreserved = "-._~";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           unreserved.find(c) != unreserved.npos;
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        out += '%';
        out += hex[byte >> 4];
        out += hex[byte & 15U];
    }
    return out;
}

}  // namespace common::form
