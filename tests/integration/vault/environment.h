// A PostgreSQL cluster with the vault's schema, a SoftHSM2 token, and a way to wait for coroutines.
#pragma once

#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "common/db/migrate.h"
#include "common/db/pool.h"
#include "hsm/hsm.h"
#include "support/postgres.h"
#include "support/softhsm/softhsm.h"

namespace vault_test {

template <class T>
common::Result<T> wait_for(common::Task<T> task) {
    boost::asio::io_context io;
    std::optional<common::Result<T>> answer;
    boost::asio::co_spawn(io, std::move(task),
                          [&](const std::exception_ptr& thrown, common::Result<T> result) {
                              if (thrown) std::rethrow_exception(thrown);
                              answer.emplace(std::move(result));
                          });
    io.run();
    return std::move(*answer);
}

// The database "vault" anew, with its schema, owned by vault_owner; the service connects as vault.
inline void make_database() {
    auto& postgres = tests::Postgres::instance();
    static const bool roles_made = [&] {
        for (const char* role : {"vault_owner", "vault"})
            postgres.run(std::string{"CREATE ROLE "} + role + " LOGIN");
        return true;
    }();
    static_cast<void>(roles_made);
    postgres.create_database("vault");
    postgres.run("ALTER DATABASE vault OWNER TO vault_owner");
    postgres.run("ALTER SCHEMA public OWNER TO vault_owner", "vault");
    const auto applied =
        common::db::migrate(postgres.url("vault", "vault_owner"), PORTCULLIS_VAULT "/store/migrations");
    if (!applied) throw std::runtime_error{applied.error().describe()};
}

inline std::vector<hsm::KeyRef> vault_keys() {
    return {{hsm::Purpose::kek_card, 1}, {hsm::Purpose::fingerprint, 1}, {hsm::Purpose::registry, 1}};
}

inline common::db::Pool::Options pool_options() {
    common::db::Pool::Options options;
    options.url = tests::Postgres::instance().url("vault", "vault");
    return options;
}

// One value of one row, as the superuser.
inline std::string value_of(const std::string& sql) {
    pqxx::connection connection{tests::Postgres::instance().url("vault")};
    pqxx::work work{connection};
    return work.exec1(sql)[0].c_str();
}

}  // namespace vault_test
