#include "gateway/store/files.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_sealed{"file_contents_insert",
                                  "INSERT INTO file_contents (account_id, id, content) VALUES ($1, $2, $3)"};
constexpr Statement find_sealed{"file_contents_find",
                                "SELECT content FROM file_contents WHERE account_id = $1 AND id = $2"};

}  // namespace

PORTCULLIS_TABLE(File);
PORTCULLIS_TABLE(FileLink);

void insert_content(Transaction& tx, const File& file, std::span<const std::uint8_t> sealed) {
    tx.exec(insert_sealed, file.scope.account.value, file.id, common::db::bytes(sealed));
}

common::Result<common::crypto::Bytes> content_of(Transaction& tx, const File& file) {
    const auto rows = tx.exec(find_sealed, file.scope.account.value, file.id);
    if (rows.empty())
        return common::Fail{common::Error::internal("file {} has no content", {common::Safe::id(file.id)})
                                .with_cause(common::Cause::integrity)};
    return common::db::bytes(rows[0][0]);
}

}  // namespace gateway::store
