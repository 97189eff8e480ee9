#include <algorithm>

#include "vault/iso8583/fields.h"
#include "vault/iso8583/mac.h"
#include "vault/iso8583/message.h"
#include "vault/iso8583/rules.h"

namespace vault::iso8583 {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool digit(std::uint8_t c) {
    return c >= '0' && c <= '9';
}
bool hex(std::uint8_t c) {
    return digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}
unsigned hex_value(std::uint8_t c) {
    return digit(c) ? c - unsigned{'0'} : (c & ~0x20U) - unsigned{'A'} + 10U;
}
char upper(std::uint8_t c) {
    return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
}

// Reads the layout as far as it can be followed, and keeps the first deviation.
class Parser {
  public:
    Parser(Bytes payload, Profile profile) : payload_{payload}, binary_{profile == Profile::gw87b} {}
    void run() { (void)(size() && mti() && bitmaps() && fields() && end()); }

    Message message;
    std::optional<DecodeError> error;
    std::array<std::size_t, 129> offsets{};

  private:
    bool fail(ErrorName name, std::string field) {
        if (!error) error = DecodeError{name, std::move(field), at_};
        return false;
    }
    bool fail(ErrorName name, int field) { return fail(name, std::to_string(field)); }
    // A bad character leaves the layout readable: the fields behind it still serve the answer.
    bool pass_over(int field, std::size_t count) {
        (void)fail(ErrorName::field_bad_character, field);
        at_ += count;
        return true;
    }
    std::size_t left() const { return payload_.size() - at_; }
    Bytes take(std::size_t count) {
        const Bytes bytes = payload_.subspan(at_, count);
        at_ += count;
        return bytes;
    }

    bool size() {
        if (payload_.empty()) return fail(ErrorName::frame_empty, "");
        return payload_.size() <= payload_max || fail(ErrorName::frame_too_long, "");
    }

    bool mti() {
        if (left() < (binary_ ? 2U : 4U)) return fail(ErrorName::mti_truncated, "MTI");
        std::string text;
        if (binary_)
            for (std::size_t i = 0; i < 4; ++i)
                text.push_back(static_cast<char>('0' + nibble(payload_, i)));
        else
            text.assign(payload_.begin(), payload_.begin() + 4);
        if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
            return fail(ErrorName::mti_not_numeric, "MTI");
        if (text[0] != '0') return fail(ErrorName::mti_version, "MTI");
        if (!is_known_mti(text)) return fail(ErrorName::mti_unknown, "MTI");
        message = Message{text};
        at_ += binary_ ? 2 : 4;
        return true;
    }

    bool bitmaps() { return bitmap(0, "bitmap1") && (!present_.test(1) || bitmap(64, "bitmap2")); }

    bool bitmap(std::size_t base, const char* name) {
        if (left() < (binary_ ? 8U : 16U)) return fail(ErrorName::bitmap_truncated, name);
        if (!binary_ && !std::ranges::all_of(payload_.subspan(at_, 16), hex))
            return fail(ErrorName::bitmap_not_hex, name);
        const Bytes bytes = take(binary_ ? 8 : 16);
        for (std::size_t i = 0; i < 16; ++i) {
            const unsigned value = binary_ ? nibble(bytes, i) : hex_value(bytes[i]);
            for (std::size_t bit = 0; bit < 4; ++bit)
                if ((value >> (3 - bit) & 1U) != 0) present_.set(base + 4 * i + bit + 1);
        }
        return true;
    }

    bool fields() {
        for (int field = 2; field <= 128; ++field)
            if (present_.test(static_cast<std::size_t>(field)) && !read(field)) return false;
        return true;
    }

    bool end() {
        if (left() != 0) return fail(ErrorName::trailing_data, "");
        return !(message.has(64) && message.has(128)) || fail(ErrorName::field_conflict, 64);
    }

    bool read(int field) {
        const FieldFormat& format = format_of(field);
        offsets[static_cast<std::size_t>(field)] = at_;
        if (format.kind == Kind::none) return fail(ErrorName::field_unsupported, field);
        std::size_t count = format.size;
        if (format.prefix != Prefix::fixed && !length(field, format, count)) return false;
        return binary_ && format.kind != Kind::an && format.kind != Kind::ans ? packed(field, format, count)
                                                                              : plain(field, format, count);
    }

    bool length(int field, const FieldFormat& format, std::size_t& count) {
        const auto digit_count = static_cast<std::size_t>(format.prefix);
        const std::size_t bytes = binary_ ? (digit_count + 1) / 2 : digit_count;
        if (left() < bytes) return fail(ErrorName::field_truncated, field);
        count = 0;
        for (std::size_t i = 0; i < (binary_ ? 2 * bytes : bytes); ++i) {
            const unsigned value =
                binary_ ? nibble(payload_.subspan(at_), i) : payload_[at_ + i] - unsigned{'0'};
            if (value > 9) return fail(ErrorName::length_not_numeric, field);
            count = count * 10 + value;
        }
        if (count == 0) return fail(ErrorName::length_zero, field);
        if (count > format.size) return fail(ErrorName::length_exceeds_max, field);
        at_ += bytes;
        return true;
    }

