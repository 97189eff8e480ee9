// The rules of docs/database.md, asked of the schemas as PostgreSQL holds them after all migrations: what is
// kept here can be spread over a sharded PostgreSQL by account, and needs no change for that.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include "common/db/migrate.h"
#include "support/postgres.h"

namespace {

struct Service {
    std::string name;
    std::string tables_of_no_account;  // SQL list: those that are the same for every account
    std::string tables_of_their_own =
        {};  // SQL list: those that are spread by something else, as a log by its streams
};

class Schema : public testing::TestWithParam<Service> {
  protected:
    void SetUp() override {
        auto& postgres = tests::Postgres::instance();
        const auto& name = GetParam().name;
        postgres.run("DROP DATABASE IF EXISTS " + name);
        for (const auto& role : {name, name + "_owner"}) {
            postgres.run("DROP ROLE IF EXISTS " + role);
            postgres.run("CREATE ROLE " + role + " LOGIN");
        }
        postgres.create_database(name);
        postgres.run("ALTER DATABASE " + name + " OWNER TO " + name + "_owner");
        postgres.run("ALTER SCHEMA public OWNER TO " + name + "_owner", name);
        const auto applied = common::db::migrate(postgres.url(name, name + "_owner"), folder().string());
        ASSERT_TRUE(applied) << applied.error().describe();
        connection.emplace(postgres.url(name));
    }

    static std::filesystem::path folder() {
        const std::filesystem::path top{PORTCULLIS_SOURCE_DIR};
        return top / GetParam().name / "store" / "migrations";
    }
    // The first column of each row.
    std::set<std::string> ask(const std::string& sql) {
        pqxx::work work{*connection};
        std::set<std::string> values;
        for (const auto& row : work.exec(sql))
            values.insert(row[0].c_str());
        return values;
    }
    static std::string held_whole() { return "('schema_migrations'" + GetParam().tables_of_no_account + ")"; }
    static std::string exempt() {
        return "('schema_migrations'" + GetParam().tables_of_no_account + GetParam().tables_of_their_own +
               ")";
    }

    std::optional<pqxx::connection> connection;
};

const std::set<std::string> none;

TEST_P(Schema, BeginsEveryUniqueKeyWithTheAccount) {
    EXPECT_EQ(
        ask("SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            " WHERE t.relnamespace = 'public'::regnamespace AND i.indisunique AND a.attname <> 'account_id'"
            " AND t.relname NOT IN " +
            exempt()),
        none);
}

TEST_P(Schema, BeginsEveryForeignKeyWithTheAccountOnBothSides) {
    EXPECT_EQ(ask("SELECT c.conname FROM pg_constraint c"
                  " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
                  " JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]"
                  " WHERE c.contype = 'f' AND (a.attname <> 'account_id' OR b.attname <> 'account_id')"),
              none);
    EXPECT_NE(ask("SELECT conname FROM pg_constraint WHERE contype = 'f'"), none);
}

TEST_P(Schema, TypesTheAccountAlike) {
    EXPECT_EQ(ask("SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class t ON t.oid = attrelid"
                  " WHERE t.relnamespace = 'public'::regnamespace AND attname = 'account_id'"
                  " AND (atttypid <> 'bigint'::regtype OR (t.relkind = 'r' AND NOT attnotnull))"),
              none);
}

TEST_P(Schema, HasNoTriggerSequenceRuleOrVolatileDefault) {
    EXPECT_EQ(ask("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"), none);
    EXPECT_EQ(
        ask("SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"),
        none);
    EXPECT_EQ(
        ask("SELECT adrelid::regclass::text || ': ' || pg_get_expr(adbin, adrelid) FROM pg_attrdef"
            " JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum AND attgenerated = ''"
            " WHERE pg_get_expr(adbin, adrelid) LIKE '%(%' AND adrelid <> 'schema_migrations'::regclass"),
        none);
    EXPECT_EQ(ask("SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype IN ('n', 'd')"),
              none);
}

TEST_P(Schema, NamesConstraintsInFiftyCharacters) {
    EXPECT_EQ(ask("SELECT conname FROM pg_constraint WHERE length(conname) > 50"), none);
}

// Each table is spread by its account or by a key of its own, or is named as one that every node holds whole.
TEST_P(Schema, SaysHowEachTableIsDistributed) {
    std::set<std::string> spread, everywhere;
    const std::regex call{R"re(create_(distributed|reference)_table\('(\w+)')re"};
    for (const auto& entry : std::filesystem::directory_iterator{folder()}) {
        if (!entry.path().string().ends_with("_distribute.sql")) continue;
        std::ifstream file{entry.path()};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        for (std::sregex_iterator it{text.begin(), text.end(), call}, end; it != end; ++it)
            ((*it)[1] == "distributed" ? spread : everywhere).insert((*it)[2]);
    }
    const std::string tables =
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND "
        "relname ";
    EXPECT_EQ(spread, ask(tables + "NOT IN " + held_whole()));
    EXPECT_EQ(everywhere, ask(tables + "IN " + held_whole() + " AND relname <> 'schema_migrations'"));
}

INSTANTIATE_TEST_SUITE_P(
    OfEachService, Schema,
    testing::Values(Service{"gateway", ""},
                    Service{"vault",
                            ", 'number_block', 'hsm_key', 'job_lease'"
                            ", 'custody_register', 'custodian', 'custodial_act', 'custodial_approval'",
                            ", 'audit_entry', 'audit_checkpoint', 'audit_cut', 'card_velocity'"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
