#include <array>
#include <cstdint>

#include "vault/relay/messages.h"

namespace vault::relay {
namespace {

// U+00C0 to U+017F, two characters each; the second one is a space where one is enough.
constexpr std::string_view latin =
    "A A A A A A AEC E E E E I I I I D N O O O O O x O U U U U Y Thss"
    "a a a a a a aec e e e e i i i i d n o o o o o / o u u u u y thy "
    "A a A a A a C c C c C c C c D d D d E e E e E e E e E e G g G g "
    "G g G g H h H h I i I i I i I i I i IJijJ j K k q L l L l L l L "
    "l L l N n N n N n n N n O o O o O o OEoeR r R r R r S s S s S s "
    "S s T t T t T t U u U u U u U u U u U u W w Y y Y Z z Z z Z z s ";
static_assert(latin.size() == 2 * (0x180 - 0xC0));

// Takes one code point off the front; 0xFFFD for bytes that are not UTF-8.
char32_t next_code_point(std::string_view& text) {
    const auto lead = static_cast<std::uint8_t>(text.front());
    text.remove_prefix(1);
    if (lead < 0x80) return lead;
    const std::size_t more = lead >= 0xF0 ? 3U : lead >= 0xE0 ? 2U : 1U;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < more) return 0xFFFD;
    char32_t point = static_cast<char32_t>(lead & (0x3F >> more));
    for (std::size_t i = 0; i < more; ++i) {
        const auto byte = static_cast<std::uint8_t>(text[i]);
        if ((byte & 0xC0) != 0x80) return 0xFFFD;
        point = (point << 6) | (byte & 0x3FU);
    }
    text.remove_prefix(more);
    return point;
}

void append_ascii(std::string& out, char32_t point) {
    if (point >= 0x20 && point < 0x7F) {
        out += static_cast<char>(point);
    } else if (point >= 0xC0 && point < 0x180) {
        const auto pair = latin.substr(2 * (point - 0xC0), 2);
        out += pair[0];
        if (pair[1] != ' ') out += pair[1];
    } else if (point == 0x2018 || point == 0x2019 || point == 0xB4) {
        out += '\'';
    } else if (point == 0x201C || point == 0x201D || point == 0x201E) {
        out += '"';
    } else if (point == 0x2013 || point == 0x2014) {
        out += '-';
    } else if (point == 0xA0 || point == 0x09 || point == 0x0A || point == 0x0D) {
        out += ' ';
    } else if (point < 0x300 || point > 0x36F) {  // combining marks fall away
        out += '?';
    }
}

void append_padded(std::string& out, std::string_view text, std::size_t size) {
    const auto cut = text.substr(0, size);
    out.append(cut);
    out.append(size - cut.size(), ' ');
}

}  // namespace

std::string ascii_of(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    while (!utf8.empty())
        append_ascii(out, next_code_point(utf8));
    return out;
}

std::string name_location(std::string_view name, std::string_view city, std::string_view country) {
    std::string out;
    append_padded(out, ascii_of(name), 25);
    append_padded(out, ascii_of(city), 13);
    append_padded(out, ascii_of(country), 2);
    return out;
}

}  // namespace vault::relay
