#include <algorithm>

#include "vault/iso8583/fields.h"
#include "vault/iso8583/mac.h"
#include "vault/iso8583/message.h"
#include "vault/iso8583/rules.h"

namespace vault::iso8583 {
namespace {

using common::SecretText;

std::unexpected<DecodeError> refuse(ErrorName name, std::string field) {
    return std::unexpected{DecodeError{name, std::move(field), 0}};
}

// Pads a fixed field to its size: numbers with zeros on the left, text with spaces on the right.
SecretText padded(const FieldFormat& format, std::string_view value) {
    SecretText out;
    out.reserve(format.size);
    const std::size_t missing =
        format.prefix == Prefix::fixed && value.size() < format.size ? format.size - value.size() : 0;
    if (format.kind == Kind::n)
        for (std::size_t i = 0; i < missing; ++i)
            out.push_back('0');
    out.append(value);
    if (format.kind == Kind::an || format.kind == Kind::ans)
        for (std::size_t i = 0; i < missing; ++i)
            out.push_back(' ');
    return out;
}

bool fits(Kind kind, char c, bool first) {
    const bool digit = c >= '0' && c <= '9';
    switch (kind) {
        case Kind::n:
            return digit;
        case Kind::x_n:
            return first ? c == 'C' || c == 'D' : digit;
        case Kind::z:
            return digit || c == '=' || c == 'D';
        case Kind::an:
            return digit || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ' ';
        case Kind::b:
            return digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
        case Kind::ans:
            return c >= 0x20 && c <= 0x7E;
        case Kind::none:
            return false;
    }
    return false;
}

std::optional<DecodeError> check_field(int field, const FieldFormat& format, std::string_view value) {
    const auto broken = [&](ErrorName name) { return DecodeError{name, std::to_string(field), 0}; };
    if (format.kind == Kind::none) return broken(ErrorName::field_unsupported);
    if (value.empty()) return broken(ErrorName::length_zero);
    if (value.size() > format.size) return broken(ErrorName::length_exceeds_max);
    if (format.prefix == Prefix::fixed && value.size() != format.size)
        return broken(ErrorName::field_truncated);
    for (std::size_t i = 0; i < value.size(); ++i)
        if (!fits(format.kind, value[i], i == 0))
            return broken(format.kind == Kind::x_n && i == 0 ? ErrorName::field_bad_format
                                                             : ErrorName::field_bad_character);
    return std::nullopt;
}

class Writer {
  public:
    explicit Writer(Profile profile) : binary_{profile == Profile::gw87b} {}

    void digits(std::string_view text, bool pad_left) {
        if (!binary_) return out.append(text);
        nibbles(text, text.size() % 2 == 1 && pad_left);
    }

    void bitmap(const std::bitset<129>& present, std::size_t base) {
        std::string text;
        for (std::size_t i = 0; i < 16; ++i) {
            unsigned value = 0;
            for (std::size_t bit = 1; bit <= 4; ++bit)
                value = value << 1U | (present.test(base + 4 * i + bit) ? 1U : 0U);
            text.push_back("0123456789ABCDEF"[value]);
        }
        digits(text, false);
    }

    void field(const FieldFormat& format, std::string_view value) {
        if (format.prefix != Prefix::fixed) {
            std::string length = std::to_string(value.size());
            length.insert(0, static_cast<std::size_t>(format.prefix) - length.size(), '0');
            digits(length, true);
        }
        if (!binary_ || format.kind == Kind::an || format.kind == Kind::ans) return out.append(value);
        if (format.kind == Kind::x_n) {
            out.push_back(value[0]);
            value.remove_prefix(1);
        }
        digits(value, format.prefix == Prefix::fixed);
    }

    SecretText out;

  private:
    void nibbles(std::string_view text, bool pad_left) {
        unsigned pending = 0;
        bool half = pad_left;
        for (const char c : text) {
            const unsigned value = c == '='   ? 0xDU
                                   : c <= '9' ? static_cast<unsigned>(c - '0')
                                              : (static_cast<unsigned>(c) & ~0x20U) - unsigned{'A'} + 10U;
            if (half) out.push_back(static_cast<char>(pending << 4U | value));
            pending = half ? 0 : value;
            half = !half;
        }
        if (half) out.push_back(static_cast<char>(pending << 4U));
    }

    bool binary_;
};

std::optional<DecodeError> check_mti(std::string_view mti) {
    const auto broken = [](ErrorName name) { return DecodeError{name, "MTI", 0}; };
    if (mti.size() < 4) return broken(ErrorName::mti_truncated);
    if (mti.size() > 4 || !std::ranges::all_of(mti, [](char c) { return c >= '0' && c <= '9'; }))
        return broken(ErrorName::mti_not_numeric);
    if (mti[0] != '0') return broken(ErrorName::mti_version);
    if (!is_known_mti(mti)) return broken(ErrorName::mti_unknown);
    return std::nullopt;
}

// The message with padded fields and upper-case hexadecimal, or what is wrong with it.
std::expected<Message, DecodeError> normalise(const Message& message, const Options& options) {
    if (auto error = check_mti(message.mti())) return std::unexpected{std::move(*error)};
    Message out{message.mti()};
    for (const int field : message.present()) {
        if (!options.mac_key.empty() && (field == 64 || field == 128)) continue;
        const FieldFormat& format = format_of(field);
        SecretText value = padded(format, message.get(field));
        if (auto error = check_field(field, format, value.view())) return std::unexpected{std::move(*error)};
        if (format.kind == Kind::b)
            std::transform(value.data(), value.data() + value.size(), value.data(),
                           [](char c) { return static_cast<char>(c >= 'a' ? c - 32 : c); });
        out.set(field, value.view());
    }
    if (out.has(64) && out.has(128)) return refuse(ErrorName::field_conflict, "64");
    return out;
}

}  // namespace

std::expected<SecretText, DecodeError> encode(const Message& message, Profile profile,
                                              const Options& options) {
    auto normal = normalise(message, options);
    if (!normal) return std::unexpected{std::move(normal.error())};
    if (!options.layout_only)
        if (auto error = check_rules(*normal, {})) return std::unexpected{std::move(*error)};

    const auto fields = normal->present();
    const bool authenticated = !options.mac_key.empty();
    std::bitset<129> present;
    for (const int field : fields)
        present.set(static_cast<std::size_t>(field));
    bool secondary = !fields.empty() && fields.back() > 64;
    if (authenticated) present.set(secondary ? 128 : 64);
    if (secondary) present.set(1);

    Writer writer{profile};
    writer.out.reserve(1024);
    writer.digits(normal->mti(), false);
    writer.bitmap(present, 0);
    if (secondary) writer.bitmap(present, 64);
    for (const int field : fields)
        writer.field(format_of(field), normal->get(field));
    if (authenticated) {
        const auto text = writer.out.view();
        writer.field(
            format_of(64),
            mac_of(options.mac_key, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
    }
    if (writer.out.size() > payload_max) return refuse(ErrorName::frame_too_long, "");
    return std::move(writer.out);
}

}  // namespace vault::iso8583
