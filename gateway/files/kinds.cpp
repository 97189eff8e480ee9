#include "gateway/files/kinds.h"

#include <algorithm>
#include <array>

#include "common/utf8.h"

namespace gateway::files {
namespace {

using common::Error;
using common::Fail;
using common::Safe;
using namespace std::string_view_literals;

struct Names {
    Kind kind;
    std::string_view name, media_type;
};
constexpr std::array names{Names{Kind::pdf, "pdf", "application/pdf"}, Names{Kind::jpg, "jpg", "image/jpeg"},
                           Names{Kind::png, "png", "image/png"}, Names{Kind::csv, "csv", "text/csv"}};

constexpr std::size_t logo_max = 512 * 1024;
constexpr std::array purposes{
    Purpose{"account_requirement", size_max, true}, Purpose{"additional_verification", size_max, true},
    Purpose{"business_icon", logo_max, false},      Purpose{"business_logo", logo_max, false},
    Purpose{"dispute_evidence", size_max, true},    Purpose{"identity_document", size_max, true}};

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_pdf(std::string_view content) {
    constexpr auto start = "%PDF-"sv;
    return content.starts_with(start) && content.size() >= start.size() + 3 && is_digit(content[5]) &&
           content[6] == '.' && is_digit(content[7]);
}

// The signature, and the header chunk with its fixed length.
bool is_png(std::string_view content) {
    return content.starts_with("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv);
}

// The start of the image, and the first byte of the segment that follows.
bool is_jpeg(std::string_view content) {
    return content.starts_with("\xff\xd8\xff"sv) && content.size() > 3 &&
           static_cast<unsigned char>(content[3]) >= 0xc0 && content[3] != '\xff';
}

bool is_text(std::string_view content) {
    const auto strange = [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
    };
    return std::ranges::none_of(content, strange) && common::is_utf8(content);
}

// Behind one field: what ended it.
enum class Ended : std::uint8_t { field, record, text, wrongly };

Ended end_of_field(std::string_view& rest) {
    if (rest.empty()) return Ended::text;
    const auto take = [&](std::string_view mark, Ended as) {
        rest.remove_prefix(mark.size());
        return as;
    };
    if (rest.starts_with(',')) return take(",", Ended::field);
    if (rest.starts_with("\r\n")) return take("\r\n", Ended::record);
    if (rest.starts_with('\n')) return take("\n", Ended::record);
    return Ended::wrongly;
}

// Takes one field off the front of `rest`, quoted or not, with what ends it.
Ended take_field(std::string_view& rest) {
    if (!rest.starts_with('"')) {
        rest.remove_prefix(std::min(rest.find_first_of(",\"\r\n"), rest.size()));
        return end_of_field(rest);
    }
    rest.remove_prefix(1);
    for (;;) {
        const auto quote = rest.find('"');
        if (quote == rest.npos) return Ended::wrongly;
        rest.remove_prefix(quote + 1);
        if (!rest.starts_with('"')) return end_of_field(rest);
        rest.remove_prefix(1);
    }
}

bool is_csv(std::string_view content) {
    constexpr auto byte_order_mark = "\xef\xbb\xbf"sv;
    if (!is_text(content)) return false;
    auto rest = content.starts_with(byte_order_mark) ? content.substr(byte_order_mark.size()) : content;
    std::size_t width = 0, fields = 0;  // of the first record; of the present one
    while (!rest.empty() || fields > 0) {
        const auto ended = take_field(rest);
        ++fields;
        if (ended == Ended::wrongly) return false;
        if (ended == Ended::field) continue;
        if (width == 0) width = fields;
        if (fields != width) return false;
        fields = 0;
    }
    return width >= 2;
}

common::Error unfit(const Purpose& purpose) {
    return Error::invalid("", "file",
                          "Files for the purpose {} must be {}. This one is not, whatever its name says.",
                          {Safe::param(purpose.name), purpose.documents ? Safe::word("a PDF, JPEG or PNG")
                                                                        : Safe::word("a JPEG or PNG")});
}

}  // namespace

std::string_view name_of(Kind kind) {
    return std::ranges::find(names, kind, &Names::kind)->name;
}

std::string_view media_type_of(Kind kind) {
    return std::ranges::find(names, kind, &Names::kind)->media_type;
}

std::optional<Kind> kind_of_name(std::string_view name) {
    const auto* const found = std::ranges::find(names, name, &Names::name);
    return found == names.end() ? std::nullopt : std::optional{found->kind};
}

std::optional<Kind> kind_of(std::string_view content) {
    if (is_pdf(content)) return Kind::pdf;
    if (is_png(content)) return Kind::png;
    if (is_jpeg(content)) return Kind::jpg;
    if (is_csv(content)) return Kind::csv;
    return std::nullopt;
}

const Purpose* find_purpose(std::string_view name) {
    const auto* const found = std::ranges::find(purposes, name, &Purpose::name);
    return found == purposes.end() ? nullptr : found;
}

common::Result<Kind> judge(std::string_view content, const Purpose& purpose) {
    if (content.empty()) return Fail{Error::invalid("", "file", "The file is empty.")};
    if (content.size() > purpose.size_max)
        return Fail{Error::invalid(
            "", "file", "The file is too large: for the purpose {} it may have {} bytes at most.",
            {Safe::param(purpose.name), Safe::number(static_cast<std::int64_t>(purpose.size_max))})};
    const auto kind = kind_of(content);
    const bool image = kind == Kind::jpg || kind == Kind::png;
    if (!image && (kind != Kind::pdf || !purpose.documents)) return Fail{unfit(purpose)};
    return *kind;
}

}  // namespace gateway::files
