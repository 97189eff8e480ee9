// `portcullis-vault keys` beside a running vault, with custodians who approve.
#include "hsm/provision.h"
#include "integration/vault/operator.h"

namespace {

using namespace std::chrono_literals;
using common::AccountId;
using testing::HasSubstr;
using vault_test::value_of;
namespace json = boost::json;

constexpr AccountId shop{4711};

class KeyCommands : public vault_test::OperatorTest {
  protected:
    bool on_token(hsm::KeyRef key) {
        common::Metrics own;
        const auto audit = hsm::audit_keys(token.setup(), own);
        return audit && audit->keys.contains(key);
    }
};

// PCI DSS 4.0.1: 3.6.1.1
TEST_F(KeyCommands, GiveAnInventoryOfAllKeys) {
    serve();
    ASSERT_TRUE(store());
    const auto said = run({"keys", "report"});
    ASSERT_EQ(said.status, 0) << said.err;
    const auto report = json::parse(said.out);
    EXPECT_EQ(report.at("hsm_keys").as_array().size(), 8U);
    const auto& merchant = report.at("merchant_keys").as_array().at(0);
    EXPECT_EQ(merchant.at("account").as_string(), common::public_account_id(shop));
    EXPECT_EQ(merchant.at("uses"), 1);
    for (const auto* group : {"hsm_keys", "merchant_keys"})
        for (const auto& key : report.at(group).as_array())
            for (const auto* member : {"key", "purpose", "state", "algorithm", "bits", "location", "created",
                                       "cryptoperiod_days", "due", "overdue"})
                EXPECT_TRUE(key.as_object().contains(member)) << member;
    const auto listed = run({"keys", "list"});
    EXPECT_EQ(listed.status, 0);
    EXPECT_THAT(listed.out, HasSubstr("KEK-card-v1"));
    EXPECT_THAT(listed.out, HasSubstr(std::string{merchant.at("key").as_string()}));
}

TEST_F(KeyCommands, ReplaceAMerchantKeyBesideARunningVault) {
    serve();
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(store());
    const auto said = run({"keys", "rotate", common::public_account_id(shop)});
    ASSERT_EQ(said.status, 0) << said.err;
    EXPECT_THAT(said.out, HasSubstr("version 2"));
    EXPECT_THAT(said.out, HasSubstr("sealed anew: 5 card keys, no card opened"));
    ASSERT_TRUE(store());
    EXPECT_EQ(value_of("SELECT count(*) FROM card_key WHERE merchant_key_version = 2"), "6")
        << "the vault had the old key open";
    const auto retired = run({"keys", "retire", common::public_account_id(shop)});
    ASSERT_EQ(retired.status, 0) << retired.err;
    const auto refused = store();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 409);
}

// PCI DSS 4.0.1: 3.7.4, 3.7.5, 3.7.6
TEST_F(KeyCommands, ReplaceAndDestroyAKeyOfTheHsmWhenTwoCustodiansApprove) {
    serve();
    ASSERT_TRUE(store());
    const auto nobody = run({"keys", "rotate", "KEK-card"});
    EXPECT_NE(nobody.status, 0);
    EXPECT_THAT(nobody.err, HasSubstr("custodians init"));
    enrol();
    EXPECT_NE(run({"keys", "rotate", "KEK-card"}).status, 0) << "nobody has approved";
    approve({0});
    EXPECT_NE(run({"keys", "rotate", "KEK-card"}).status, 0) << "one is not two";
    EXPECT_FALSE(on_token({hsm::Purpose::kek_card, 2}));
    approve({1});
    const auto rotated = run({"keys", "rotate", "KEK-card"});
    ASSERT_EQ(rotated.status, 0) << rotated.err;
    EXPECT_THAT(rotated.out, HasSubstr("active: KEK-card-v2"));
    EXPECT_EQ(value_of("SELECT count(*) FROM merchant_key WHERE kek = 'KEK-card-v2'"), "1");
    ASSERT_TRUE(store()) << "the vault goes on";

    const auto early = run({"keys", "destroy", "KEK-card-v1"});
    EXPECT_NE(early.status, 0);
    EXPECT_THAT(early.err, HasSubstr("a backup may need it"));
    EXPECT_NE(run({"keys", "destroy", "KEK-card-v1", "--now"}).status, 0);
    approve({0, 2});
    const auto destroyed = run({"keys", "destroy", "KEK-card-v1", "--now"});
    ASSERT_EQ(destroyed.status, 0) << destroyed.err;
    EXPECT_FALSE(on_token({hsm::Purpose::kek_card, 1}));
    EXPECT_EQ(value_of("SELECT state FROM hsm_key WHERE purpose = 'KEK-card' AND version = 1"), "destroyed");
    std::this_thread::sleep_for(3s);
    EXPECT_TRUE(store()) << "the vault does not miss it";
    EXPECT_TRUE(store(AccountId{4712})) << "a merchant key under the new one";
    const auto again = run({"keys", "destroy", "KEK-card-v1", "--now"});
    EXPECT_NE(again.status, 0) << "an approval is good for one act";
}

// PCI DSS 4.0.1: 3.7.5, 3.7.7
TEST_F(KeyCommands, NameAKeyThatWasBroughtBackFromAnOlderCopy) {
    serve();
    ASSERT_TRUE(store());
    auto& postgres = tests::Postgres::instance();
    postgres.run("CREATE TABLE kept AS SELECT * FROM merchant_key", "vault");
    ASSERT_EQ(run({"keys", "rotate", common::public_account_id(shop), "--compromised"}).status, 0);
    const auto sound = run({"keys", "verify"});
    EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
    EXPECT_THAT(sound.out, HasSubstr("10 keys"));
    // With a true MAC, as it once was: the compromised key would seal again.
    postgres.run("DELETE FROM merchant_key", "vault");
    postgres.run("INSERT INTO merchant_key SELECT * FROM kept", "vault");
    const auto bad = run({"keys", "verify"});
    EXPECT_NE(bad.status, 0);
    EXPECT_THAT(bad.out, HasSubstr(value_of("SELECT id FROM kept") + ": is an older copy"));
}

TEST_F(KeyCommands, SayWhatIsWrongWithANameAndChangeNothing) {
    serve();
    ASSERT_TRUE(store());
    const auto before = value_of("SELECT md5(string_agg(k::text, '')) FROM hsm_key k");
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"keys", "rotate", "KEK"},
                                               {"keys", "rotate", "KEK-card-v1"},
                                               {"keys", "rotate", "acct_0000000000000000"},
                                               {"keys", "rotate", common::public_account_id(AccountId{99})},
                                               {"keys", "retire", "KEK-card"},
                                               {"keys", "compromise", "KEK-card-v1"},
                                               {"keys", "compromise", "KEK-card-v7"},
                                               {"keys", "destroy", "mk_0000000000000000000000"},
                                               {"keys", "destroy", "KEK-card"}}) {
        const auto said = run(command);
        EXPECT_NE(said.status, 0) << command[1] << ' ' << command[2];
        EXPECT_THAT(said.err, HasSubstr("portcullis-vault: ")) << command[1] << ' ' << command[2];
    }
    EXPECT_EQ(value_of("SELECT md5(string_agg(k::text, '')) FROM hsm_key k"), before);
    EXPECT_EQ(value_of("SELECT count(*) FROM merchant_key"), "1");
}

}  // namespace
