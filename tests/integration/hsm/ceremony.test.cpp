// Ceremonies as custodians hold them, each with files of his own.
#include <sys/stat.h>

#include "fixture.h"
#include "hsm/custody/documents.h"
#include "support/process.h"

namespace hsm_test {
namespace {

using support::content_of;
using support::Finished;
using support::Process;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Ceremony : public testing::Test {
  protected:
    // The custodians are made once, for passphrases take time on purpose; each test has copies of their
    // files.
    static void SetUpTestSuite() {
        auto pattern = (std::filesystem::temp_directory_path() / "custodians.XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        people = pattern;
        for (const std::string name : {"alice", "bob", "carol"}) {
            const auto base = people + '/' + name;
            std::ofstream{base + ".pass"} << "passphrase of " << name << '\n';
            ::chmod((base + ".pass").c_str(), 0600);
            const auto made =
                hsm({"custodian", "new", "--name", name, "--out", base, "--passphrase-file", base + ".pass"});
            ASSERT_EQ(made.code, 0) << made.err;
        }
    }
    static void TearDownTestSuite() { std::filesystem::remove_all(people); }
    Ceremony() {
        for (const auto& file : std::filesystem::directory_iterator{people})
            std::filesystem::copy(file, token.folder() / file.path().filename());
    }
    std::string path(const std::string& name) const { return token.folder() + '/' + name; }
    void secret_file(const std::string& name, std::string_view text) const {
        std::ofstream{path(name)} << text << '\n';
        ::chmod(path(name).c_str(), 0600);
    }
    static Finished hsm(std::vector<std::string> words) {
        words.insert(words.begin(), PORTCULLIS_HSM);
        return support::run_program(words);
    }
    std::vector<std::string> on_token(std::vector<std::string> words, const std::string& pin = "pin") const {
        words.insert(words.end(),
                     {"--module", support::SoftHsm::module, "--token-label", label, "--pin-file", path(pin)});
        return words;
    }
    std::vector<std::string> share_of(const std::string& folder, const std::string& name) const {
        static const std::map<std::string, std::string> index{{"alice", "1"}, {"bob", "2"}, {"carol", "3"}};
        return {"--share",
                path(folder + "/share-" + index.at(name) + '-' + name + ".cms"),
                "--key",
                path(name + ".key"),
                "--cert",
                path(name + ".pem"),
                "--passphrase-file",
                path(name + ".pass")};
    }
    Finished with_shares(std::vector<std::string> words, const std::string& set_folder,
                         const std::vector<std::pair<std::string, std::string>>& shares) const {
        words.insert(words.end(), {"--set", path(set_folder + "/set.json")});
        for (const auto& [folder, name] : shares)
            for (const auto& word : share_of(folder, name))
                words.push_back(word);
        return hsm(words);
    }
    Finished initialise(const std::string& out = "init") const {
        secret_file("pin", "first-pin-4711");
        return hsm(
            on_token({"ceremony", "init", "--threshold", "2", "--custodian", path("alice.pem"), "--custodian",
                      path("bob.pem"), "--custodian", path("carol.pem"), "--out", path(out)}));
    }
    Finished back_up(const std::string& out) const {
        return hsm({"backup", "--module", support::SoftHsm::module, "--token-label", label, "--threshold",
                    "2", "--custodian", path("alice.pem"), "--custodian", path("bob.pem"), "--custodian",
                    path("carol.pem"), "--out", path(out)});
    }
    int check(const std::string& pin = "pin") const { return hsm(on_token({"check"}, pin)).code; }

    static std::string people;
    support::SoftHsm token;
    static constexpr const char* label = "ceremony";
};
std::string Ceremony::people;

TEST_F(Ceremony, InitialisesATokenWhosePinTwoCustodiansCanSetAnew) {
    const auto made = initialise();
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(check(), 0);
    EXPECT_NE(initialise("again").code, 0) << "initialised twice";
    EXPECT_FALSE(std::filesystem::exists(path("again")));

    const auto record = content_of(path("init/record.json"));
    EXPECT_THAT(record, AllOf(HasSubstr("\"KEK-card-v1\":"), HasSubstr("\"token_label\":\"ceremony\""),
                              HasSubstr("\"carol\":")));
    const auto signed_ = hsm({"custodian", "sign", path("init/record.json"), "--key", path("bob.key"),
                              "--cert", path("bob.pem"), "--passphrase-file", path("bob.pass"), "--yes",
                              "--out", path("record-bob.cms")});
    EXPECT_EQ(signed_.code, 0) << signed_.err;
    EXPECT_THAT(signed_.out, HasSubstr("Record of a ceremony"));

    secret_file("pin2", "second-pin-4711");
    const auto recover = [&](const std::vector<std::pair<std::string, std::string>>& shares) {
        return with_shares(on_token({"ceremony", "recover-so"}, "pin2"), "init", shares);
    };
    EXPECT_THAT(recover({{"init", "bob"}}).err, HasSubstr("There are 1 of the 2 shares"));
    EXPECT_THAT(recover({{"init", "bob"}, {"init", "bob"}}).err, HasSubstr("bob was given already"));
    EXPECT_EQ(check("pin2"), 1) << "one custodian alone";
    const auto done = recover({{"init", "bob"}, {"init", "carol"}});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(check("pin2"), 0) << "the keys are not the same";
}

TEST_F(Ceremony, TakesSharesThatWereOpenedOnOtherMachines) {
    ASSERT_EQ(initialise().code, 0);
    secret_file("pin2", "second-pin-4711");
    std::filesystem::create_directory(path("exchange"));
    auto words = on_token({"ceremony", "recover-so", "--set", path("init/set.json"), "--exchange",
                           path("exchange"), "--wait", "60"},
                          "pin2");
    words.insert(words.begin(), PORTCULLIS_HSM);
    Process combining{words};
    for (int tries = 0; tries < 300 && !std::filesystem::exists(path("exchange/request.pem")); ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    std::ofstream{path("exchange/nonsense.cms")} << "nonsense";
    for (const std::string name : {"alice", "carol"}) {
        auto open = share_of("init", name);
        open.insert(open.begin(), {"custodian", "open-share"});
        open.insert(open.end(),
                    {"--to", path("exchange/request.pem"), "--yes", "--out", path("sent-" + name)});
        const auto opened = hsm(open);
        ASSERT_EQ(opened.code, 0) << opened.err;
        EXPECT_THAT(opened.out, HasSubstr("so-pin"));
        std::filesystem::rename(path("sent-" + name), path("exchange/" + name + ".cms"));
    }
    EXPECT_EQ(combining.wait(), 0) << combining.err();
    EXPECT_THAT(combining.err(), HasSubstr("nonsense.cms"));
    EXPECT_EQ(check("pin2"), 0);
}

TEST_F(Ceremony, OpensAShareWithOpensslToo) {
    ASSERT_EQ(initialise().code, 0);
    const auto opened = support::run_program(
        {"/usr/bin/openssl", "cms", "-decrypt", "-inform", "PEM", "-in", path("init/share-1-alice.cms"),
         "-recip", path("alice.pem"), "-inkey", path("alice.key"), "-passin", "file:" + path("alice.pass")});
    EXPECT_EQ(opened.code, 0) << opened.err;
    EXPECT_THAT(opened.out, AllOf(HasSubstr("portcullis-share-1"), HasSubstr("\"custodian\":\"alice\"")));
}

TEST_F(Ceremony, RestoresABackupWithTheSharesOfTwo) {
    ASSERT_EQ(initialise().code, 0);
    const auto made = back_up("backup");
    ASSERT_EQ(made.code, 0) << made.err;
    ASSERT_EQ(back_up("other").code, 0);
    const auto keys = hsm(on_token({"keys", "--json"})).out;
    const std::vector<std::string> words{"restore", "--archive", path("backup/token.backup")};
    const auto restore = [&](const std::vector<std::pair<std::string, std::string>>& shares,
                             const std::string& set = "backup") { return with_shares(words, set, shares); };
    EXPECT_THAT(restore({{"backup", "alice"}, {"backup", "bob"}}).err, HasSubstr("is there already"));
    token.move_token_away();
    std::filesystem::create_directory(path("tokens"));

    EXPECT_THAT(restore({{"backup", "alice"}}).err, HasSubstr("1 of the 2 shares"));
    EXPECT_THAT(restore({{"backup", "alice"}, {"other", "bob"}}).err,
                HasSubstr("The share of bob belongs to another set"));
    EXPECT_THAT(restore({{"other", "alice"}, {"other", "bob"}}, "other").err, HasSubstr("another share set"));
    EXPECT_THAT(restore({{"init", "alice"}, {"init", "bob"}}, "init").err, HasSubstr("not for a backup"));
    auto archive = content_of(path("backup/token.backup"));
    archive[archive.size() / 2] ^= 1;
    std::ofstream{path("bent.backup")} << archive;
    EXPECT_THAT(with_shares({"restore", "--archive", path("bent.backup")}, "backup",
                            {{"backup", "alice"}, {"backup", "bob"}})
                    .err,
                HasSubstr("changed or cut off"));
    EXPECT_TRUE(std::filesystem::is_empty(path("tokens")));

    const auto done = restore({{"backup", "carol"}, {"backup", "alice"}});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(hsm(on_token({"keys", "--json"})).out, keys);
    EXPECT_EQ(check(), 0);
}

TEST_F(Ceremony, NeedsSeveralPeople) {
    secret_file("pin", "first-pin-4711");
    const auto refused = [&](const std::string& threshold, const std::vector<std::string>& who) {
        std::vector<std::string> words{"ceremony", "init", "--threshold", threshold, "--out", path("none")};
        for (const auto& one : who)
            words.insert(words.end(), {"--custodian", path(one)});
        const auto done = hsm(on_token(words));
        return done.code != 0 && !std::filesystem::exists(path("none"));
    };
    EXPECT_TRUE(refused("1", {"alice.pem", "bob.pem"}));
    EXPECT_TRUE(refused("3", {"alice.pem", "bob.pem"}));
    EXPECT_TRUE(refused("2", {"alice.pem"}));
    EXPECT_TRUE(refused("2", {"alice.pem", "alice.pem"}));
    EXPECT_TRUE(refused("2", {"alice.pem", "pin"}));
}

TEST_F(Ceremony, KeepsAnIdentityThatIsThereAndWeakPassphrasesOut) {
    const auto again = hsm({"custodian", "new", "--name", "alice", "--out", path("alice"),
                            "--passphrase-file", path("alice.pass")});
    EXPECT_THAT(again.err, HasSubstr("is there already"));
    secret_file("short.pass", "elevenchars");
    EXPECT_NE(hsm({"custodian", "new", "--name", "dave", "--out", path("dave"), "--passphrase-file",
                   path("short.pass")})
                  .code,
              0);
    EXPECT_FALSE(std::filesystem::exists(path("dave.key")));
    const auto unasked =
        hsm({"custodian", "acknowledge", "--name", "alice", "--cert", path("alice.pem"), "--key",
             path("alice.key"), "--passphrase-file", path("alice.pass"), "--out", path("a.ack")});
    EXPECT_THAT(unasked.err, HasSubstr("nobody typed yes")) << "there is no terminal here";
    EXPECT_FALSE(std::filesystem::exists(path("a.ack")));
}

}  // namespace
}  // namespace hsm_test