    bool plain(int field, const FieldFormat& format, std::size_t count) {
        if (left() < count) return fail(ErrorName::field_truncated, field);
        const Bytes bytes = payload_.subspan(at_, count);
        // The sign of an x+n field is a matter of format, checked later.
        const Bytes checked = format.kind == Kind::x_n ? bytes.subspan(1) : bytes;
        if (!std::ranges::all_of(checked, [&](std::uint8_t c) { return fits(format.kind, c); }) ||
            !fits(Kind::ans, bytes[0]))
            return pass_over(field, count);
        common::SecretText value{{reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
        if (format.kind == Kind::b) std::ranges::transform(bytes, value.data(), upper);
        message.set(field, value.view());
        at_ += count;
        return true;
    }

    // BCD, raw binary, and the sign byte with BCD behind it.
    bool packed(int field, const FieldFormat& format, std::size_t count) {
        const bool sign = format.kind == Kind::x_n;
        const std::size_t nibbles = sign ? count - 1 : count;
        const std::size_t bytes = (nibbles + 1) / 2 + (sign ? 1 : 0);
        if (left() < bytes) return fail(ErrorName::field_truncated, field);
        Bytes in = payload_.subspan(at_, bytes);
        common::SecretText value;
        value.reserve(count);
        if (sign) {
            if (!fits(Kind::ans, in[0])) return pass_over(field, bytes);
            value.push_back(static_cast<char>(in[0]));
            in = in.subspan(1);
        }
        const bool odd = nibbles % 2 == 1;
        const bool pad_left = odd && format.prefix == Prefix::fixed;
        if (odd && nibble(in, pad_left ? 0 : nibbles) != 0) return pass_over(field, bytes);
        for (std::size_t i = 0; i < nibbles; ++i) {
            const unsigned digit_value = nibble(in, i + (pad_left ? 1 : 0));
            if (format.kind == Kind::b)
                value.push_back("0123456789ABCDEF"[digit_value]);
            else if (digit_value <= 9)
                value.push_back(static_cast<char>('0' + digit_value));
            else if (format.kind == Kind::z && digit_value == 0xD)
                value.push_back('=');
            else
                return pass_over(field, bytes);
        }
        message.set(field, value.view());
        at_ += bytes;
        return true;
    }

    static unsigned nibble(Bytes bytes, std::size_t index) {
        return index % 2 == 0 ? bytes[index / 2] >> 4U : bytes[index / 2] & 0xFU;
    }

    static bool fits(Kind kind, std::uint8_t c) {
        switch (kind) {
            case Kind::n:
            case Kind::x_n:
                return digit(c);
            case Kind::z:
                return digit(c) || c == '=' || c == 'D';
            case Kind::an:
                return digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ' ';
            case Kind::b:
                return hex(c);
            case Kind::ans:
                return c >= 0x20 && c <= 0x7E;
            case Kind::none:
                return false;
        }
        return false;
    }

    Bytes payload_;
    bool binary_;
    std::size_t at_ = 0;
    std::bitset<129> present_;
};

std::optional<DecodeError> check_mac(const Parser& parsed, Bytes payload, Bytes key) {
    const auto fields = parsed.message.present();
    const int field = !fields.empty() && fields.back() > 64 ? 128 : 64;
    const std::size_t offset = parsed.offsets[static_cast<std::size_t>(field)];
    if (!parsed.message.has(field)) return DecodeError{ErrorName::field_missing, std::to_string(field), 0};
    const std::string expected = mac_of(key, payload.first(offset));
    if (common::equal_in_constant_time(parsed.message.get(field), std::string_view{expected}))
        return std::nullopt;
    return DecodeError{ErrorName::mac_mismatch, std::to_string(field), offset};
}

}  // namespace

std::expected<Message, DecodeError> decode(Bytes payload, Profile profile, const Options& options) {
    Parser parser{payload, profile};
    parser.run();
    if (!parser.error && !options.mac_key.empty()) parser.error = check_mac(parser, payload, options.mac_key);
    if (!parser.error && !options.layout_only) parser.error = check_rules(parser.message, parser.offsets);
    if (parser.error) return std::unexpected{std::move(*parser.error)};
    return std::move(parser.message);
}

std::expected<Message, DecodeError> decode_layout(Bytes payload, Profile profile) {
    return decode(payload, profile, Options{.mac_key = {}, .layout_only = true});
}

std::optional<Message> readable_header(Bytes payload, Profile profile) {
    Parser parser{payload, profile};
    parser.run();
    if (parser.message.mti().empty() || !parser.message.has(7) || !parser.message.has(11))
        return std::nullopt;
    Message header{parser.message.mti()};
    for (const int field : {7, 11, 33})
        if (parser.message.has(field)) header.set(field, parser.message.get(field));
    return header;
}

}  // namespace vault::iso8583
