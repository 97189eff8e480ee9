// One entry as it is kept: its place in a stream, and the hash that chains it to the one before. PCI
// DSS 4.0.1 requirements 10.2.2, 10.3.4.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/crypto.h"
#include "vault/audit/trail.h"

namespace vault::audit {

inline constexpr std::size_t field_bytes_max = 1024;
inline constexpr std::size_t stream_bytes_max = 128;

struct Record {
    std::string stream;
    std::int64_t sequence = 0;     // gapless from 1
    std::int64_t recorded_at = 0;  // milliseconds of the unix epoch
    Entry entry;
    common::crypto::Digest previous{};  // hash of the record before; zeros for the first
    common::crypto::Digest hash{};
};

// SHA-256 over type-length-value of every field and the previous hash.
common::crypto::Digest hash_of(const Record& record);

std::string_view to_string(Outcome outcome);
std::optional<Outcome> outcome_of(std::string_view text);

// The entry as it can be stored: fields cut to their limit, what is not printable UTF-8 replaced by '?', and
// what looks like a card number masked, should one ever get there.
Entry cleaned(Entry entry);

// Letters, digits and "._:@-", 1 to 128: a stream's name is also the name of a file.
bool is_stream_name(std::string_view name);

}  // namespace vault::audit
