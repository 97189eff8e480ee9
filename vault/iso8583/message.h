// An ISO 8583:1987 message as a map of fields, and its two encodings. Pure: no I/O.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/secret.h"

namespace vault::iso8583 {

enum class Profile : std::uint8_t { gw87a, gw87b };  // ASCII; BCD and binary

// Values as the dictionary names them: text without length prefix and padding digits kept; binary fields (52,
// 64, 128) as upper-case hexadecimal. Held in wiping memory, since field 2 and tag CV of field 48 are card
// data.
class Message {
  public:
    Message() = default;
    explicit Message(std::string_view mti) : mti_{mti} {}
    const std::string& mti() const { return mti_; }
    bool has(int field) const {
        return field >= 2 && field <= 128 && fields_[static_cast<std::size_t>(field)] != nullptr;
    }
    std::string_view get(int field) const;  // "" when absent
    void set(int field, std::string_view value);
    void erase(int field);
    std::vector<int> present() const;  // ascending
    Message clone() const;

  private:
    std::string mti_;
    std::array<std::unique_ptr<common::SecretText>, 129> fields_{};
};

enum class ErrorName : std::uint8_t {
    frame_empty,
    frame_too_long,
    frame_truncated,
    mti_truncated,
    mti_not_numeric,
    mti_version,
    mti_unknown,
    bitmap_truncated,
    bitmap_not_hex,
    field_unsupported,
    length_not_numeric,
    length_exceeds_max,
    length_zero,
    field_truncated,
    trailing_data,
    field_bad_character,
    field_bad_format,
    field_missing,
    field_conflict,
    tlv_malformed,
    tlv_duplicate,
    mac_mismatch,
    semantic,
};
std::string_view to_string(ErrorName name);  // "FRAME_EMPTY" …

// Never holds content of a field.
struct DecodeError {
    ErrorName name;
    std::string field;       // "MTI", "bitmap1", "2"; "" = none
    std::size_t offset = 0;  // bytes into the payload
};

struct Options {
    // Sixteen bytes switch message authentication on: AES-128-CMAC (NIST SP 800-38B), left eight bytes, in
    // field 64 of a message without secondary bitmap and in field 128 of any other. Read: demanded and
    // verified first. Written: computed, whatever the message held. Must outlive the call.
    std::span<const std::uint8_t> mac_key = {};
    bool layout_only = false;  // leave out formats, mandatory fields, TLV and semantics
};

// Everything in order: MTI, bitmaps, each field, trailing bytes, conflicts, formats, mandatory fields, TLV,
// semantics.
std::expected<Message, DecodeError> decode(std::span<const std::uint8_t> payload, Profile profile,
                                           const Options& options = {});
// Layout and characters only, for messages whose values are not business (test vectors, traces).
std::expected<Message, DecodeError> decode_layout(std::span<const std::uint8_t> payload, Profile profile);
// The one canonical encoding; fixed fields are padded. Checks what `decode` checks, and names the field at
// fault.
std::expected<common::SecretText, DecodeError> encode(const Message& message, Profile profile,
                                                      const Options& options = {});

// What could be read before the error, for an answer with field 39 = 30: MTI, 7, 11, 33. Nothing unless MTI,
// 7 and 11 were read. Such an answer echoes fields that may be ill-formed: encode it with
// Options::layout_only.
std::optional<Message> readable_header(std::span<const std::uint8_t> payload, Profile profile);

std::string answer_mti(std::string_view request_mti);  // 0100, 0101 → 0110; 0422 → 0432
std::string repeat_mti(std::string_view mti);          // 0420 → 0421
bool is_request(std::string_view mti);                 // expects an answer: 0100, 0421, 0800 …

// Field 48: tag(2) length(3) value. Sorted by tag when written.
class PrivateData {
  public:
    static std::expected<PrivateData, ErrorName> parse(
        std::string_view text);                              // tlv_malformed, tlv_duplicate
    std::string_view get(std::string_view tag) const;        // "" when absent
    void set(std::string_view tag, std::string_view value);  // "" removes; tag and value must fit the format
    common::SecretText text() const;

  private:
    std::vector<std::pair<std::string, common::SecretText>> tags_;
};

inline constexpr std::size_t payload_max = 8192;

// Two-byte big-endian length, payload 1…8192. Feed bytes as they come; a zero-length frame is skipped.
class FrameReader {
  public:
    enum class State : std::uint8_t { need_more, frame, too_long };
    void feed(std::span<const std::uint8_t> bytes);
    State next(common::SecretText& payload);
    bool in_frame() const;  // the stream must not end now
  private:
    std::vector<std::uint8_t, common::WipingAllocator<std::uint8_t>> buffer_;
    std::size_t read_ = 0;
};
common::SecretText frame(std::string_view payload);

}  // namespace vault::iso8583
