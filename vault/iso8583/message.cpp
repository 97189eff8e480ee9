#include "vault/iso8583/message.h"

#include <algorithm>

#include "common/assert.h"

namespace vault::iso8583 {

std::string_view Message::get(int field) const {
    return has(field) ? fields_[static_cast<std::size_t>(field)]->view() : std::string_view{};
}

void Message::set(int field, std::string_view value) {
    PORTCULLIS_ASSERT(field >= 2 && field <= 128);
    fields_[static_cast<std::size_t>(field)] = std::make_unique<common::SecretText>(value);
}

void Message::erase(int field) {
    if (has(field)) fields_[static_cast<std::size_t>(field)].reset();
}

std::vector<int> Message::present() const {
    std::vector<int> numbers;
    for (int field = 2; field <= 128; ++field)
        if (has(field)) numbers.push_back(field);
    return numbers;
}

Message Message::clone() const {
    Message copy{mti_};
    for (const int field : present())
        copy.set(field, get(field));
    return copy;
}

std::string_view to_string(ErrorName name) {
    switch (name) {
        case ErrorName::frame_empty:
            return "FRAME_EMPTY";
        case ErrorName::frame_too_long:
            return "FRAME_TOO_LONG";
        case ErrorName::frame_truncated:
            return "FRAME_TRUNCATED";
        case ErrorName::mti_truncated:
            return "MTI_TRUNCATED";
        case ErrorName::mti_not_numeric:
            return "MTI_NOT_NUMERIC";
        case ErrorName::mti_version:
            return "MTI_VERSION";
        case ErrorName::mti_unknown:
            return "MTI_UNKNOWN";
        case ErrorName::bitmap_truncated:
            return "BITMAP_TRUNCATED";
        case ErrorName::bitmap_not_hex:
            return "BITMAP_NOT_HEX";
        case ErrorName::field_unsupported:
            return "FIELD_UNSUPPORTED";
        case ErrorName::length_not_numeric:
            return "LENGTH_NOT_NUMERIC";
        case ErrorName::length_exceeds_max:
            return "LENGTH_EXCEEDS_MAX";
        case ErrorName::length_zero:
            return "LENGTH_ZERO";
        case ErrorName::field_truncated:
            return "FIELD_TRUNCATED";
        case ErrorName::trailing_data:
            return "TRAILING_DATA";
        case ErrorName::field_bad_character:
            return "FIELD_BAD_CHARACTER";
        case ErrorName::field_bad_format:
            return "FIELD_BAD_FORMAT";
        case ErrorName::field_missing:
            return "FIELD_MISSING";
        case ErrorName::field_conflict:
            return "FIELD_CONFLICT";
        case ErrorName::tlv_malformed:
            return "TLV_MALFORMED";
        case ErrorName::tlv_duplicate:
            return "TLV_DUPLICATE";
        case ErrorName::mac_mismatch:
            return "MAC_MISMATCH";
        case ErrorName::semantic:
            return "SEMANTIC";
    }
    return "SEMANTIC";
}

// ISO 8583 MTI: the third digit is the function (even = request or advice, odd = its answer), the fourth the
// origin and, when odd, a repeat.
std::string answer_mti(std::string_view request_mti) {
    std::string answer{request_mti};
    if (answer.size() != 4) return answer;
    answer[2] = static_cast<char>(answer[2] + 1);
    if ((answer[3] - '0') % 2 == 1) answer[3] = static_cast<char>(answer[3] - 1);
    return answer;
}

std::string repeat_mti(std::string_view mti) {
    std::string repeat{mti};
    if (repeat.size() == 4 && (repeat[3] - '0') % 2 == 0) repeat[3] = static_cast<char>(repeat[3] + 1);
    return repeat;
}

bool is_request(std::string_view mti) {
    return mti.size() == 4 && (mti[2] - '0') % 2 == 0;
}

}  // namespace vault::iso8583
