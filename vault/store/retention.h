// What the retention rules ask of the database: what is due, and its deletion in small
// transactions of one account each.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/cards/pan.h"
#include "vault/store/card_changes.h"

namespace vault::store {

class Retention {
  public:
    // Due cards by one rule: used last on `day` or before, or expired before the first of `month`.
    struct Rule {
        ErasureReason reason = ErasureReason::unused;
        std::int64_t day = 0;  // since 1970
        cards::Expiry month{1, 1970};
    };

    explicit Retention(common::db::Pool& pool) : pool_{pool} {}

    // Accounts in ascending order behind this one, at most 256.
    common::Task<std::vector<common::AccountId>> accounts(common::AccountId after, common::Deadline deadline);
    common::Task<std::int64_t> count_cards(common::AccountId account, Rule rule, common::Deadline deadline);
    // How many were erased; fewer than `limit`: there are no more. Cards that an exchange with the acquirer
    // needs, or that somebody else has locked, are left for the next time.
    common::Task<std::int64_t> purge_cards(common::AccountId account, Rule rule, std::int64_t today,
                                           int limit, common::Deadline deadline);
    common::Task<std::int64_t> count_chunks(common::AccountId account, std::int64_t day,
                                            common::Deadline deadline);
    common::Task<std::int64_t> purge_chunks(common::AccountId account, std::int64_t day, int limit,
                                            common::Deadline deadline);
    common::Task<std::int64_t> count_tombstones(common::AccountId account, std::int64_t day,
                                                common::Deadline deadline);
    common::Task<std::int64_t> purge_tombstones(common::AccountId account, std::int64_t day, int limit,
                                                common::Deadline deadline);
    common::Task<std::int64_t> count_velocity(std::int64_t before_slot, common::Deadline deadline);
    common::Task<std::int64_t> purge_velocity(std::int64_t before_slot, int limit, common::Deadline deadline);

  private:
    template <class... Args>
    common::Task<std::int64_t> number(const common::db::Statement& statement, common::Deadline deadline,
                                      Args... arguments);
    common::db::Pool& pool_;
};

}  // namespace vault::store
