// Further versions of a key and the end of one, as a rotation asks for them.
#include "fixture.h"

namespace hsm_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

constexpr KeyRef second_kek{Purpose::kek_card, 2};

class Provision : public HsmTest {
  protected:
    std::map<KeyRef, hsm::FoundKey> keys() {
        auto audit = hsm::audit_keys(token.setup(), metrics);
        EXPECT_TRUE(audit) << audit.error().describe();
        EXPECT_THAT(audit->findings, testing::IsEmpty());
        return audit->keys;
    }
};

TEST_F(Provision, MakesTheKeyThatIsAskedForAndNoOther) {
    ASSERT_TRUE(hsm::destroy_key(token.setup(), {Purpose::velocity, 1}, metrics));
    const auto before = keys();
    const auto made = hsm::make_key(token.setup(), second_kek, metrics);
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(made->key, second_kek);
    EXPECT_EQ(made->made, hsm::Made::made);
    const auto after = keys();
    EXPECT_EQ(after.size(), before.size() + 1);
    EXPECT_THAT(after, Not(Contains(Key(KeyRef{Purpose::velocity, 1}))));
    EXPECT_EQ(common::crypto::to_hex(after.at(second_kek).id), made->id);
    for (const auto& [key, found] : before)
        EXPECT_EQ(after.at(key).id, found.id) << hsm::label_of(key);
}

TEST_F(Provision, KeepsAKeyThatIsThereWhenAskedAgain) {
    const auto first = hsm::make_key(token.setup(), second_kek, metrics).value();
    const auto again = hsm::make_key(token.setup(), second_kek, metrics).value();
    EXPECT_EQ(again.made, hsm::Made::kept);
    EXPECT_EQ(again.id, first.id);
}

TEST_F(Provision, MakesNothingOnATokenThatIsNotSound) {
    {
        const RawSession raw{token};
        CK_BBOOL yes = CK_TRUE;
        CK_ULONG size = 32;
        CK_ATTRIBUTE weak[] = {{CKA_TOKEN, &yes, 1}, {CKA_VALUE_LEN, &size, sizeof size}};
        CK_MECHANISM generator{CKM_AES_KEY_GEN, nullptr, 0};
        CK_OBJECT_HANDLE made = 0;
        ASSERT_EQ(raw.f().C_GenerateKey(raw.handle(), &generator, weak, 2, &made), CKR_OK);
    }
    const auto refused = hsm::make_key(token.setup(), second_kek, metrics);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().log_detail(), HasSubstr("an object without a label"));
    EXPECT_THAT(hsm::audit_keys(token.setup(), metrics)->keys, Not(Contains(Key(second_kek))));
}

TEST_F(Provision, DestroysTheKeyThatIsNamedAndNoOther) {
    const auto made = hsm::make_key(token.setup(), second_kek, metrics).value();
    const auto before = keys();
    const auto destroyed = hsm::destroy_key(token.setup(), second_kek, metrics);
    ASSERT_TRUE(destroyed) << destroyed.error().describe();
    EXPECT_EQ(*destroyed, made.id);
    const auto after = keys();
    EXPECT_EQ(after.size(), before.size() - 1);
    EXPECT_THAT(after, Not(Contains(Key(second_kek))));
}

TEST_F(Provision, SaysThatThereIsNoKeyToDestroy) {
    const auto refused = hsm::destroy_key(token.setup(), second_kek, metrics);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause(), Cause::not_found);
    EXPECT_EQ(keys().size(), hsm::all_kinds().size());
}

TEST_F(Provision, DestroysNeitherOfTwoKeysOfOneLabel) {
    {
        const RawSession raw{token};
        CK_BBOOL yes = CK_TRUE;
        CK_ULONG size = 32;
        std::string label = "KEK-card-v1";
        CK_ATTRIBUTE twin[] = {{CKA_TOKEN, &yes, 1},
                               {CKA_VALUE_LEN, &size, sizeof size},
                               {CKA_LABEL, label.data(), label.size()}};
        CK_MECHANISM generator{CKM_AES_KEY_GEN, nullptr, 0};
        CK_OBJECT_HANDLE made = 0;
        ASSERT_EQ(raw.f().C_GenerateKey(raw.handle(), &generator, twin, 3, &made), CKR_OK);
    }
    const auto refused = hsm::destroy_key(token.setup(), card_kek, metrics);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().log_detail(), HasSubstr("more than one object labelled KEK-card-v1"));
    const RawSession raw{token};
    std::vector<CK_OBJECT_HANDLE> found;
    ASSERT_TRUE(raw.session->find_by_label("KEK-card-v1", found).ok());
    EXPECT_EQ(found.size(), 2U);
}

TEST_F(Provision, LetsARunningVaultForgetADestroyedKey) {
    ASSERT_TRUE(hsm::make_key(token.setup(), second_kek, metrics));
    open();
    const auto sealed = seal("kept").value();
    ASSERT_TRUE(wait_for(hsm->self_test(Deadline{})));
    ASSERT_TRUE(hsm::destroy_key(token.setup(), second_kek, metrics));
    EXPECT_FALSE(wait_for(hsm->self_test(Deadline{}))) << "a key that goes by itself is a failure";
    hsm->forget(second_kek);
    EXPECT_TRUE(wait_for(hsm->self_test(Deadline{})));
    const auto gone = wait_for(hsm->seal(second_kek, bytes_of("x"), {}, Deadline{}));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().cause(), Cause::unavailable);
    EXPECT_EQ(open_sealed(sealed)->text(), "kept");
}

}  // namespace
}  // namespace hsm_test
