// portcullis-hsm as an operator runs it.
#include <boost/json.hpp>
#include <sys/stat.h>

#include "fixture.h"
#include "support/process.h"

namespace hsm_test {
namespace {

namespace json = boost::json;
using support::Finished;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HsmProgram : public testing::Test {
  protected:
    Finished run(const std::string& command, const std::vector<std::string>& more = {},
                 const std::string& label = support::SoftHsm::label) const {
        std::vector<std::string> words{PORTCULLIS_HSM,  command, "--module",   support::SoftHsm::module,
                                       "--token-label", label,   "--pin-file", token.pin_file()};
        words.insert(words.end(), more.begin(), more.end());
        auto done = support::run_program(words);
        EXPECT_THAT(done.out + done.err, Not(HasSubstr(support::SoftHsm::pin)));
        return done;
    }
    std::string file(const std::string& name, std::string_view text, mode_t mode) const {
        auto path = token.folder() + '/' + name;
        std::ofstream{path} << text << '\n';
        ::chmod(path.c_str(), mode);
        return path;
    }
    support::SoftHsm token;
};

TEST_F(HsmProgram, InitialisesATokenOnceAndMakesItsKeysOnce) {
    const auto so_pin = file("so_pin", "officer-4711", 0600);
    const auto made = run("init", {"--so-pin-file", so_pin}, "another");
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(made.out, "made token another\n");
    EXPECT_EQ(run("init", {"--so-pin-file", so_pin}, "another").out, "kept token another\n");

    const auto bare = run("check", {}, "another");
    EXPECT_EQ(bare.code, 1);
    EXPECT_THAT(bare.out, HasSubstr("KEK-card: no sound key; make it with: portcullis-hsm keys"));
    const auto first = run("keys", {"--json"}, "another"), second = run("keys", {"--json"}, "another");
    ASSERT_EQ(first.code, 0) << first.err;
    const auto keys = json::parse(first.out).as_array(), kept = json::parse(second.out).as_array();
    ASSERT_EQ(keys.size(), hsm::all_kinds().size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        EXPECT_EQ(keys[i].at("result"), "made");
        EXPECT_EQ(kept[i].at("result"), "kept");
        EXPECT_EQ(kept[i].at("id"), keys[i].at("id"));
    }
    EXPECT_EQ(run("check", {}, "another").code, 0);
}

TEST_F(HsmProgram, FindsASoundTokenSound) {
    const auto text = run("check");
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_EQ(text.out, "8 keys, all as they must be\n");
    const auto found = json::parse(run("check", {"--json"}).out).as_object();
    EXPECT_EQ(found.at("sound"), true);
    EXPECT_EQ(found.at("keys").as_array().size(), 8U);
    EXPECT_TRUE(found.at("findings").as_array().empty());
}

TEST_F(HsmProgram, MakesAFurtherVersionWhenAskedTo) {
    const auto made = run("keys", {"--make", "KEK-card-v2"});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, AllOf(HasSubstr("kept KEK-card-v1 "), HasSubstr("made KEK-card-v2 ")));
    EXPECT_EQ(run("check").out, "9 keys, all as they must be\n");
    const auto nonsense = run("keys", {"--make", "KEK-card"});
    EXPECT_EQ(nonsense.code, 1);
    EXPECT_THAT(nonsense.err, HasSubstr("KEK-card is not the label of a key"));
}

TEST_F(HsmProgram, TellsWhatIsWrongWithAToken) {
    {
        // A key that may wrap and decrypt gives away every other one.
        const RawSession raw{token};
        CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
        CK_KEY_TYPE aes = CKK_AES;
        CK_BBOOL yes = CK_TRUE;
        CK_ULONG size = 32;
        std::string label = "trojan";
        CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &secret, sizeof secret},
                                 {CKA_KEY_TYPE, &aes, sizeof aes},
                                 {CKA_LABEL, label.data(), label.size()},
                                 {CKA_TOKEN, &yes, sizeof yes},
                                 {CKA_WRAP, &yes, sizeof yes},
                                 {CKA_DECRYPT, &yes, sizeof yes},
                                 {CKA_VALUE_LEN, &size, sizeof size}};
        CK_MECHANISM generator{CKM_AES_KEY_GEN, nullptr, 0};
        CK_OBJECT_HANDLE made = 0;
        ASSERT_EQ(raw.f().C_GenerateKey(raw.handle(), &generator, wanted, std::size(wanted), &made), CKR_OK);
    }
    const auto checked = run("check");
    EXPECT_EQ(checked.code, 1);
    EXPECT_THAT(checked.out, HasSubstr("trojan"));
    const auto listed = json::parse(run("check", {"--json"}).out).as_object();
    EXPECT_EQ(listed.at("sound"), false);
    EXPECT_FALSE(listed.at("findings").as_array().empty());
    const auto refused = run("keys", {"--make", "KEK-card-v2"});
    EXPECT_EQ(refused.code, 1) << "adds keys to a token that is not sound";
    EXPECT_THAT(run("check").out, Not(HasSubstr("KEK-card-v2")));
}

