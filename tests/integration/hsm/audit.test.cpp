#include "fixture.h"

namespace hsm_test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using Audit = HsmTest;

template <class Token>
class AuditOnEveryModule : public TokenTest<Token> {};
TYPED_TEST_SUITE(AuditOnEveryModule, EveryModule);

TYPED_TEST(AuditOnEveryModule, FindsNothingOnAFreshToken) {
    const auto audit = hsm::audit_keys(this->token.setup(), this->metrics);
    ASSERT_TRUE(audit) << audit.error().describe();
    EXPECT_THAT(audit->findings, testing::IsEmpty());
    EXPECT_EQ(audit->keys.size(), 8U);
}

// PCI DSS 4.0.1: 3.7.1
TYPED_TEST(AuditOnEveryModule, ReadsEveryFlagAsWrittenInTheTable) {
    const RawSession raw{this->token};
    for (const auto& kind : hsm::all_kinds()) {
        const auto key = raw.key(hsm::label_of({kind.purpose, 1}));
        for (const auto& flag : hsm::flags_of(kind)) {
            Bytes value;
            const auto done = raw.session->read(key, flag.type, value);
            if (raw.profile.is_unknown(flag.name)) {
                EXPECT_EQ(done.value, CKR_ATTRIBUTE_TYPE_INVALID) << flag.name << " is waived for nothing";
            } else {
                ASSERT_TRUE(done.ok()) << flag.name;
                EXPECT_EQ(value == Bytes{static_cast<std::uint8_t>(flag.value)},
                          !raw.profile.is_unreliable(flag.name))
                    << kind.name << ' ' << flag.name;
            }
        }
    }
}

TYPED_TEST(AuditOnEveryModule, AcceptsTheTemplateOfTheseTestsWhenUnchanged) {
    ASSERT_EQ((Template{{Purpose::kek_card, 2}}.generate(RawSession{this->token})), CKR_OK);
    EXPECT_EQ(this->refusal(), "");
}

// PCI DSS 4.0.1: 3.7.7
TYPED_TEST(AuditOnEveryModule, RefusesTwoKeysOfOneLabel) {
    ASSERT_EQ((Template{card_kek}.generate(RawSession{this->token})), CKR_OK);
    EXPECT_THAT(this->refusal(), HasSubstr("KEK-card-v1: is the label of more than one object"));
}

// PCI DSS 4.0.1: 3.7.1
TYPED_TEST(AuditOnEveryModule, NamesEachWeakenedFlag) {
    std::vector<std::string_view> forced;  // by the module, whatever is asked for
    for (const auto& flag : hsm::flags_of(hsm::kind_of(Purpose::kek_card))) {
        if (!flag.settable || flag.type == CKA_TOKEN || flag.type == CKA_DESTROYABLE) continue;
        // A public object needs no login to be seen, and SoftHSM2 lists it all the same.
        TypeParam own;
        Template weak{{Purpose::kek_card, 2}};
        auto& value = weak.flags.at(flag.name).second;
        value = value == CK_TRUE ? CK_FALSE : CK_TRUE;
        const RawSession raw{own};
        if (raw.profile.is_unknown(flag.name)) continue;
        ASSERT_EQ(weak.generate(raw), CKR_OK) << flag.name;
        Bytes made;
        ASSERT_TRUE(raw.session->read(raw.key(weak.label), flag.type, made).ok()) << flag.name;
        if (made == Bytes{static_cast<std::uint8_t>(flag.value)}) {
            forced.push_back(flag.name);
            continue;
        }
        const auto audit = hsm::audit_keys(own.setup(), this->metrics);
        ASSERT_TRUE(audit) << audit.error().describe();
        EXPECT_THAT(audit->findings, testing::Contains(HasSubstr("KEK-card-v2: " + std::string{flag.name})))
            << flag.name;
        const auto opened = Hsm::open(own.options(), {}, this->metrics);
        EXPECT_FALSE(opened) << flag.name;
    }
    const bool nss = std::is_same_v<TypeParam, support::Nss>;
    EXPECT_EQ(forced, nss ? std::vector<std::string_view>({"CKA_PRIVATE", "CKA_SENSITIVE"})
                          : std::vector<std::string_view>{});
}

