#pragma once

#include "gateway/files/file.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<File> {
    static constexpr common::Text kind = "file";
    static constexpr const char* table = "files";
    static constexpr std::array columns{"purpose"};
};

template <>
struct Shape<FileLink> {
    static constexpr common::Text kind = "file_link";
    static constexpr const char* table = "file_links";
    static constexpr std::array columns{"file", "expires_at"};
};

// Encrypted contents are in a table of their own, so that lists never read one.
void insert_content(Transaction& tx, const File& file, std::span<const std::uint8_t> sealed);
// Cause::integrity when the row is gone.
common::Result<common::crypto::Bytes> content_of(Transaction& tx, const File& file);

}  // namespace gateway::store
