// A PostgreSQL cluster with the vault's schema, a SoftHSM2 token, certificates, the vault's settings for all
// of them, and a way to wait for coroutines.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "certs/authority.h"
#include "certs/tls.h"
#include "common/db/migrate.h"
#include "common/db/pool.h"
#include "common/http/client.h"
#include "common/wait.h"
#include "hsm/hsm.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/softhsm/softhsm.h"

namespace vault_test {

using common::wait_for;

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

// A folder with a CA, ca.pem, and a certificate for each name that is server and client: NAME.pem, NAME.key.
class Identities {
  public:
    Identities() {
        std::string pattern = (std::filesystem::temp_directory_path() / "vault-certs.XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        folder_ = pattern;
        std::filesystem::create_directory(folder_ + "/audit");
        const auto made = certs::Authority::init(folder_, "test authority", false);
        if (!made) throw std::runtime_error{made.error().describe()};
        for (const char* name : {"gateway", "vault", "acquirer", "viewer", "lost"})
            issue(name);
        revoke("lost");
    }
    ~Identities() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Identities(const Identities&) = delete;
    Identities& operator=(const Identities&) = delete;

    const std::string& folder() const { return folder_; }
    std::string file(const std::string& name) const { return folder_ + '/' + name; }
    void issue(const std::string& name) const {
        certs::LeafRequest request;
        request.name = name;
        request.names.dns = {"localhost"};
        request.names.uris = {"spiffe://portcullis/" + name};
        request.server = request.client = true;
        if (const auto made = authority().issue(folder_, request, true); !made)
            throw std::runtime_error{made.error().describe()};
    }
    void revoke(const std::string& name) const {
        if (const auto done = authority().revoke(file(name + ".pem")); !done)
            throw std::runtime_error{done.error().describe()};
    }
    common::http::TlsSource client(const std::string& name) const {
        auto context = certs::TlsContext::load(certs::Profile::internal_client,
                                               {file(name + ".pem"), file(name + ".key"), file("ca.pem")});
        if (!context) throw std::runtime_error{context.error().describe()};
        return [held = *context] { return held->current(); };
    }

  private:
    certs::Authority authority() const {
        auto loaded = certs::Authority::load(folder_);
        if (!loaded) throw std::runtime_error{loaded.error().describe()};
        return std::move(*loaded);
    }
    std::string folder_;
};

// --set arguments of a vault on any free port, whose acquirer nobody plays.
inline std::vector<std::string> vault_settings(const Identities& identities, const support::SoftHsm& token) {
    const auto options = token.options();
    return {"server.port=0",
            "server.threads=2",
            "server.request_ms=5000",
            "server.drain_ms=2000",
            "metrics.port=0",
            "server.certificate=" + identities.file("vault.pem"),
            "server.key=" + identities.file("vault.key"),
            "server.ca=" + identities.file("ca.pem"),
            "server.crl=" + identities.file("ca.crl"),
            "database.url=" + tests::Postgres::instance().url("vault", "vault"),
            "hsm.module=" + options.module,
            "hsm.token_label=" + options.token_label,
            "hsm.pin_file=" + options.pin_file,
            "audit.checkpoint_directory=" + identities.folder() + "/audit",
            "acquirer.host=localhost",
            "acquirer.port=1",
            "acquirer.identity=spiffe://portcullis/acquirer",
            "acquirer.ca=" + identities.file("ca.pem"),
            "acquirer.certificate=" + identities.file("vault.pem"),
            "acquirer.key=" + identities.file("vault.key"),
            "acquirer.acquirer_id=400123",
            "acquirer.forwarder_id=900001",
            "sandbox.enabled=true"};
}

inline common::http::ClientOptions client_of(unsigned short port) {
    common::http::ClientOptions options;
    options.host = "localhost";
    options.address = "127.0.0.1";
    options.port = port;
    options.peer_identity = "spiffe://portcullis/vault";
    return options;
}

// Waits on a context that goes on living, for clients that keep their connections.
template <class T>
common::Result<T> wait_on(boost::asio::io_context& io, common::Task<T> task) {
    std::optional<common::Result<T>> answer;
    boost::asio::co_spawn(io, std::move(task),
                          [&](const std::exception_ptr& thrown, common::Result<T> result) {
                              if (thrown) std::rethrow_exception(thrown);
                              answer.emplace(std::move(result));
                          });
    io.restart();
    while (!answer)
        io.run_one();
    return std::move(*answer);
}

}  // namespace vault_test
