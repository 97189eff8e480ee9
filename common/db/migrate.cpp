#include "common/db/migrate.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <tuple>

#include <pqxx/pqxx>

#include "common/crypto.h"
#include "common/log.h"

namespace common::db {
namespace {

struct File {
    std::string name;
    std::string text;
    std::string sha256;
    bool only_distributed;  // *_distribute.sql
};

// Within a version: tables, then their distribution, then foreign keys, then whatever else (grants, rows).
int rank_of(std::string_view name) {
    if (name.ends_with("_tables.sql")) return 0;
    if (name.ends_with("_distribute.sql")) return 1;
    if (name.ends_with("_foreign_keys.sql")) return 2;
    return 3;
}

bool is_well_named(std::string_view name) {
    constexpr std::size_t version_digits = 4;
    if (name.size() < version_digits + 6 || name[version_digits] != '_' || !name.ends_with(".sql"))
        return false;
    const auto digits = name.substr(0, version_digits);
    const auto rest = name.substr(version_digits, name.size() - version_digits - 4);
    return std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) &&
           std::ranges::all_of(
               rest, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::optional<std::string> content_of(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in || text.empty()) return std::nullopt;
    return text;
}

Result<std::vector<File>> files_of(const std::string& directory) {
    std::vector<File> files;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator{directory, failed}) {
        const auto name = entry.path().filename().string();
        if (!name.ends_with(".sql")) continue;
        if (!is_well_named(name))
            return Fail{Error::internal("migration {} is not named NNNN_words.sql", {Safe::param(name)})};
        auto text = content_of(entry.path());
        if (!text)
            return Fail{Error::internal("migration {} is empty or cannot be read", {Safe::param(name)})};
        const auto digest = crypto::to_hex(crypto::sha256(*text));
        files.push_back({name, *std::move(text), digest, name.ends_with("_distribute.sql")});
    }
    if (failed) return Fail{Error::internal("directory {} cannot be read", {Safe::param(directory)})};
    std::ranges::sort(files, {}, [](const File& file) {
        return std::tuple{file.name.substr(0, 4), rank_of(file.name), file.name};
    });
    return files;
}

// IF NOT EXISTS does not wait for a twin that is creating the table, so a collision is tried again.
void make_table(pqxx::connection& connection) {
    constexpr int tries = 20;
    for (int i = 1;; ++i) {
        try {
            pqxx::nontransaction{connection}.exec(
                "CREATE TABLE IF NOT EXISTS schema_migrations (name text CONSTRAINT schema_migrations_pkey "
                "PRIMARY KEY, "
                "sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
            return;
        } catch (const pqxx::sql_error& e) {
            const bool twin = e.sqlstate() == "23505" || e.sqlstate() == "42P07" || e.sqlstate() == "42710";
            if (!twin || i == tries) throw;
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
    }
}

enum class Outcome : std::uint8_t { applied, known, changed };

// The table's lock is held to the end of the transaction, so of several processes one applies the file.
Outcome apply(pqxx::connection& connection, const File& file, bool distributed) {
    pqxx::work work{connection};
    work.exec("LOCK TABLE schema_migrations IN SHARE ROW EXCLUSIVE MODE");
    const auto known = work.exec_params("SELECT sha256 FROM schema_migrations WHERE name = $1", file.name);
    if (!known.empty())
        return known[0][0].as<std::string>() == file.sha256 ? Outcome::known : Outcome::changed;
    if (distributed) work.exec("SET LOCAL citus.multi_shard_modify_mode = 'sequential'");
    work.exec(file.text);
    work.exec_params("INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)", file.name, file.sha256);
    work.commit();
    return Outcome::applied;
}

bool has_citus(pqxx::connection& connection) {
    return !pqxx::nontransaction{connection}
                .exec("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
                .empty();
}

Result<int> apply_all(const std::string& url, const std::vector<File>& files) {
    int applied = 0;
    const std::string* current = nullptr;
    try {
        pqxx::connection connection{url};
        const pqxx::quiet_errorhandler quiet{connection};
        make_table(connection);
        const bool distributed = has_citus(connection);
        for (const auto& file : files) {
            if (file.only_distributed && !distributed) continue;
            current = &file.name;
            const auto outcome = apply(connection, file, distributed);
            if (outcome == Outcome::changed)
                return Fail{Error::internal(
                    "migration {} was changed after it had been applied; add a new file instead",
                    {Safe::param(file.name)})};
            if (outcome == Outcome::known) continue;
            log::info("migration applied", {{"file", Safe::param(file.name)}});
            ++applied;
        }
    } catch (const std::exception& e) {  // a schema's text and its errors hold no card data
        return Fail{Error::internal(
            "migration {} failed: {}",
            {current ? Safe::param(*current) : Safe::word("of the database"), Safe::param(e.what())})};
    }
    return applied;
}

}  // namespace

Result<int> migrate(const std::string& database_url, const std::string& directory) {
    const auto files = files_of(directory);
    if (!files) return Fail{files.error()};
    return apply_all(database_url, *files);
}

}  // namespace common::db
