#include "gateway/simulator/message_tool.h"

#include <charconv>
#include <iostream>

#include "common/json.h"

namespace simulator {
namespace {

namespace iso = vault::iso8583;
namespace json = boost::json;
using common::SecretText;

constexpr std::size_t line_max = 256 * 1024;

SecretText error_line(std::string_view name, std::string_view field) {
    json::object error{{"name", name}, {"field", nullptr}};
    int number = 0;
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), number);
    if (parsed.ec == std::errc{} && parsed.ptr == field.data() + field.size() && !field.empty())
        error["field"] = number;
    else if (!field.empty())
        error["field"] = field;
    return common::json::serialize_secret(json::object{{"error", std::move(error)}});
}

SecretText error_line(const iso::DecodeError& error) {
    return error_line(iso::to_string(error.name), error.field);
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::optional<SecretText> from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    SecretText bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? ""
                                           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// First six and last four digits stay, the most that may be shown of a card number.
SecretText masked_number(std::string_view number) {
    SecretText out{number};
    if (number.size() <= 10) return SecretText{std::string(number.size(), '*')};
    std::fill(out.data() + 6, out.data() + number.size() - 4, '*');
    return out;
}

SecretText masked_private_data(std::string_view text) {
    auto data = iso::PrivateData::parse(text);
    if (!data) return SecretText{std::string(text.size(), '*')};  // the code may be anywhere in it
    const std::string_view code = data->get("CV");
    if (code.empty()) return SecretText{text};
    data->set("CV", std::string(code.size(), '*'));
    return data->text();
}

SecretText masked(int field, std::string_view value) {
    switch (field) {
        case 2:
            return masked_number(value);
        case 34:  // extended number and the tracks hold a card number as well
        case 35:
        case 36:
        case 45:
        case 52:
            return SecretText{std::string(value.size(), '*')};
        case 48:
            return masked_private_data(value);
        default:
            return SecretText{value};
    }
}

iso::Options codec_options(const ToolOptions& options) {
    return {.mac_key = options.mac_key.bytes(), .layout_only = options.layout_only};
}

std::optional<iso::Message> message_of(const json::value& document) {
    const auto* object = document.if_object();
    if (object == nullptr) return std::nullopt;
    const auto* mti = object->if_contains("mti");
    const auto* fields = object->if_contains("fields");
    if (mti == nullptr || !mti->is_string() || fields == nullptr || !fields->is_object()) return std::nullopt;
    iso::Message message{std::string_view{mti->get_string()}};
    for (const auto& [key, value] : fields->get_object()) {
        int number = 0;
        const auto parsed = std::from_chars(key.data(), key.data() + key.size(), number);
        if (parsed.ec != std::errc{} || parsed.ptr != key.data() + key.size() || number < 2 || number > 128 ||
            !value.is_string())
            return std::nullopt;
        message.set(number, std::string_view{value.get_string()});
    }
    return message;
}

}  // namespace

SecretText decode_line(std::string_view hex, const ToolOptions& options) {
    const auto bytes = from_hex(trimmed(hex));
    if (!bytes) return error_line("NOT_HEX", "");
    const auto text = bytes->view();
    const auto message = iso::decode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                                     options.profile, codec_options(options));
    if (!message) return error_line(message.error());
    const auto storage = common::json::wiping_storage();
    json::object fields{storage};
    for (const int field : message->present()) {
        const SecretText value =
            options.show_pan ? SecretText{message->get(field)} : masked(field, message->get(field));
        fields.emplace(std::to_string(field), json::string{value.view(), storage});
    }
    json::object document{storage};
    document.emplace("mti", json::string{message->mti(), storage});
    document.emplace("fields", std::move(fields));
    return common::json::serialize_secret(json::value(std::move(document)));
}

SecretText encode_line(std::string_view text, const ToolOptions& options) {
    const auto document = common::json::parse(text, common::json::wiping_storage());
    if (!document) return error_line("NOT_JSON", "");
    const auto message = message_of(*document);
    if (!message) return error_line("NOT_JSON", "");
    const auto payload = iso::encode(*message, options.profile, codec_options(options));
    if (!payload) return error_line(payload.error());
    SecretText hex;
    hex.reserve(payload->size() * 2);
    for (const char c : payload->view()) {
        hex.push_back("0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4]);
        hex.push_back("0123456789ABCDEF"[static_cast<unsigned char>(c) & 0xF]);
    }
    return hex;
}

void run_message_tool(bool encode, const ToolOptions& options) {
    SecretText line;
    bool too_long = false;
    const auto finish = [&] {
        const SecretText out = too_long ? error_line("LINE_TOO_LONG", "")
                               : encode ? encode_line(line.view(), options)
                                        : decode_line(line.view(), options);
        std::cout.write(out.view().data(), static_cast<std::streamsize>(out.size())).put('\n').flush();
        line.clear();
        too_long = false;
    };
    auto& in = *std::cin.rdbuf();
    bool begun = false;
    for (int c = in.sbumpc(); c != std::char_traits<char>::eof(); c = in.sbumpc()) {
        begun = c != '\n';
        if (c == '\n')
            finish();
        else if (line.size() < line_max)
            line.push_back(static_cast<char>(c));
        else
            too_long = true;
    }
    if (begun) finish();
}

}  // namespace simulator
