// An approval from the custodian's machine to the vault's, as docs/custodians.md has it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "integration/vault/environment.h"
#include "support/process.h"

namespace {

using support::content_of;
using support::Finished;
using testing::AllOf;
using testing::HasSubstr;

class CustodyProgram : public testing::Test {
  protected:
    CustodyProgram() {
        vault_test::make_database();
        for (const std::string name : {"alice", "bob", "carol"}) {
            std::ofstream{path(name + ".pass")} << "passphrase of " << name << '\n';
            ::chmod(path(name + ".pass").c_str(), 0600);
            hsm({"custodian", "new", "--name", name, "--out", path(name)}, name);
            hsm({"custodian", "acknowledge", "--name", name, "--cert", path(name + ".pem"), "--key",
                 path(name + ".key"), "--accept", "--out", path(name + ".ack")},
                name);
        }
    }
    std::string path(const std::string& name) const { return token.folder() + '/' + name; }
    void hsm(std::vector<std::string> words, const std::string& name) const {
        words.insert(words.begin(), PORTCULLIS_HSM);
        words.insert(words.end(), {"--passphrase-file", path(name + ".pass")});
        const auto done = support::run_program(words);
        EXPECT_EQ(done.code, 0) << done.err;
    }
    Finished vault(const std::vector<std::string>& command) const {
        std::vector<std::string> words{PORTCULLIS_VAULT_PROGRAM, "custodians"};
        words.insert(words.end(), command.begin(), command.end());
        for (const auto& setting : vault_test::vault_settings(identities, token))
            words.insert(words.end(), {"--set", setting});
        words.insert(words.end(), {"--set", "custodians.anchor_file=" + path("anchor")});
        return support::run_program(words);
    }
    // The act's id, and act.json beside the custodians' keys.
    std::string proposed(const std::vector<std::string>& what) const {
        std::filesystem::remove(path("act.json"));
        const auto done = vault(what);
        EXPECT_EQ(done.code, 0) << done.err;
        const auto at = done.out.find("act_");
        const auto id = at == std::string::npos ? "" : done.out.substr(at, done.out.find(' ', at) - at);
        const auto shown = vault({"show", id, "--out", path("act.json")});
        EXPECT_EQ(shown.code, 0) << shown.err;
        EXPECT_THAT(shown.out, HasSubstr(id));
        return id;
    }
    std::string sign(const std::string& name) const {
        const auto out = path(name + ".cms");
        std::filesystem::remove(out);
        hsm({"custodian", "sign", path("act.json"), "--key", path(name + ".key"), "--cert",
             path(name + ".pem"), "--yes", "--out", out},
            name);
        return out;
    }

    support::SoftHsm token;
    vault_test::Identities identities;
};

TEST_F(CustodyProgram, EnrolsApprovesAndApplies) {
    EXPECT_THAT(vault({"list"}).err, HasSubstr("custodians init"));
    const auto made = vault({"init", "--threshold", "2", path("alice.ack"), path("bob.ack")});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, AllOf(HasSubstr("2 of 2 custodians"), HasSubstr("alice"), HasSubstr("bob")));
    EXPECT_NE(vault({"init", "--threshold", "2", path("bob.ack"), path("carol.ack")}).code, 0);

    const auto id = proposed({"propose", "enrol", path("carol.ack")});
    EXPECT_THAT(vault({"acts"}).out, HasSubstr("waits for approval, 0 of 2"));
    EXPECT_NE(vault({"approve", id, "--signature", sign("carol")}).code, 0);
    EXPECT_THAT(vault({"approve", id, "--signature", sign("alice")}).out, HasSubstr("1 of 2: alice"));
    EXPECT_NE(vault({"apply", id}).code, 0);

    // bob has no program of ours but openssl.
    const auto signed_ = support::run_program({"/usr/bin/openssl", "cms", "-sign", "-binary", "-nodetach",
                                               "-in", path("act.json"), "-signer", path("bob.pem"), "-inkey",
                                               path("bob.key"), "-passin", "file:" + path("bob.pass"),
                                               "-outform", "PEM", "-out", path("bob.cms")});
    ASSERT_EQ(signed_.code, 0) << signed_.err;
    const auto approved = vault({"approve", id, "--signature", path("bob.cms")});
    EXPECT_THAT(approved.out, HasSubstr("approved, 2 of 2: alice, bob")) << approved.err;
    const auto applied = vault({"apply", id, "--json"});
    ASSERT_EQ(applied.code, 0) << applied.err;
    const auto set = boost::json::parse(applied.out).as_object();
    EXPECT_EQ(set.at("custodians").as_array().size(), 3U);
    EXPECT_EQ(set.at("set"), 2);
    EXPECT_NE(vault({"apply", id}).code, 0);
    EXPECT_THAT(content_of(path("anchor")), testing::StartsWith("5 "));

    const auto threshold = proposed({"propose", "threshold", "3"});
    EXPECT_EQ(vault({"cancel", threshold}).out, "cancelled " + threshold + '\n');
    EXPECT_EQ(vault({"acts"}).out, "no open acts\n");
}

}  // namespace
