#include "vault/store/leases.h"

namespace vault::store {
namespace {

constexpr common::db::Statement take_lease{"job_lease_take", R"(
INSERT INTO job_lease (name, owner, until) VALUES ($1, $2, $4)
ON CONFLICT (name) DO UPDATE SET owner = $2, until = $4 WHERE job_lease.owner = $2 OR job_lease.until < $3
RETURNING name)"};

}  // namespace

common::Task<bool> Leases::take(std::string name, std::string owner, std::int64_t now, std::int64_t until,
                                common::Deadline deadline) {
    auto job = [=](common::db::Transaction& tx) -> common::Result<bool> {
        return !tx.exec(take_lease, name, owner, now, until).empty();
    };
    return pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
