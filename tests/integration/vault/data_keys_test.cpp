// Data keys on a SoftHSM2 token: what they are bound to, what is recorded, and what a rotation leaves.
#include "vault/keys/data_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/provision.h"
#include "integration/vault/service.h"

namespace vault_test {

using hsm::KeyRef;
using hsm::Purpose;
using vault::keys::DataKey;
using vault::keys::DataKeyScope;
using vault::keys::SealedDataKey;

class DataKeysTest : public CardsTest {
  protected:
    void SetUp() override {
        CardsTest::SetUp();
        make_keys();
    }
    void make_keys() {
        keys = std::make_unique<vault::keys::DataKeys>(*hsm, vault->registry, vault->material, vault->trail,
                                                       metrics);
    }
    void begin(support::SoftHsm& on) {
        auto open = hsm::Hsm::open(on.options(), {}, metrics);
        if (!open) throw std::runtime_error{open.error().describe()};
        hsm = std::move(*open);
        vault = std::make_unique<Vault>(*hsm, metrics);
        make_keys();
    }
    void stop() {
        keys.reset();
        vault.reset();
        hsm.reset();
    }
    DataKey made(const DataKeyScope& scope) {
        auto key = wait_for(keys->make(scope, caller(), soon()));
        if (!key) throw std::runtime_error{key.error().describe()};
        return std::move(*key);
    }
    auto opened(const DataKeyScope& scope, const SealedDataKey& key) {
        return wait_for(keys->open(scope, key, caller(), soon()));
    }
    void expect_refused(const DataKeyScope& scope, const SealedDataKey& key) {
        const auto bytes = opened(scope, key);
        ASSERT_FALSE(bytes);
        EXPECT_EQ(bytes.error().cause(), Cause::integrity) << bytes.error().describe();
        EXPECT_EQ(bytes.error().status(), 500);
    }

    const DataKeyScope here{account, false, "file_1"};
    std::unique_ptr<vault::keys::DataKeys> keys;
};

TEST_F(DataKeysTest, OpenToWhatWasMade) {
    const auto key = made(here);
    EXPECT_EQ(key.bytes.size(), 32U);
    EXPECT_EQ(key.sealed.kek, "KEK-pii-v1");
    const auto bytes = opened(here, key.sealed);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    EXPECT_EQ(bytes->text(), key.bytes.text());
    EXPECT_NE(made(here).bytes.text(), key.bytes.text()) << "each is another one";
}

TEST_F(DataKeysTest, OpenForNoOtherObjectAccountOrMode) {
    const auto key = made(here);
    expect_refused({account, false, "file_2"}, key.sealed);
    expect_refused({account, true, "file_1"}, key.sealed);
    expect_refused({AccountId{4712}, false, "file_1"}, key.sealed);
    auto changed = key.sealed;
    changed.sealed[20] ^= 1;
    expect_refused(here, changed);
    expect_refused(here, {"KEK-pii-v1", {}});
}

TEST_F(DataKeysTest, OpenByNoKeyOfAnotherKind) {
    const auto key = made(here);
    for (const auto* kek : {"KEK-card-v1", "KEK-2fa-v1", "KEK-pii-v2", "FPK-v1", "", "x"})
        expect_refused(here, {kek, key.sealed.sealed});
}

TEST_F(DataKeysTest, AreNeitherMadeNorOpenedUnrecorded) {
    const auto key = made(here);
    ASSERT_TRUE(opened(here, key.sealed));
    const auto entries = vault->trail.entries();
    ASSERT_GE(entries.size(), 2U);
    const auto& last = entries.back();
    EXPECT_EQ(entries[entries.size() - 2].action, "data_key.create");
    EXPECT_EQ(last.action, "data_key.open");
    EXPECT_EQ(last.object, "file_1");
    EXPECT_EQ(last.actor, "spiffe://portcullis/gateway");
    EXPECT_EQ(last.detail, "areq_1");
    vault->trail.fail(common::Error::unavailable("the log is full"));
    EXPECT_FALSE(opened(here, key.sealed));
    EXPECT_FALSE(wait_for(keys->make(here, caller(), soon())));
}

TEST_F(DataKeysTest, StayOpenAfterARotationWhichKeepsTheirKey) {
    stop();
    make_database();
    support::SoftHsm own;  // the next version stays on it
    begin(own);
    const auto key = made(here);
    const auto next = wait_for(vault->rotation.plan_successor(Purpose::kek_pii, soon()));
    ASSERT_TRUE(next) << next.error().describe();
    stop();
    ASSERT_TRUE(hsm::make_key(own.setup(), *next, metrics));
    begin(own);
    const auto active = wait_for(vault->rotation.activate(*next, false, soon()));
    ASSERT_TRUE(active) << active.error().describe();

    EXPECT_EQ(made(here).sealed.kek, "KEK-pii-v2");
    const auto bytes = opened(here, key.sealed);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    EXPECT_EQ(bytes->text(), key.bytes.text());
    expect_refused(here, {"KEK-pii-v2", key.sealed.sealed});

    const auto first = wait_for(vault->rotation.may_be_destroyed(KeyRef{Purpose::kek_pii, 1}, true, soon()));
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code(), "key_in_use");
    stop();
}

}  // namespace vault_test