TYPED_TEST(AuditOnEveryModule, RefusesAShorterKey) {
    Template small{{Purpose::kek_card, 2}};
    small.size = 16;
    ASSERT_EQ(small.generate(RawSession{this->token}), CKR_OK);
    EXPECT_THAT(this->refusal(), HasSubstr("CKA_VALUE_LEN is 16, must be 32"));
}

TYPED_TEST(AuditOnEveryModule, RefusesAnObjectThatIsNotInTheTable) {
    Template foreign{card_kek};
    foreign.label = "somebody's key";
    ASSERT_EQ(foreign.generate(RawSession{this->token}), CKR_OK);
    EXPECT_THAT(this->refusal(), HasSubstr("somebody's key: is not in the table of keys"));
}

// PCI DSS 4.0.1: 3.7.7
TYPED_TEST(AuditOnEveryModule, RefusesATrojanKeyOfKnownValue) {
    ASSERT_EQ((Template{{Purpose::fingerprint, 2}}.create(RawSession{this->token})), CKR_OK);
    // Where the module calls no key local, the two histories give it away.
    EXPECT_THAT(this->refusal(), AnyOf(HasSubstr("FPK-v2: CKA_LOCAL is false, must be true"),
                                       HasSubstr("FPK-v2: CKA_ALWAYS_SENSITIVE is false, must be true")));
}

TYPED_TEST(AuditOnEveryModule, RefusesAMissingKeyByName) {
    {
        const RawSession raw{this->token};
        ASSERT_EQ(raw.f().C_DestroyObject(raw.handle(), raw.key("FPK-v1")), CKR_OK);
    }
    const auto opened = Hsm::open(this->token.options(), {card_kek, fingerprint_key}, this->metrics);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().log_detail(), HasSubstr("no key FPK-v1"));
}

TYPED_TEST(AuditOnEveryModule, TriesAWrongPinOnce) {
    this->token.set_pin_file("another-pin");
    const auto why = this->refusal();
    EXPECT_THAT(why, HasSubstr("refuses the PIN (CKR_PIN_INCORRECT)"));
    EXPECT_EQ(this->metrics.counter_value("hsm_calls_total",
                                          {{"function", "C_Login"}, {"result", "CKR_PIN_INCORRECT"}}),
              1);
}

TYPED_TEST(AuditOnEveryModule, MakesNoKeyTwice) {
    const auto again = hsm::make_keys(this->token.setup(), {}, this->metrics);
    ASSERT_TRUE(again);
    for (const auto& one : *again)
        EXPECT_EQ(one.made, hsm::Made::kept);
    EXPECT_EQ(hsm::init_token(this->token.setup(), this->metrics).value(), hsm::Made::kept);
}

// Not on NSS: there the second key takes the place of the first.
TEST_F(Audit, RefusesTwoKeysOfOneId) {
    ASSERT_EQ((Template{{Purpose::kek_card, 2}}.generate(RawSession{token})), CKR_OK);
    ASSERT_EQ((Template{{Purpose::kek_card, 3}}.generate(RawSession{token})), CKR_OK);
    EXPECT_THAT(refusal(), HasSubstr("KEK-card-v3: has the CKA_ID of KEK-card-v2"));
}

TEST_F(Audit, RefusesAKeyForAnyMechanism) {
    Template open_key{{Purpose::kek_card, 2}};
    open_key.restrict_mechanism = false;
    ASSERT_EQ(open_key.generate(RawSession{token}), CKR_OK);
    EXPECT_THAT(refusal(), HasSubstr("CKA_ALLOWED_MECHANISMS"));
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

}  // namespace
}  // namespace hsm_test