TEST_F(HsmProgram, PreparesAnotherModuleByItsProfile) {
    const auto database = token.folder() + "/nss";
    std::filesystem::create_directory(database);
    const auto nss = [&](const std::string& command) {
        return support::run_program({PORTCULLIS_HSM, command, "--module", support::Nss::module,
                                     "--token-label", "portcullis", "--pin-file", token.pin_file(),
                                     "--profile", support::Nss::profile(), "--directory", database});
    };
    const auto made = nss("init"), kept = nss("init");
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(made.out, "made token portcullis\n");
    EXPECT_EQ(kept.out, "kept token portcullis\n") << kept.err;
    const auto keys = nss("keys");
    ASSERT_EQ(keys.code, 0) << keys.err;
    EXPECT_THAT(keys.out, HasSubstr("made KEK-card-v1 "));
    EXPECT_EQ(nss("check").out, "8 keys, all as they must be\n");
    const auto bare = support::run_program({PORTCULLIS_HSM, "check", "--module", support::Nss::module,
                                            "--token-label", "portcullis", "--pin-file", token.pin_file()});
    EXPECT_EQ(bare.code, 1) << "needs the profile";
}

TEST_F(HsmProgram, RefusesPinsThatAreWrongOrNotSecret) {
    const auto with_pin = [&](const std::string& path) {
        return support::run_program({PORTCULLIS_HSM, "check", "--module", support::SoftHsm::module,
                                     "--token-label", support::SoftHsm::label, "--pin-file", path});
    };
    const auto wrong = with_pin(file("wrong", "not-the-pin-1", 0600));
    EXPECT_EQ(wrong.code, 1);
    EXPECT_THAT(wrong.err, AllOf(StartsWith("portcullis-hsm: "), HasSubstr("CKR_PIN_INCORRECT"),
                                 Not(HasSubstr("not-the-pin-1"))));
    const auto shared = with_pin(file("shared", support::SoftHsm::pin, 0640));
    EXPECT_EQ(shared.code, 1);
    EXPECT_THAT(shared.err, HasSubstr("group or others"));
    EXPECT_THAT(with_pin(file("short", "1234567", 0600)).err, HasSubstr("8 to 64 characters"));
    EXPECT_THAT(with_pin(token.folder() + "/none").err, HasSubstr("cannot be read"));
}

TEST_F(HsmProgram, SaysWhatIsMissing) {
    EXPECT_NE(support::run_program({PORTCULLIS_HSM}).code, 0);
    EXPECT_NE(support::run_program({PORTCULLIS_HSM, "check"}).code, 0);
    const auto unknown = run("check", {}, "no-such-token");
    EXPECT_EQ(unknown.code, 1);
    EXPECT_THAT(unknown.err, HasSubstr("no-such-token"));
    const auto label = run("init", {}, "has a space");
    EXPECT_EQ(label.code, 1);
    EXPECT_THAT(label.err, HasSubstr("visible ASCII"));
    const auto library = support::run_program({PORTCULLIS_HSM, "check", "--module", "/nonexistent.so",
                                               "--token-label", "x", "--pin-file", token.pin_file()});
    EXPECT_EQ(library.code, 1);
    EXPECT_THAT(library.err, HasSubstr("/nonexistent.so"));
    token.move_token_away();
    EXPECT_EQ(run("check").code, 1);
    token.move_token_back();
}

}  // namespace
}  // namespace hsm_test
