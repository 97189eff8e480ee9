// An audit log in memory, for tests of what is written to it.
#pragma once

#include <algorithm>
#include <mutex>
#include <optional>
#include <vector>

#include "vault/audit/trail.h"

namespace support {

class AuditRecorder final : public vault::audit::Trail {
  public:
    common::Task<bool> record_all(std::vector<vault::audit::Entry> entries, common::Deadline) override {
        const std::lock_guard lock{mutex_};
        if (failure_) co_return common::Fail{*failure_};
        std::ranges::move(entries, std::back_inserter(entries_));
        co_return true;
    }
    std::vector<vault::audit::Entry> entries() const {
        const std::lock_guard lock{mutex_};
        return entries_;
    }
    std::size_t count(std::string_view action) const {
        const std::lock_guard lock{mutex_};
        return static_cast<std::size_t>(std::ranges::count(entries_, action, &vault::audit::Entry::action));
    }
    // From now on it refuses with this, or takes entries again.
    void fail(std::optional<common::Error> failure) {
        const std::lock_guard lock{mutex_};
        failure_ = std::move(failure);
    }

  private:
    mutable std::mutex mutex_;
    std::vector<vault::audit::Entry> entries_;
    std::optional<common::Error> failure_;
};

}  // namespace support
