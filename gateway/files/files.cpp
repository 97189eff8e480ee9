#include "gateway/store/files.h"

#include "common/ids.h"
#include "gateway/files/file.h"

namespace gateway::files {
namespace {

using common::Cause;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

// What the ciphertext is bound to. Of letters and digits, so that the separators keep its parts apart.
std::string context_of(const File& file) {
    return "portcullis-file:" + common::base62_of(file.scope.account) +
           (file.scope.livemode ? ":live:" : ":test:") + file.id;
}

vault::DataKeyScope key_scope(const File& file) {
    return {file.scope.account, file.scope.livemode, file.id};
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

common::Status put_expiry(FileLink& link, const FileLinkChanges& changes, std::int64_t now) {
    if (changes.expires_now) link.expires_at = now;
    if (!changes.expires_at) return {};
    const auto until = changes.expires_at->value_or(FileLink::never);
    if (until <= now) return Fail{Error::invalid("", "expires_at", "expires_at must be in the future.")};
    link.expires_at = until;
    return {};
}

common::Status apply(FileLink& link, const FileLinkChanges& changes, std::int64_t now) {
    if (auto fine = put_expiry(link, changes, now); !fine) return fine;
    return put_metadata(link.metadata, changes.metadata);
}

}  // namespace

common::Task<SealedFile> seal(KeyPort& keys, File file, std::string_view content, common::Deadline deadline) {
    file.id = common::new_id("file_", file.scope.account);
    file.size = static_cast<std::int64_t>(content.size());
    auto key = co_await keys.create_data_key(key_scope(file), deadline);
    if (!key) co_return Fail{key.error()};
    file.kek = std::move(key->sealed.kek);
    file.sealed_key = std::move(key->sealed.sealed);
    auto sealed = common::crypto::gcm_seal(key->bytes.bytes(), bytes_of(content), bytes_of(context_of(file)));
    co_return SealedFile{std::move(file), std::make_shared<const common::crypto::Bytes>(std::move(sealed))};
}

common::Task<common::SecretText> open(KeyPort& keys, SealedFile sealed, common::Deadline deadline) {
    const auto& file = sealed.file;
    const auto key = co_await keys.open_data_key(key_scope(file), {file.kek, file.sealed_key}, deadline);
    if (!key) co_return Fail{key.error()};
    auto content = common::crypto::gcm_open_text(key->bytes(), *sealed.content, bytes_of(context_of(file)));
    if (!content)
        co_return Fail{Error::internal("the content of file {} is not what was sealed", {Safe::id(file.id)})
                           .with_cause(Cause::integrity)};
    co_return *std::move(content);
}

Result<File> create(Work& work, const SealedFile& sealed, const std::optional<FileLinkChanges>& link) {
    auto file = sealed.file;
    set_time(file, work.now_ms);
    store::insert(work.tx, file);
    store::insert_content(work.tx, file, *sealed.content);
    if (link)
        if (auto made = create_link(work, file.id, *link); !made) return Fail{made.error()};
    work.tell("file.created", &file);
    return file;
}

Result<SealedFile> load(store::Transaction& tx, const Scope& scope, const std::string& id) {
    auto file = store::require<File>(tx, scope, id);
    if (!file) return Fail{file.error()};
    auto content = store::content_of(tx, *file);
    if (!content) return Fail{content.error()};
    return SealedFile{*std::move(file), std::make_shared<const common::crypto::Bytes>(*std::move(content))};
}

Result<File> require(Work& work, const std::string& id, std::string_view purpose, std::string_view param) {
    auto file = store::require<File>(work.tx, work.scope(), id, param);
    if (file && file->purpose != purpose)
        return Fail{Error::invalid("", param,
                                   "The file {} has the purpose {}; it must have been uploaded for {}.",
                                   {Safe::id(id), Safe::param(file->purpose), Safe::param(purpose)})};
    return file;
}

Result<FileLink> create_link(Work& work, const std::string& file, const FileLinkChanges& input) {
    if (auto found = store::require<File>(work.tx, work.scope(), file, "file"); !found)
        return Fail{found.error()};
    FileLink link;
    work.stamp(link, "link_");
    link.file = file;
    if (auto fine = apply(link, input, work.now()); !fine) return Fail{fine.error()};
    store::insert(work.tx, link);
    return link;
}

Result<FileLink> update_link(Work& work, const std::string& id, const FileLinkChanges& changes) {
    auto link = store::require_locked<FileLink>(work.tx, work.scope(), id);
    if (!link) return link;
    if (auto fine = apply(*link, changes, work.now()); !fine) return Fail{fine.error()};
    store::update(work.tx, *link);
    return link;
}

std::optional<FileLink> find_open_link(Work& work, const std::string& id) {
    for (const bool livemode : {true, false})
        if (auto link = store::find<FileLink>(work.tx, {work.scope().account, livemode}, id))
            return link->expired(work.now()) ? std::nullopt : std::move(link);
    return std::nullopt;
}

}  // namespace gateway::files
