#include "gateway/api/service_backend.h"

#include "gateway/idempotency/idempotency.h"
#include "gateway/store/session.h"

namespace gateway::api {

common::Task<std::optional<StoredResponse>> ServiceBackend::look(Call call) {
    auto job = [this, &call](common::db::Transaction& tx) {
        store::enter(tx, call.scope.account);
        return idempotency::look(tx, call, clock_->now().time_since_epoch().count());
    };
    auto used = co_await database_->read(job, call.deadline.at_most(std::chrono::seconds{10}));
    co_return used;
}

boost::asio::awaitable<Readiness> ServiceBackend::readiness(common::Deadline deadline) {
    Readiness state;
    auto touch = [](common::db::Transaction& tx) -> common::Result<bool> {
        tx.exec_raw(";");  // an empty statement: the server answers it
        return true;
    };
    auto database = co_await database_->transaction(std::move(touch), deadline);
    state.database = database.has_value();
    auto vault = co_await vaults_->healthy(deadline);
    state.vault = vault.has_value() && *vault;
    co_return state;
}

}  // namespace gateway::api
