#include "common/config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace common;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr ConfigKey keys[] = {
    {"server.address", ConfigKind::text, "127.0.0.1", "where to listen"},
    {"server.port", ConfigKind::port, "8443", "port"},
    {"server.names", ConfigKind::list, "a, b", "names"},
    {"limits.wait", ConfigKind::duration_ms, "500", "a wait", 10, 60000},
    {"limits.deep.count", ConfigKind::integer, "3", "nested section", 1},
    {"sandbox.enabled", ConfigKind::boolean, "false", "a flag"},
    {"keys.pepper_file", ConfigKind::private_file, "", "a secret"},
    {"data.directory", ConfigKind::directory, "", "a directory"},
    {"server.certificate", ConfigKind::file, "", "a file"},
    {"database.url", ConfigKind::text, required, "where the | data is"},
};

class ConfigTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/portcullis-config-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override {
        std::filesystem::remove_all(directory_);
        ::unsetenv("PORTCULLIS_SERVER_PORT");
        ::unsetenv("PORTCULLIS_SERVER_NAMES");
    }
    std::string write(const std::string& name, const std::string& text, int mode = 0600) const {
        const auto path = directory_ / name;
        std::ofstream{path} << text;
        std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
        return path;
    }
    std::expected<Config, std::vector<std::string>> load(const std::string& toml,
                                                         std::vector<std::string> settings = {}) const {
        return Config::load(keys, {write("config.toml", toml), std::move(settings)});
    }
    std::filesystem::path directory_;
};

TEST_F(ConfigTest, TakesDefaultsWhereNothingIsGiven) {
    const auto config = load("[database]\nurl = 'postgresql:///x'\n");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->text("server.address"), "127.0.0.1");
    EXPECT_EQ(config->integer("server.port"), 8443);
    EXPECT_THAT(config->list("server.names"), ElementsAre("a", "b"));
    EXPECT_EQ(config->integer("limits.wait"), 500);
    EXPECT_FALSE(config->boolean("sandbox.enabled"));
    EXPECT_FALSE(config->given("keys.pepper_file"));
    EXPECT_TRUE(config->given("database.url"));
}

TEST_F(ConfigTest, LetsFileThenEnvironmentThenSettingsWin) {
    const std::string toml =
        "[server]\nport = 1\nnames = ['x, y', 'z']\n[database]\nurl = 'u'\n[limits.deep]\ncount = 9\n";
    EXPECT_EQ(load(toml)->integer("server.port"), 1);
    EXPECT_THAT(load(toml)->list("server.names"), ElementsAre("x, y", "z"));
    EXPECT_EQ(load(toml)->integer("limits.deep.count"), 9);
    ::setenv("PORTCULLIS_SERVER_PORT", "2", 1);
    ::setenv("PORTCULLIS_SERVER_NAMES", "p,q", 1);
    EXPECT_EQ(load(toml)->integer("server.port"), 2);
    EXPECT_THAT(load(toml)->list("server.names"), ElementsAre("p", "q"));
    EXPECT_EQ(load(toml, {"server.port=3"})->integer("server.port"), 3);
    EXPECT_EQ(load(toml, {"database.url=a=b"})->text("database.url"), "a=b");
}

TEST_F(ConfigTest, ReportsAllProblemsTogether) {
    const auto config = load(
        "[server]\nport = 70000\nnonsense = 1\naddress = 5\n[limits]\nwait = 5\n[sandbox]\nenabled = "
        "'yes'\n[wrong]\nx = 1\n",
        {"nothing.here=1", "noequals", "limits.deep.count=x", "server.certificate=/nowhere/at/all"});
    ASSERT_FALSE(config);
    const auto& problems = config.error();
    EXPECT_THAT(
        problems,
        testing::UnorderedElementsAre(
            HasSubstr("server.port: must be between 0 and 65535"), HasSubstr("server.nonsense: there is no"),
            HasSubstr("server.address: must be text"), HasSubstr("limits.wait: must be between 10 and 60000"),
            HasSubstr("sandbox.enabled: must be true or false"), HasSubstr("wrong.x: there is no"),
            HasSubstr("nothing.here: there is no"), HasSubstr("noequals: write"),
            HasSubstr("limits.deep.count: must be a whole"), HasSubstr("/nowhere/at/all does not exist"),
            HasSubstr("database.url: is required")));
}

TEST_F(ConfigTest, TellsWhereATomlFileIsBroken) {
    const auto config = load("[server\nport = 1\n");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error()[0], HasSubstr("line 1"));
    const auto missing = Config::load(keys, {directory_ / "none.toml", {"database.url=x"}});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error()[0], HasSubstr("none.toml"));
}

// PCI DSS 4.0.1: 8.6.2
TEST_F(ConfigTest, RefusesSecretFilesThatOthersMayRead) {
    const auto secret = write("pepper", "s3cret\n", 0644);
    const auto open = load("", {"database.url=x", "keys.pepper_file=" + secret});
    ASSERT_FALSE(open);
    EXPECT_THAT(open.error(), ElementsAre(HasSubstr("chmod 600")));
    std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
    EXPECT_TRUE(load("", {"database.url=x", "keys.pepper_file=" + secret}));
    EXPECT_FALSE(load("", {"database.url=x", "keys.pepper_file=" + directory_.string()}));
    EXPECT_TRUE(load("", {"database.url=x", "data.directory=" + directory_.string()}));
    EXPECT_FALSE(load("", {"database.url=x", "data.directory=" + secret}));
}

TEST_F(ConfigTest, ReadsSecretFilesWithoutTheirLineEnd) {
    EXPECT_EQ(read_secret_file(write("a", "s3cret\n"))->text(), "s3cret");
    EXPECT_EQ(read_secret_file(write("b", "s3cret\r\n"))->text(), "s3cret");
    EXPECT_EQ(read_secret_file(write("c", "s3\ncret"))->text(), "s3\ncret");
    EXPECT_FALSE(read_secret_file(write("d", "s3cret", 0640)));
    EXPECT_FALSE(read_secret_file(write("e", "")));
    EXPECT_FALSE(read_secret_file(write("f", "\n")));
    EXPECT_FALSE(read_secret_file(write("g", std::string(70000, 'x'))));
    EXPECT_FALSE(read_secret_file(directory_ / "none"));
    EXPECT_FALSE(read_secret_file(directory_));
}

TEST(ConfigReference, ListsEveryKey) {
    const auto table = config_reference(keys);
    EXPECT_THAT(table, HasSubstr("| `server.port` | `8443` | port |"));
    EXPECT_THAT(table, HasSubstr("| `database.url` | *required* | where the \\| data is |"));
}

}  // namespace
