#include "gateway/api/vaults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/api/app.h"

namespace gateway::api {
namespace {

using common::Config;

// The gateway's keys for vaults, without those for files.
Config config_of(const std::vector<std::string>& settings) {
    std::vector<common::ConfigKey> keys;
    for (const auto& key : config_keys())
        if (key.name.starts_with("vault.") && key.kind != common::ConfigKind::file &&
            key.kind != common::ConfigKind::private_file)
            keys.push_back(key);
    return Config::load(keys, {"", settings}).value();
}

TEST(VaultsOfTheConfiguration, AreOneWithoutAName) {
    const auto vaults = vaults_of(config_of({"vault.host=vault.internal", "vault.port=9000"}));
    ASSERT_TRUE(vaults);
    ASSERT_EQ(vaults->size(), 1U);
    EXPECT_EQ(vaults->front().name, "");
    EXPECT_EQ(vaults->front().options.host, "vault.internal");
    EXPECT_EQ(vaults->front().options.port, 9000);
    EXPECT_EQ(vaults->front().options.peer_identity, "spiffe://portcullis/vault");
}

TEST(VaultsOfTheConfiguration, AreThePeersWhenThereAreAny) {
    const auto vaults = vaults_of(config_of(
        {"vault.peers=one=vault-1.internal:8444, 10.0.0.1:8444=10.0.0.1:8445,three=[2001:db8::1]:1"}));
    ASSERT_TRUE(vaults) << vaults.error().describe();
    ASSERT_EQ(vaults->size(), 3U);
    EXPECT_EQ((*vaults)[0].name, "one");
    EXPECT_EQ((*vaults)[0].options.host, "vault-1.internal");
    EXPECT_EQ((*vaults)[0].options.port, 8444);
    EXPECT_EQ((*vaults)[1].name, "10.0.0.1:8444") << "what a vault without a name is called";
    EXPECT_EQ((*vaults)[1].options.port, 8445);
    EXPECT_EQ((*vaults)[2].options.host, "2001:db8::1");
    EXPECT_EQ((*vaults)[2].options.peer_identity, "spiffe://portcullis/vault");
}

TEST(VaultsOfTheConfiguration, AreRefusedByTheEntryThatIsNone) {
    for (const char* bad : {"vault-1:8444", "one=vault-1", "one=vault-1:0", "one=vault-1:65536",
                            "one=vault-1:x", "one=vault-1:", "=vault-1:8444", "one=:8444", "one"}) {
        const auto vaults = vaults_of(config_of({std::string{"vault.peers=good=v:1,"} + bad}));
        ASSERT_FALSE(vaults) << bad;
        EXPECT_THAT(vaults.error().log_detail(), testing::HasSubstr(bad));
    }
    EXPECT_THAT(vaults_of(config_of({"vault.peers=one=a:1,one=b:1"})).error().log_detail(),
                testing::HasSubstr("two vaults of the name one"));
}

}  // namespace
}  // namespace gateway::api
