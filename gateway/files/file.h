// Files, as merchants upload them as evidence in a dispute, and public links to them. Each content is
// encrypted under a key of its own, which the vault's HSM seals for that file of that account and mode.
#pragma once

#include <limits>

#include <boost/describe.hpp>
#include <boost/json/object.hpp>

#include "common/crypto.h"
#include "gateway/files/keys.h"
#include "gateway/object.h"
#include "gateway/payments/changes.h"
#include "gateway/work.h"

namespace gateway {

struct File : Object {
    std::string purpose, type;  // type as files::name_of has it
    std::optional<std::string> filename;
    std::int64_t size = 0;
    std::string kek, sealed_key;  // vault::SealedDataKey
};
BOOST_DESCRIBE_STRUCT(File, (), (purpose, type, filename, size, kek, sealed_key))

struct FileLink : Object {
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    std::string file;
    std::int64_t expires_at = never;
    boost::json::object metadata;

    bool expired(std::int64_t now) const { return expires_at <= now; }
};
BOOST_DESCRIBE_STRUCT(FileLink, (), (file, expires_at, metadata))

// What a request says about a link.
struct FileLinkChanges {
    Change<std::int64_t> expires_at;
    bool expires_now = false;  // instead
    Change<boost::json::object> metadata;
};

namespace files {

// As it is stored. Shared, because a transaction may be tried again.
struct SealedFile {
    File file;
    std::shared_ptr<const common::crypto::Bytes> content;
};

// Encrypts the content of a file whose scope, purpose, type and name are set, and gives it its id. Nothing is
// stored. `content` must outlive the wait.
common::Task<SealedFile> seal(KeyPort& keys, File file, std::string_view content, common::Deadline deadline);
// 500 Cause::integrity: not what was sealed for this file of this account and mode.
common::Task<common::SecretText> open(KeyPort& keys, SealedFile sealed, common::Deadline deadline);

// Stores the file, and a link to it when there are such; tells file.created.
common::Result<File> create(Work& work, const SealedFile& sealed, const std::optional<FileLinkChanges>& link);
// With its content.
common::Result<SealedFile> load(store::Transaction& tx, const Scope& scope, const std::string& id);
// A file that the parameter `param` names. 400: resource_missing, or it was uploaded for another purpose.
common::Result<File> require(Work& work, const std::string& id, std::string_view purpose,
                             std::string_view param);

// 400: no such file, or expires_at is not in the future.
common::Result<FileLink> create_link(Work& work, const std::string& file, const FileLinkChanges& input);
common::Result<FileLink> update_link(Work& work, const std::string& id, const FileLinkChanges& changes);
// In either mode; nothing once it has expired.
std::optional<FileLink> find_open_link(Work& work, const std::string& id);

}  // namespace files
}  // namespace gateway
