// Hashes, MACs and checkpoints out of rows.
#pragma once

#include <algorithm>
#include <optional>

#include "common/db/pool.h"
#include "vault/audit/checkpoint.h"

namespace vault::store {

inline std::optional<common::crypto::Digest> digest_if(const pqxx::field& field) {
    common::crypto::Digest digest{};
    const auto stored = common::db::bytes(field);
    if (stored.size() != digest.size()) return std::nullopt;
    std::ranges::copy(stored, digest.begin());
    return digest;
}

inline common::crypto::Digest digest_of(const pqxx::field& field) {
    return digest_if(field).value_or(common::crypto::Digest{});
}

// number, sequence, hash, made_at, key_version, previous, mac
inline audit::Checkpoint checkpoint_of(const std::string& stream, const pqxx::row& row) {
    const auto previous = digest_if(row[5]);
    return {stream,
            row[0].as<std::int64_t>(),
            row[1].as<std::int64_t>(),
            digest_of(row[2]),
            row[3].as<std::int64_t>(),
            row[4].as<unsigned>(),
            previous.value_or(common::crypto::Digest{}),
            previous ? digest_of(row[6]) : common::crypto::Digest{}};
}

}  // namespace vault::store
