// POST /bulk/{name}: a card a line in, a result a line out. docs/vault-api.md has the form of both.
#pragma once

#include <deque>

#include "common/http/message.h"
#include "common/started.h"
#include "vault/cards/card_vault.h"
#include "vault/client/wire.h"

namespace vault::api {

inline constexpr std::size_t line_bytes_max = 16 * 1024;

class BulkStream {
  public:
    BulkStream(cards::BulkVault& vault, common::http::BodyStream& stream, wire::BulkQuery query,
               cards::BulkScope scope)
        : vault_{vault}, stream_{stream}, scope_{std::move(scope)}, next_line_{query.first_line} {}

    // Before anything is read.
    common::Status check() const;
    // To the end of the body. An error: the connection is of no use any more.
    common::Task<bool> run();

  private:
    struct UnderWay {
        std::int64_t first;
        std::size_t lines;
        common::Started<std::vector<cards::LineResult>> results;
    };
    common::Task<bool> take_all();
    common::Result<bool> take_lines(bool ended);
    void begin_chunk();
    common::Task<bool> finish_oldest();
    common::Task<bool> finish_all();
    common::Task<bool> give_up(std::int64_t line, common::Error error);

    cards::BulkVault& vault_;
    common::http::BodyStream& stream_;
    cards::BulkScope scope_;
    boost::asio::any_io_executor executor_;
    common::SecretText buffer_;       // what is no whole line yet
    std::vector<cards::Line> chunk_;  // lines that are not under way yet
    std::int64_t next_line_;          // the first of chunk_
    std::deque<UnderWay> under_way_;
    std::int64_t stored_ = 0, refused_ = 0;
};

}  // namespace vault::api
