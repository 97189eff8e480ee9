#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/error.h"
#include "hsm/keys/attributes.h"

namespace {

using hsm::key_of_label;
using hsm::KeyRef;
using hsm::Purpose;

TEST(Labels, NameEachPurposeAndVersion) {
    EXPECT_EQ(hsm::label_of({Purpose::kek_card, 1}), "KEK-card-v1");
    EXPECT_EQ(hsm::label_of({Purpose::kek_2fa, 12}), "KEK-2fa-v12");
    EXPECT_EQ(hsm::label_of({Purpose::registry, 3}), "REGK-v3");
}

TEST(Labels, ComeBackAsTheKeyTheyName) {
    for (const auto& kind : hsm::all_kinds())
        for (const unsigned version : {1U, 2U, 999'999U}) {
            const KeyRef key{kind.purpose, version};
            EXPECT_EQ(key_of_label(hsm::label_of(key)), key);
        }
}

TEST(Labels, HaveOneSpellingOnly) {
    for (const auto* text : {"", "KEK-card", "KEK-card-v", "KEK-card-v0", "KEK-card-v01", "KEK-card-v1 ",
                             "KEK-card-V1", "kek-card-v1", "KEK-card-v-1", "KEK-card-v1x",
                             "KEK-card-v1000000", "KEK-card-v99999999999", "XKEK-card-v1"})
        EXPECT_FALSE(key_of_label(text)) << text;
}

TEST(Table, GivesNoKeyAPairThatOpensIt) {
    for (const auto& kind : hsm::all_kinds()) {
        std::map<CK_ATTRIBUTE_TYPE, bool> flags;
        for (const auto& flag : hsm::flags_of(kind))
            EXPECT_TRUE(flags.emplace(flag.type, flag.value).second) << flag.name;
        EXPECT_FALSE(flags.at(CKA_WRAP) || flags.at(CKA_UNWRAP) || flags.at(CKA_DERIVE) ||
                     flags.at(CKA_EXTRACTABLE));
        EXPECT_FALSE(flags.at(CKA_MODIFIABLE) || flags.at(CKA_COPYABLE) || flags.at(CKA_VERIFY));
        EXPECT_TRUE(flags.at(CKA_SENSITIVE) && flags.at(CKA_PRIVATE) && flags.at(CKA_TOKEN));
        EXPECT_NE(flags.at(CKA_ENCRYPT), flags.at(CKA_SIGN));
        EXPECT_EQ(flags.at(CKA_ENCRYPT), flags.at(CKA_DECRYPT));
    }
}

TEST(ReturnValues, HaveNames) {
    EXPECT_EQ(hsm::name_of(CKR_OK), "CKR_OK");
    EXPECT_EQ(hsm::name_of(CKR_PIN_INCORRECT), "CKR_PIN_INCORRECT");
    EXPECT_EQ(hsm::name_of(0x80000001UL), "CKR_OTHER");
}

TEST(ReturnValues, SaySoWhenThePinMustNotBeTriedAgain) {
    for (const auto value :
         {CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_PIN_EXPIRED, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE})
        EXPECT_EQ(hsm::trouble_of(value), hsm::Trouble::pin);
}

}  // namespace
