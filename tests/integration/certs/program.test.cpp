// portcullis-certs as an operator runs it.
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/process.h"

namespace {

namespace json = boost::json;
using support::content_of;
using support::Finished;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class CertsProgram : public testing::Test {
  protected:
    CertsProgram() {
        std::string pattern = (std::filesystem::temp_directory_path() / "certs-program.XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
    }
    ~CertsProgram() override { std::filesystem::remove_all(folder); }
    static Finished run(std::vector<std::string> words) {
        words.insert(words.begin(), PORTCULLIS_CERTS);
        return support::run_program(words);
    }
    Finished init(const std::string& name = "Test CA", const std::string& dir = "") const {
        return run({"init-ca", "--dir", folder + dir, "--name", name});
    }
    Finished issue(std::vector<std::string> more) const {
        std::vector<std::string> words{"issue", "--dir", folder, "--ca-dir", folder};
        words.insert(words.end(), more.begin(), more.end());
        return run(std::move(words));
    }
    json::array print(const std::string& file) const {
        const auto shown = run({"print", "--json", folder + '/' + file});
        EXPECT_EQ(shown.code, 0) << shown.err;
        return json::parse(shown.out).as_array();
    }
    mode_t mode_of(const std::string& file) const {
        struct stat info{};
        EXPECT_EQ(::stat((folder + '/' + file).c_str(), &info), 0) << file;
        return info.st_mode & 0777;
    }
    std::string folder;
};

TEST_F(CertsProgram, MakesACaOnceAndKeepsItsKeyToItsOwner) {
    EXPECT_THAT(init().out, StartsWith("made "));
    EXPECT_EQ(mode_of("ca.key"), 0600U);
    const auto key = content_of(folder + "/ca.key");
    EXPECT_THAT(init().out, StartsWith("kept "));
    EXPECT_EQ(content_of(folder + "/ca.key"), key);
    const auto forced = run({"init-ca", "--dir", folder, "--name", "Test CA", "--force"});
    EXPECT_EQ(forced.code, 0) << forced.err;
    EXPECT_NE(content_of(folder + "/ca.key"), key);
}

TEST_F(CertsProgram, IssuesWhatWasAskedForAndPrintsIt) {
    ASSERT_EQ(init().code, 0);
    const auto made =
        issue({"--name", "vault", "--dns", "localhost", "--dns", "vault.example", "--ip", "127.0.0.1",
               "--uri", "spiffe://portcullis/vault", "--server", "--client", "--days", "9"});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(made.out, "made " + folder + "/vault.pem\n");
    EXPECT_EQ(mode_of("vault.key"), 0600U);
    const auto chain = print("vault.pem");
    ASSERT_EQ(chain.size(), 2U) << "the leaf and its CA";
    const auto& leaf = chain[0].as_object();
    EXPECT_EQ(leaf.at("dns"), (json::array{"localhost", "vault.example"}));
    EXPECT_EQ(leaf.at("ip"), json::array{"127.0.0.1"});
    EXPECT_EQ(leaf.at("uri"), json::array{"spiffe://portcullis/vault"});
    EXPECT_THAT(leaf.at("days_left").as_int64(), testing::AnyOf(8, 9));
    EXPECT_THAT(run({"print", folder + "/vault.pem"}).out, HasSubstr("subject: "));
    const auto again =
        issue({"--name", "vault", "--dns", "localhost", "--dns", "vault.example", "--ip", "127.0.0.1",
               "--uri", "spiffe://portcullis/vault", "--server", "--client", "--days", "9"});
    EXPECT_THAT(again.out, StartsWith("kept "));
}

TEST_F(CertsProgram, RefusesNamesThatAreNotSound) {
    ASSERT_EQ(init().code, 0);
    const std::vector<std::vector<std::string>> bad{
        {"--name", "nameless"},
        {"--name", "../escape", "--dns", "localhost"},
        {"--name", "x", "--ip", "300.1.1.1"},
        {"--name", "ca", "--dns", "localhost"},
    };
    for (const auto& more : bad) {
        const auto refused = issue(more);
        EXPECT_NE(refused.code, 0) << more[1];
        EXPECT_THAT(refused.err, StartsWith("portcullis-certs: ")) << more[1];
    }
    EXPECT_FALSE(std::filesystem::exists(folder + "/../escape.pem"));
    EXPECT_NE(issue({"--name", "x", "--dns", "localhost", "--days", "0"}).code, 0);
}

TEST_F(CertsProgram, RenewsWhatExpiresSoonWithTheSameNames) {
    ASSERT_EQ(init().code, 0);
    for (const auto* days : {"5", "90"}) {
        const std::string name = std::string{"of_"} + days;
        ASSERT_EQ(issue({"--name", name, "--dns", "localhost", "--days", days}).code, 0);
    }
    const auto soon = print("of_5.pem")[0].at("serial"), later = print("of_90.pem")[0].at("serial");
    const auto renewed = run({"renew", "--dir", folder, "--ca-dir", folder, "--within", "10"});
    EXPECT_EQ(renewed.code, 0) << renewed.err;
    EXPECT_THAT(renewed.out, AllOf(HasSubstr("replaced " + folder + "/of_5.pem"),
                                   HasSubstr("kept " + folder + "/of_90.pem")));
    EXPECT_NE(print("of_5.pem")[0].at("serial"), soon);
    EXPECT_EQ(print("of_5.pem")[0].at("dns"), json::array{"localhost"});
    EXPECT_EQ(print("of_90.pem")[0].at("serial"), later);
}

TEST_F(CertsProgram, RenewsNothingOfAnotherCa) {
    ASSERT_EQ(init().code, 0);
    ASSERT_EQ(init("Another", "/other").code, 0);
    ASSERT_EQ(issue({"--name", "mine", "--dns", "localhost", "--days", "5"}).code, 0);
    const auto before = content_of(folder + "/mine.pem");
    const auto refused = run({"renew", "--dir", folder, "--ca-dir", folder + "/other"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("mine"));
    EXPECT_EQ(content_of(folder + "/mine.pem"), before);
}

TEST_F(CertsProgram, ListsWhatWasRevoked) {
    ASSERT_EQ(init().code, 0);
    ASSERT_EQ(issue({"--name", "lost", "--dns", "localhost"}).code, 0);
    for (int i = 0; i < 2; ++i) {
        const auto revoked = run({"revoke", "--ca-dir", folder, folder + "/lost.pem"});
        EXPECT_EQ(revoked.code, 0) << revoked.err;
    }
    EXPECT_THAT(content_of(folder + "/ca.crl"), StartsWith("-----BEGIN X509 CRL-----"));
}

TEST_F(CertsProgram, NamesTheFileThatItCannotUse) {
    const auto no_ca = issue({"--name", "x", "--dns", "localhost"});
    EXPECT_EQ(no_ca.code, 1);
    EXPECT_THAT(no_ca.err, HasSubstr(folder + "/ca.pem"));
    ASSERT_EQ(init().code, 0);
    std::filesystem::permissions(folder + "/ca.key", std::filesystem::perms{0640});
    const auto shared = issue({"--name", "x", "--dns", "localhost"});
    EXPECT_EQ(shared.code, 1);
    EXPECT_THAT(shared.err, AllOf(HasSubstr("ca.key"), HasSubstr("group or others")));
    const auto missing = run({"print", folder + "/nothing.pem"});
    EXPECT_EQ(missing.code, 1);
    EXPECT_THAT(missing.err, HasSubstr("nothing.pem"));
    EXPECT_NE(run({}).code, 0);
    EXPECT_NE(run({"issue", "--dir", folder}).code, 0);
}

}  // namespace
