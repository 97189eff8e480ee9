#include "gateway/api/service_backend.h"

namespace gateway::api {

boost::asio::awaitable<Readiness> ServiceBackend::readiness(common::Deadline deadline) {
    Readiness state;
    auto touch = [](common::db::Transaction& tx) -> common::Result<bool> {
        tx.exec_raw(";");  // an empty statement: the server answers it
        return true;
    };
    auto database = co_await database_->transaction(std::move(touch), deadline);
    state.database = database.has_value();
    auto vault = co_await vault_->healthy(deadline);
    state.vault = vault.has_value() && *vault;
    co_return state;
}

}  // namespace gateway::api
