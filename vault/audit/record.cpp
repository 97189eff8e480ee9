#include "vault/audit/record.h"

#include <algorithm>

#include "common/log.h"
#include "common/utf8.h"
#include "vault/keys/associated_data.h"

namespace vault::audit {
namespace {

constexpr std::size_t digits_of_shortest_number = 13;

bool is_plain(char c) {
    return c >= 0x20 && c < 0x7f;
}

std::string printable(std::string_view text) {
    std::string clean;
    while (!text.empty() && clean.size() < field_bytes_max) {
        const auto size = common::utf8_sequence_size(text);
        const bool control = size == 1 && !is_plain(text.front());
        if (clean.size() + std::max<std::size_t>(size, 1) > field_bytes_max) break;
        if (size == 0 || control)
            clean += '?';
        else
            clean += text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return clean;
}

// Most fields are short plain text and are left as they are.
void clean(std::string& field) {
    if (field.size() > field_bytes_max || !std::ranges::all_of(field, is_plain)) field = printable(field);
    if (std::ranges::count_if(field, [](char c) { return c >= '0' && c <= '9'; }) >=
        static_cast<std::ptrdiff_t>(digits_of_shortest_number))
        common::log::redact(field);
}

}  // namespace

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::begun:
            return "begun";
        case Outcome::done:
            return "done";
        case Outcome::refused:
            return "refused";
        case Outcome::failed:
            return "failed";
    }
    return "failed";
}

std::optional<Outcome> outcome_of(std::string_view text) {
    for (const auto outcome : {Outcome::begun, Outcome::done, Outcome::refused, Outcome::failed})
        if (to_string(outcome) == text) return outcome;
    return std::nullopt;
}

common::crypto::Digest hash_of(const Record& record) {
    keys::AssociatedData fields{"portcullis-audit-entry"};
    fields.text(1, record.stream).number(2, static_cast<std::uint64_t>(record.sequence));
    fields.number(3, static_cast<std::uint64_t>(record.recorded_at));
    fields.text(4, record.entry.actor).text(5, record.entry.action).text(6, record.entry.object);
    fields.text(7, record.entry.origin).text(8, to_string(record.entry.outcome));
    fields.text(9, record.entry.detail).bytes(10, record.previous);
    return common::crypto::sha256(fields.span());
}

Entry cleaned(Entry entry) {
    for (auto* field : {&entry.actor, &entry.action, &entry.object, &entry.origin, &entry.detail})
        clean(*field);
    return entry;
}

bool is_stream_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"._:@-"}.find(c) != std::string_view::npos;
    };
    return !name.empty() && name.size() <= stream_bytes_max && name.front() != '.' &&
           std::ranges::all_of(name, allowed);
}

}  // namespace vault::audit
