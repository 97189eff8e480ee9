#include "hsm/custody/documents.h"

#include <ctime>

#include "common/json.h"
#include "common/utf8.h"

namespace hsm::custody {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
namespace json = boost::json;

constexpr std::size_t members_max = 128, value_bytes_max = 16 * 1024, shown_max = 160, depth_max = 2;

Fail refuse(common::Text why, std::string_view what = "") {
    return Fail{Error::invalid("document_invalid", "", why, {Safe::param(what)})};
}

bool is_member_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '-';
    });
}

bool is_plain_text(std::string_view text) {
    return text.size() <= value_bytes_max && common::is_utf8(text) && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
           });
}

Result<std::string> write_object(const json::object& object, std::size_t depth);

Result<std::string> write_value(const json::value& value, std::string_view name, std::size_t depth) {
    if (const auto* text = value.if_string()) {
        if (!is_plain_text(*text))
            return refuse("The member {} is too long or has control characters.", name);
        return json::serialize(value);
    }
    if (value.is_int64() || value.is_uint64() || value.is_bool()) return json::serialize(value);
    if (const auto* inner = value.if_object(); inner != nullptr && depth < depth_max)
        return write_object(*inner, depth + 1);
    return refuse("The member {} is neither a text, an integer, true or false.", name);
}

Result<std::string> write_object(const json::object& object, std::size_t depth) {
    if (object.size() > members_max) return refuse("A document has at most 128 members.");
    std::vector<std::string_view> names;
    for (const auto& member : object)
        names.push_back(member.key());
    std::ranges::sort(names);
    std::string text = "{";
    for (const auto name : names) {
        if (!is_member_name(name)) return refuse("{} cannot be the name of a member.", name);
        const auto value = write_value(object.at(name), name, depth);
        if (!value) return value;
        text += (text.size() > 1 ? ",\"" : "\"") + std::string{name} + "\":" + *value;
    }
    return text + "}";
}

std::string text_in(const json::object& object, std::string_view name) {
    return std::string{common::json::text_or(object, name, "")};
}

// What a terminal shows is what is meant: nothing outside printable ASCII gets there as it is.
std::string shown(std::string_view text) {
    if (text.size() > shown_max)
        return std::string{text.substr(0, 24)} + "… (" + std::to_string(text.size()) +
               " characters, SHA-256 " + common::crypto::to_hex(common::crypto::sha256(text)) + ")";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte >= 0x20 && byte < 0x7f)
            out += c;
        else
            out += "\\x" + common::crypto::to_hex({&byte, 1});
    }
    return out;
}

struct Sentence {
    std::string_view kind, words;
};
constexpr Sentence sentences[] = {
    {"hsm_key.create", "Create a key in the HSM"},
    {"hsm_key.destroy", "Destroy a key in the HSM, and with it all that only this key opens"},
    {"cards.export", "Export card numbers, encrypted to a recipient"},
    {"custodians.enrol", "Enrol a further custodian, who may then approve acts"},
    {"custodians.replace", "Replace the certificate of a custodian"},
    {"custodians.remove", "Remove a custodian, who may then approve nothing more"},
    {"custodians.threshold", "Change how many custodians must approve an act"},
};

std::string_view sentence_of(std::string_view kind) {
    for (const auto& one : sentences)
        if (one.kind == kind) return one.words;
    return "An act that this program has no words for: read its parameters with care";
}

std::string list_members(const json::object& object) {
    std::vector<std::string_view> names;
    for (const auto& member : object)
        names.push_back(member.key());
    std::ranges::sort(names);
    std::string lines;
    for (const auto name : names) {
        const auto& value = object.at(name);
        lines += "    " + std::string{name} + ": ";
        lines += value.is_string() ? shown(value.get_string()) : json::serialize(value);
        lines += '\n';
    }
    return lines;
}

std::string act_in_words(const json::object& document) {
    const auto kind = text_in(document, "kind");
    const auto* parameters = document.at("parameters").if_object();
    std::string words = "Approval of an act that needs several custodians\n  vault:   ";
    words += shown(text_in(document, "vault")) + "\n  act:     " + shown(text_in(document, "act"));
    words += "\n  what:    " + std::string{sentence_of(kind)} + " (" + shown(kind) + ")\n";
    words += list_members(*parameters);
    words += "  asked:   " + shown(text_in(document, "proposed_at"));
    words += "\n  expires: " + shown(text_in(document, "expires_at")) + '\n';
    return words;
}

bool is_act(const json::object& document) {
    for (const auto* const name : {"vault", "act", "kind", "proposed_at", "expires_at"})
        if (text_in(document, name).empty()) return false;
    const auto* parameters = document.if_contains("parameters");
    return parameters != nullptr && parameters->is_object() && document.size() == 7;
}

}  // namespace

Result<std::string> canonical(const json::object& object) {
    auto text = write_object(object, 0);
    if (text && text->size() > document_bytes_max) return refuse("The document is larger than 64 KiB.");
    return text;
}

Result<json::object> parse_canonical(std::string_view text) {
    if (text.size() > document_bytes_max) return refuse("The document is larger than 64 KiB.");
    auto value = common::json::parse(text);
    if (!value) return Fail{std::move(value.error())};
    auto* const object = value->if_object();
    if (object == nullptr) return refuse("The document is no JSON object.");
    const auto again = canonical(*object);
    if (!again) return Fail{again.error()};
    if (*again != text)
        return refuse(
            "The document was written anew: members must be sorted, without any space between them.");
    return std::move(*object);
}

std::string utc_text(std::int64_t unix_seconds) {
    const auto time = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

bool is_custodian_name(std::string_view name) {
    return !name.empty() && name.size() <= 32 && name.front() >= 'a' && name.front() <= 'z' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

Result<std::string> text_of(const ActDocument& document) {
    return canonical(json::object{{"document", "portcullis-act-1"},
                                  {"vault", document.vault},
                                  {"act", document.act},
                                  {"kind", document.kind},
                                  {"parameters", document.parameters},
                                  {"proposed_at", utc_text(document.proposed_at)},
                                  {"expires_at", utc_text(document.expires_at)}});
}

Result<std::string> in_words(std::string_view text) {
    const auto document = parse_canonical(text);
    if (!document) return Fail{document.error()};
    const auto kind = text_in(*document, "document");
    if (kind == "portcullis-act-1" && is_act(*document)) return act_in_words(*document);
    if (kind == "portcullis-ceremony-1")
        return "Record of a ceremony that you took part in\n" + list_members(*document);
    return refuse("This is no document that a custodian signs ({}).", kind);
}

Result<std::string> expiry_of(std::string_view text) {
    const auto document = parse_canonical(text);
    if (!document) return Fail{document.error()};
    return text_in(*document, "expires_at");
}

}  // namespace hsm::custody
