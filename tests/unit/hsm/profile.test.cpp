#include "hsm/profile.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using hsm::Profile;
using testing::HasSubstr;
using testing::IsEmpty;

class Profiles : public testing::Test {
  protected:
    ~Profiles() override { std::filesystem::remove(file); }
    common::Result<Profile> load(std::string_view text, std::string_view directory = "/var/lib/keys") {
        std::ofstream{file} << text;
        return Profile::load(file, directory, "label");
    }
    std::string refusal(std::string_view text, std::string_view directory = "/var/lib/keys") {
        const auto profile = load(text, directory);
        return profile ? "" : profile.error().log_detail();
    }
    std::string file = testing::TempDir() + "portcullis-profile-" + std::to_string(getpid()) + ".toml";
};

TEST_F(Profiles, WaiveNothingWithoutAFile) {
    const auto profile = Profile::load("", "", "label").value();
    EXPECT_THAT(profile.unknown, IsEmpty());
    EXPECT_THAT(profile.unreliable, IsEmpty());
    EXPECT_EQ(profile.library_parameters, "");
    EXPECT_TRUE(profile.initializes_tokens);
}

TEST_F(Profiles, WaiveNothingForSoftHsm) {
    const auto profile = Profile::load(PORTCULLIS_PROFILES "/softhsm2.toml", "", "label").value();
    EXPECT_EQ(profile.name, "SoftHSM2");
    EXPECT_THAT(profile.unknown, IsEmpty());
    EXPECT_THAT(profile.unreliable, IsEmpty());
}

TEST_F(Profiles, TellNssItsDirectoryAndLabel) {
    const auto profile = Profile::load(PORTCULLIS_PROFILES "/nss.toml", "/var/lib/keys", "label").value();
    EXPECT_THAT(profile.library_parameters, HasSubstr("configdir='sql:/var/lib/keys'"));
    EXPECT_THAT(profile.library_parameters, HasSubstr("dbTokenDescription='label'"));
    EXPECT_FALSE(profile.initializes_tokens);
    EXPECT_TRUE(profile.is_unknown("CKA_COPYABLE"));
    EXPECT_TRUE(profile.is_unreliable("CKA_LOCAL"));
    for (const auto* kept :
         {"CKA_SENSITIVE", "CKA_EXTRACTABLE", "CKA_MODIFIABLE", "CKA_ENCRYPT", "CKA_DECRYPT", "CKA_SIGN",
          "CKA_WRAP", "CKA_UNWRAP", "CKA_DERIVE", "CKA_PRIVATE"})
        EXPECT_FALSE(profile.is_unknown(kept)) << kept;
}

TEST_F(Profiles, NeedADirectoryWhereTheyNameIt) {
    EXPECT_THAT(refusal("[library]\nparameters = \"dir={directory}\"", ""), HasSubstr("needs hsm.directory"));
    EXPECT_EQ(load("[library]\nparameters = \"plain\"", "")->library_parameters, "plain");
}

TEST_F(Profiles, PutNothingBetweenQuotesThatWouldEndThem) {
    for (const auto* directory : {"/a' flags='readOnly", "/a\"b", "/a\\b", "/a\nb"})
        EXPECT_THAT(refusal("[library]\nparameters = \"dir='{directory}'\"", directory),
                    HasSubstr("no quotes"))
            << directory;
}

TEST_F(Profiles, CallNoAttributeUnreliableThatKeepsAKeyInside) {
    for (const auto* name :
         {"CKA_SENSITIVE", "CKA_EXTRACTABLE", "CKA_MODIFIABLE", "CKA_COPYABLE", "CKA_WRAP", "CKA_UNWRAP",
          "CKA_ENCRYPT", "CKA_DECRYPT", "CKA_SIGN", "CKA_ALLOWED_MECHANISMS"})
        EXPECT_THAT(refusal(std::string{"[attributes]\nunreliable = [\""} + name + "\"]"),
                    HasSubstr(std::string{name} + " keeps a key in the HSM"));
}

TEST_F(Profiles, SayWhatIsWrongWithThem) {
    EXPECT_THAT(refusal("[attributes]\nunknown = [\"CKA_COPIABLE\"]"),
                HasSubstr("\"CKA_COPIABLE\" is no attribute"));
    EXPECT_THAT(refusal("[attributes]\nunknown = [7]"), HasSubstr("is no attribute"));
    EXPECT_THAT(refusal("[attributes]\nunknown = \"CKA_COPYABLE\""), HasSubstr("must be a list of names"));
    EXPECT_THAT(refusal("[token]\ninitialize = 1"), HasSubstr("must be true or false"));
    EXPECT_THAT(refusal("[token]\nlabel = \"x\""), HasSubstr("token.label is not known"));
    EXPECT_THAT(refusal("name = 1"), HasSubstr("name must be a text"));
    EXPECT_THAT(refusal("waive = 1"), HasSubstr("waive is not known"));
    EXPECT_THAT(refusal("= what"), HasSubstr(file));
    EXPECT_FALSE(Profile::load("/nonexistent.toml", "", "label"));
}

}  // namespace
