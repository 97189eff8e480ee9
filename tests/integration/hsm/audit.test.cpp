#include "fixture.h"

namespace hsm_test {
namespace {

using testing::HasSubstr;
using Audit = HsmTest;

// A key as the table wants it, changed at will, made by someone who has the PIN.
struct Template {
    explicit Template(KeyRef key, std::uint8_t id_byte = 0x77)
        : kind{hsm::kind_of(key.purpose)}, label{hsm::label_of(key)} {
        id.fill(id_byte);
        for (const auto& flag : hsm::flags_of(kind))
            if (flag.settable) flags[flag.type] = flag.value ? CK_TRUE : CK_FALSE;
    }
    CK_RV generate(const RawSession& raw) {
        std::vector<CK_ATTRIBUTE> all{{CKA_LABEL, label.data(), label.size()},
                                      {CKA_ID, id.data(), id.size()},
                                      {CKA_VALUE_LEN, &size, sizeof size}};
        if (restrict_mechanism) all.push_back({CKA_ALLOWED_MECHANISMS, &mechanism, sizeof mechanism});
        for (auto& [type, value] : flags)
            all.push_back({type, &value, sizeof value});
        CK_MECHANISM generator{kind.generator, nullptr, 0};
        CK_OBJECT_HANDLE made = 0;
        return raw.f().C_GenerateKey(raw.handle(), &generator, all.data(), all.size(), &made);
    }
    hsm::KeyKind kind;
    std::string label;
    std::array<std::uint8_t, 16> id{};
    CK_ULONG size = 32;
    CK_MECHANISM_TYPE mechanism = kind.mechanism;
    bool restrict_mechanism = true;
    std::map<CK_ATTRIBUTE_TYPE, CK_BBOOL> flags;
};

TEST_F(Audit, FindsNothingOnAFreshToken) {
    const auto audit = hsm::audit_keys(token.setup(), {}, metrics);
    ASSERT_TRUE(audit) << audit.error().describe();
    EXPECT_THAT(audit->findings, testing::IsEmpty());
    EXPECT_EQ(audit->keys.size(), 8U);
}

TEST_F(Audit, ReadsEveryFlagAsWrittenInTheTable) {
    const RawSession raw{token};
    for (const auto& kind : hsm::all_kinds()) {
        const auto key = raw.key(hsm::label_of({kind.purpose, 1}));
        for (const auto& flag : hsm::flags_of(kind)) {
            Bytes value;
            ASSERT_TRUE(raw.session->read(key, flag.type, value).ok()) << flag.name;
            EXPECT_EQ(value, Bytes{static_cast<std::uint8_t>(flag.value)}) << kind.name << ' ' << flag.name;
        }
    }
}

TEST_F(Audit, AcceptsTheTemplateOfTheseTestsWhenUnchanged) {
    ASSERT_EQ((Template{{Purpose::kek_card, 2}}.generate(RawSession{token})), CKR_OK);
    EXPECT_EQ(refusal(), "");
}

TEST_F(Audit, RefusesTwoKeysOfOneLabel) {
    ASSERT_EQ((Template{card_kek}.generate(RawSession{token})), CKR_OK);
    EXPECT_THAT(refusal(), HasSubstr("KEK-card-v1: is the label of more than one object"));
}

TEST_F(Audit, RefusesTwoKeysOfOneId) {
    ASSERT_EQ((Template{{Purpose::kek_card, 2}}.generate(RawSession{token})), CKR_OK);
    ASSERT_EQ((Template{{Purpose::kek_card, 3}}.generate(RawSession{token})), CKR_OK);
    EXPECT_THAT(refusal(), HasSubstr("KEK-card-v3: has the CKA_ID of KEK-card-v2"));
}

TEST_F(Audit, NamesEachWeakenedFlag) {
    for (const auto& flag : hsm::flags_of(hsm::kind_of(Purpose::kek_card))) {
        if (!flag.settable || flag.type == CKA_TOKEN || flag.type == CKA_DESTROYABLE) continue;
        // A public object needs no login to be seen, and SoftHSM2 lists it all the same.
        support::SoftHsm own;
        Template weak{{Purpose::kek_card, 2}};
        weak.flags[flag.type] = flag.value ? CK_FALSE : CK_TRUE;
        ASSERT_EQ(weak.generate(RawSession{own}), CKR_OK) << flag.name;
        const auto opened = Hsm::open(own.options(), {}, metrics);
        ASSERT_FALSE(opened) << flag.name;
        EXPECT_THAT(opened.error().log_detail(), HasSubstr("KEK-card-v2: " + std::string{flag.name}))
            << flag.name;
    }
}

TEST_F(Audit, RefusesAKeyForAnyMechanism) {
    Template open_key{{Purpose::kek_card, 2}};
    open_key.restrict_mechanism = false;
    ASSERT_EQ(open_key.generate(RawSession{token}), CKR_OK);
    EXPECT_THAT(refusal(), HasSubstr("CKA_ALLOWED_MECHANISMS"));
}

TEST_F(Audit, RefusesAShorterKey) {
    Template small{{Purpose::kek_card, 2}};
    small.size = 16;
    ASSERT_EQ(small.generate(RawSession{token}), CKR_OK);
    EXPECT_THAT(refusal(), HasSubstr("CKA_VALUE_LEN is 16, must be 32"));
}

TEST_F(Audit, RefusesAnObjectThatIsNotInTheTable) {
    Template foreign{card_kek};
    foreign.label = "somebody's key";
    ASSERT_EQ(foreign.generate(RawSession{token}), CKR_OK);
    EXPECT_THAT(refusal(), HasSubstr("somebody's key: is not in the table of keys"));
}

TEST_F(Audit, RefusesATrojanKeyOfKnownValue) {
    {
        const RawSession raw{token};
        std::array<std::uint8_t, 32> known{};
        std::string label = "FPK-v2";
        CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
        CK_KEY_TYPE type = CKK_GENERIC_SECRET;
        CK_MECHANISM_TYPE mechanism = CKM_SHA256_HMAC;
        std::array<std::uint8_t, 16> id{1};
        std::vector<CK_ATTRIBUTE> all{{CKA_CLASS, &object_class, sizeof object_class},
                                      {CKA_KEY_TYPE, &type, sizeof type},
                                      {CKA_LABEL, label.data(), label.size()},
                                      {CKA_ID, id.data(), id.size()},
                                      {CKA_VALUE, known.data(), known.size()},
                                      {CKA_ALLOWED_MECHANISMS, &mechanism, sizeof mechanism}};
        Template like{{Purpose::fingerprint, 2}};
        for (auto& [flag, value] : like.flags)
            all.push_back({flag, &value, sizeof value});
        CK_OBJECT_HANDLE made = 0;
        ASSERT_EQ(raw.f().C_CreateObject(raw.handle(), all.data(), all.size(), &made), CKR_OK);
    }
    EXPECT_THAT(refusal(), HasSubstr("FPK-v2: CKA_LOCAL is false, must be true"));
}

TEST_F(Audit, RefusesAMissingKeyByName) {
    {
        const RawSession raw{token};
        ASSERT_EQ(raw.f().C_DestroyObject(raw.handle(), raw.key("FPK-v1")), CKR_OK);
    }
    const auto opened = Hsm::open(token.options(), {card_kek, fingerprint_key}, metrics);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().log_detail(), HasSubstr("no key FPK-v1"));
}

TEST_F(Audit, TriesAWrongPinOnce) {
    token.set_pin_file("another-pin");
    const auto why = refusal();
    EXPECT_THAT(why, HasSubstr("refuses the PIN (CKR_PIN_INCORRECT)"));
    EXPECT_EQ(
        metrics.counter_value("hsm_calls_total", {{"function", "C_Login"}, {"result", "CKR_PIN_INCORRECT"}}),
        1);
}

TEST_F(Audit, NamesAMissingToken) {
    auto options = token.options();
    options.token_label = "elsewhere";
    const auto opened = Hsm::open(options, {}, metrics);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().log_detail(), HasSubstr("no token is labelled elsewhere"));
}

TEST_F(Audit, NamesAModuleThatIsNone) {
    auto options = token.options();
    options.module = "/usr/lib/x86_64-linux-gnu/libm.so.6";
    const auto opened = Hsm::open(options, {}, metrics);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().log_detail(), HasSubstr("is not a PKCS#11 module"));
}

TEST_F(Audit, MakesNoKeyTwice) {
    const auto again = hsm::make_keys(token.setup(), {}, {}, metrics);
    ASSERT_TRUE(again);
    for (const auto& one : *again)
        EXPECT_EQ(one.made, hsm::Made::kept);
    EXPECT_EQ(hsm::init_token(token.setup(), metrics).value(), hsm::Made::kept);
}

}  // namespace
}  // namespace hsm_test
