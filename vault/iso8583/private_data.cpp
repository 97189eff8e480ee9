#include <algorithm>

#include "common/assert.h"
#include "vault/iso8583/message.h"

namespace vault::iso8583 {
namespace {

constexpr std::size_t head_size = 5;

bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool tag_character(char c) {
    return digit(c) || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::expected<PrivateData, ErrorName> PrivateData::parse(std::string_view text) {
    PrivateData data;
    while (!text.empty()) {
        if (text.size() < head_size || !tag_character(text[0]) || !tag_character(text[1]) ||
            !std::ranges::all_of(text.substr(2, 3), digit))
            return std::unexpected{ErrorName::tlv_malformed};
        const auto size =
            static_cast<std::size_t>((text[2] - '0') * 100 + (text[3] - '0') * 10 + (text[4] - '0'));
        const std::string_view tag = text.substr(0, 2);
        if (size == 0 || size > text.size() - head_size) return std::unexpected{ErrorName::tlv_malformed};
        if (!data.get(tag).empty()) return std::unexpected{ErrorName::tlv_duplicate};
        data.tags_.emplace_back(tag, common::SecretText{text.substr(head_size, size)});
        text.remove_prefix(head_size + size);
    }
    return data;
}

std::string_view PrivateData::get(std::string_view tag) const {
    const auto found =
        std::ranges::find(tags_, tag, [](const auto& entry) { return std::string_view{entry.first}; });
    return found == tags_.end() ? std::string_view{} : found->second.view();
}

void PrivateData::set(std::string_view tag, std::string_view value) {
    PORTCULLIS_ASSERT(tag.size() == 2 && std::ranges::all_of(tag, tag_character) &&
                      value.size() <= 999 - head_size);
    std::erase_if(tags_, [&](const auto& entry) { return entry.first == tag; });
    if (!value.empty()) tags_.emplace_back(tag, common::SecretText{value});
}

common::SecretText PrivateData::text() const {
    std::vector<const std::pair<std::string, common::SecretText>*> sorted;
    for (const auto& entry : tags_)
        sorted.push_back(&entry);
    std::ranges::sort(sorted, {}, [](const auto* entry) { return std::string_view{entry->first}; });
    common::SecretText out;
    for (const auto* entry : sorted) {
        const std::size_t size = entry->second.size();
        out.append(entry->first);
        for (const std::size_t unit : {100U, 10U, 1U})
            out.push_back(static_cast<char>('0' + size / unit % 10));
        out.append(entry->second.view());
    }
    return out;
}

}  // namespace vault::iso8583
