// Rows of card_bulk_chunk: what was answered to lines of a bulk that came together.
#pragma once

#include <optional>

#include "common/db/pool.h"
#include "common/ids.h"
#include "common/task.h"

namespace vault::store {

struct BulkChunk {
    common::AccountId account;
    bool livemode = false;
    std::string bulk;                   // the caller's name of it
    std::int64_t first_line = 0;        // from 1
    std::vector<std::string> outcomes;  // of each line: a token, or '_' and the code of its error
    std::int64_t day = 0;               // since 1970
};

// In the transaction that stores its cards. `bulk_chunk_known`: it is there already.
inline constexpr std::string_view bulk_chunk_known_code = "bulk_chunk_known";
common::Result<bool> insert(common::db::Transaction& tx, const BulkChunk& chunk);

class BulkChunks {
  public:
    explicit BulkChunks(common::db::Pool& pool) : pool_{pool} {}
    common::Task<std::optional<BulkChunk>> find(BulkChunk place, common::Deadline deadline);
    // One of whose lines none is a card. `bulk_chunk_known`: it is there already.
    common::Task<bool> insert(BulkChunk chunk, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
