// Makes the checkpoints of one stream: signed in the HSM, a row in the database, a line in the file.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/metrics.h"
#include "common/runtime.h"
#include "vault/audit/checkpoint_file.h"
#include "vault/audit/log.h"
#include "vault/store/audit_rows.h"

namespace vault::audit {

// Lives on the log's io_context.
class CheckpointWriter {
  public:
    using Head = store::AuditRows::Head;
    CheckpointWriter(store::AuditRows& rows, hsm::Hsm& hsm, const common::Clock& clock,
                     const Log::Options& options)
        : rows_{rows}, hsm_{hsm}, clock_{clock}, options_{options} {}

    // Whether the database still has what the file's last checkpoint vouches for.
    boost::asio::awaitable<Trouble> compare();
    // A checkpoint at `head`, unless there is one, in both places; nothing new in either is no trouble.
    // Trouble::unsealed: HSM or database, try again.
    boost::asio::awaitable<Trouble> seal(Head head);
    std::int64_t sealed() const { return last_ ? last_->sequence : 0; }  // entries up to this one

  private:
    using File = std::shared_ptr<CheckpointFile>;
    common::Task<File> open_file();
    common::Task<bool> load_last();
    common::Task<bool> add(Head head);
    boost::asio::awaitable<Trouble> copy();

    store::AuditRows& rows_;
    hsm::Hsm& hsm_;
    const common::Clock& clock_;
    const Log::Options& options_;
    std::optional<Checkpoint> last_;  // of the database
    bool loaded_ = false;
    common::BlockingPool files_{1, 8};
};

}  // namespace vault::audit
