#include "common/db/migrate.h"

#include <filesystem>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include "support/postgres.h"

namespace {

using common::db::migrate;
using testing::HasSubstr;

class MigrateTest : public testing::Test {
  protected:
    void SetUp() override {
        url_ = tests::Postgres::instance().create_database("migrations");
        std::string pattern = testing::TempDir() + "/portcullis-migrate-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    void write(const std::string& name, const std::string& sql) const {
        std::ofstream{directory_ / name} << sql;
    }
    std::vector<std::string> applied() const {
        pqxx::connection connection{url_};
        std::vector<std::string> names;
        for (const auto& row :
             pqxx::nontransaction{connection}.exec("SELECT name FROM schema_migrations ORDER BY applied_at"))
            names.push_back(row[0].as<std::string>());
        return names;
    }
    std::string url_;
    std::filesystem::path directory_;
};

TEST_F(MigrateTest, AppliesFilesInOrderOnce) {
    write("0002_tables.sql", "ALTER TABLE a ADD COLUMN x int;");
    write("0001_foreign_keys.sql", "ALTER TABLE b ADD CONSTRAINT b_fk FOREIGN KEY (id) REFERENCES a (id);");
    write("0001_tables.sql", "CREATE TABLE a (id int CONSTRAINT a_pk PRIMARY KEY); CREATE TABLE b (id int);");
    write("0001_distribute.sql", "SELECT create_distributed_table('a', 'id');");
    write("README.md", "not a migration");
    EXPECT_EQ(migrate(url_, directory_).value(), 3);
    EXPECT_THAT(applied(),
                testing::ElementsAre("0001_tables.sql", "0001_foreign_keys.sql", "0002_tables.sql"));
    EXPECT_EQ(migrate(url_, directory_).value(), 0);
    write("0003_tables.sql", "CREATE TABLE c (id int);");
    EXPECT_EQ(migrate(url_, directory_).value(), 1);
}

TEST_F(MigrateTest, NamesAFileThatChangedAfterItWasApplied) {
    write("0001_tables.sql", "CREATE TABLE a (id int);");
    ASSERT_TRUE(migrate(url_, directory_));
    write("0001_tables.sql", "CREATE TABLE a (id bigint);");
    const auto again = migrate(url_, directory_);
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().log_detail(), HasSubstr("0001_tables.sql was changed"));
}

TEST_F(MigrateTest, LeavesNothingOfAFileThatFails) {
    write("0001_tables.sql", "CREATE TABLE a (id int);");
    write("0002_tables.sql", "CREATE TABLE b (id int); CREATE TABLE b (id int);");
    const auto outcome = migrate(url_, directory_);
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().log_detail(), HasSubstr("0002_tables.sql failed"));
    EXPECT_THAT(applied(), testing::ElementsAre("0001_tables.sql"));
    write("0002_tables.sql", "CREATE TABLE b (id int);");
    EXPECT_EQ(migrate(url_, directory_).value(), 1);
}

TEST_F(MigrateTest, LetsOneOfSeveralProcessesWork) {
    for (int i = 1; i <= 5; ++i)
        write("000" + std::to_string(i) + "_tables.sql",
              "CREATE TABLE t" + std::to_string(i) + " (id int); SELECT pg_sleep(0.02);");
    std::vector<std::future<common::Result<int>>> runs;
    for (int i = 0; i < 6; ++i)
        runs.push_back(std::async(std::launch::async, [&] { return migrate(url_, directory_); }));
    int total = 0;
    for (auto& run : runs) {
        const auto outcome = run.get();
        ASSERT_TRUE(outcome) << outcome.error().describe();
        total += *outcome;
    }
    EXPECT_EQ(total, 5);
}

TEST_F(MigrateTest, RefusesBadNamesAndMissingDirectories) {
    EXPECT_FALSE(migrate(url_, directory_ / "none"));
    write("1_tables.sql", "SELECT 1;");
    const auto outcome = migrate(url_, directory_);
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().log_detail(), HasSubstr("1_tables.sql"));
}

TEST_F(MigrateTest, FailsWhenTheDatabaseIsNotThere) {
    write("0001_tables.sql", "SELECT 1;");
    EXPECT_FALSE(migrate(tests::Postgres::instance().url("no_such_database"), directory_));
}

}  // namespace
