#include "vault/store/velocity_counters.h"

namespace vault::store {
namespace {

using common::Result;
using common::Task;
using common::db::bytes;
using common::db::Statement;
using common::db::Transaction;

// Locks the row of the slot, so that of two callers the second one counts what the first one did.
constexpr Statement count_one{"card_velocity_count", R"(
INSERT INTO card_velocity (fingerprint, slot, cards) VALUES ($1, $2, 1)
ON CONFLICT (fingerprint, slot) DO UPDATE SET cards = card_velocity.cards + 1)"};

constexpr Statement take_back{"card_velocity_take_back", R"(
UPDATE card_velocity SET cards = cards - 1 WHERE fingerprint = $1 AND slot = $2)"};

constexpr Statement sum_slots{"card_velocity_sum", R"(
SELECT coalesce(sum(cards), 0) FROM card_velocity WHERE fingerprint = $1 AND slot > $2)"};

}  // namespace

Task<bool> VelocityCounters::count(std::vector<std::uint8_t> fingerprint, std::int64_t slot,
                                   std::int64_t after_slot, std::int64_t limit, common::Deadline deadline) {
    auto job = [=, fingerprint = std::move(fingerprint)](Transaction& tx) -> Result<bool> {
        tx.exec(count_one, bytes(fingerprint), slot);
        if (tx.exec(sum_slots, bytes(fingerprint), after_slot)[0][0].as<std::int64_t>() <= limit) return true;
        tx.exec(take_back, bytes(fingerprint), slot);
        return false;
    };
    co_return co_await pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
