// Which cards were used today, for the retention rules. Kept in memory and written now and then, so that an
// authorization waits for nothing; what a crash loses is the news of one quarter of a minute.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/store/card_changes.h"

namespace vault::cards {

inline std::int64_t day_of(common::TimePoint time) {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

class UseMarks {
  public:
    static constexpr std::size_t cards_max = 100'000;  // more are counted, and marked when they are next used

    UseMarks(store::CardChanges& changes, const common::Clock& clock, common::Metrics& metrics)
        : changes_{changes}, clock_{clock}, metrics_{metrics} {}
    // Nothing to do for a card that is marked for today already.
    void mark(common::AccountId account, const std::string& token, std::int64_t last_used_day);
    // Writes what is kept. After a failure it is kept for the next time.
    common::Task<bool> write(common::Deadline deadline);

  private:
    std::map<common::AccountId, std::set<std::string>> take();

    store::CardChanges& changes_;
    const common::Clock& clock_;
    common::Metrics& metrics_;
    std::mutex mutex_;
    std::map<common::AccountId, std::set<std::string>> used_;
    std::size_t size_ = 0;
};

}  // namespace vault::cards
