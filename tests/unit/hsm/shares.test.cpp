#include <array>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto.h"
#include "hsm/custody/share_set.h"
#include "support/custodian.h"

namespace {

using common::SecretBytes;
using hsm::custody::Combination;
using hsm::custody::combine_shares;
using hsm::custody::make_share_set;
using hsm::custody::NewShareSet;
using hsm::custody::open_share;
using hsm::custody::OpenedShare;
using hsm::custody::Share;
using hsm::custody::ShareSet;
using hsm::custody::split_secret;
using support::TestCustodian;
using testing::HasSubstr;

SecretBytes secret_of(std::string_view text) {
    return SecretBytes::copy_of(text);
}

constexpr std::string_view secret_text = "0123456789abcdef0123456789abcdef";

TEST(Shares, GiveTheSecretBackFromEveryThresholdOfThem) {
    for (const auto& [threshold, count] : {std::pair{2U, 2U}, {2U, 3U}, {3U, 5U}, {5U, 5U}, {2U, 16U}}) {
        const auto shares = split_secret(secret_of(secret_text), threshold, count);
        ASSERT_TRUE(shares);
        for (unsigned chosen = 0; chosen < 1U << count; ++chosen) {
            if (static_cast<unsigned>(__builtin_popcount(chosen)) != threshold) continue;
            std::vector<const Share*> some;
            for (unsigned i = 0; i < count; ++i)
                if ((chosen >> i & 1U) != 0) some.push_back(&(*shares)[i]);
            EXPECT_EQ(combine_shares(some)->text(), secret_text) << threshold << " of " << count;
        }
    }
}

// What one share shows is independent of the secret: each of its bytes is uniform, whatever is split.
TEST(Shares, SayNothingBelowTheThreshold) {
    constexpr int rounds = 4096;
    for (const char filler : {'\0', '\xff'}) {
        const std::string secret(64, filler);
        std::array<std::array<int, 256>, 3> seen{};
        std::array<int, 256> difference{};
        for (int i = 0; i < rounds / 64; ++i) {
            const auto shares = split_secret(secret_of(secret), 3, 3);
            ASSERT_TRUE(shares);
            for (std::size_t at = 0; at < secret.size(); ++at) {
                for (std::size_t k = 0; k < 3; ++k)
                    ++seen[k][(*shares)[k].bytes.bytes()[at]];
                // Two of three together say no more than each alone.
                ++difference[(*shares)[0].bytes.bytes()[at] ^ (*shares)[1].bytes.bytes()[at]];
            }
        }
        const auto chi_squared = [](const std::array<int, 256>& counts) {
            constexpr double expected = rounds / 256.0;
            double sum = 0;
            for (const int count : counts)
                sum += (count - expected) * (count - expected) / expected;
            return sum;
        };
        // 255 degrees of freedom: beyond 380 once in two million.
        for (const auto& counts : seen)
            EXPECT_LT(chi_squared(counts), 380);
        EXPECT_LT(chi_squared(difference), 380);
    }
}

TEST(Shares, AreDrawnAnewForTheSameSecret) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i)
        seen.emplace((*split_secret(secret_of(secret_text), 2, 2))[0].bytes.text());
    EXPECT_EQ(seen.size(), 100U);
}

TEST(Shares, DoNotGiveTheSecretWhenTooFewOrMixed) {
    const auto one = *split_secret(secret_of(secret_text), 3, 4);
    const auto other = *split_secret(secret_of(secret_text), 3, 4);
    EXPECT_NE(combine_shares({&one[0], &one[1]})->text(), secret_text);
    EXPECT_NE(combine_shares({&one[0], &one[1], &other[2]})->text(), secret_text);
    EXPECT_FALSE(combine_shares({&one[0], &one[0], &one[1]}));
    EXPECT_FALSE(combine_shares({&one[0]}));
    const Share zero{0, SecretBytes{secret_text.size()}}, shorter{4, SecretBytes{16}};
    EXPECT_FALSE(combine_shares({&one[0], &one[1], &zero}));
    EXPECT_FALSE(combine_shares({&one[0], &one[1], &shorter}));
}

TEST(Shares, AreNotMadeForOnePersonAlone) {
    EXPECT_FALSE(split_secret(secret_of(secret_text), 1, 3));
    EXPECT_FALSE(split_secret(secret_of(secret_text), 4, 3));
    EXPECT_FALSE(split_secret(secret_of(secret_text), 2, 17));
    EXPECT_FALSE(split_secret(secret_of("short"), 2, 3));
}

class ShareSets : public testing::Test {
  protected:
    NewShareSet make(const std::string& purpose = "backup") {
        std::vector<hsm::custody::Holder> holders;
        for (const auto* one : {&alice, &bob, &carol}) {
            X509_up_ref(one->certificate.get());
            holders.push_back({one->name, certs::X509Ptr{one->certificate.get()}});
        }
        return *make_share_set(purpose, secret_of(secret_text), 2, holders);
    }
    static OpenedShare opened(const NewShareSet& made, std::size_t index, const TestCustodian& by) {
        auto share =
            open_share(support::bytes_of(made.shares[index].cms), by.certificate.get(), by.key.get());
        EXPECT_TRUE(share) << share.error().describe();
        return std::move(*share);
    }
    TestCustodian alice{"alice"}, bob{"bob"}, carol{"carol"};
};

TEST_F(ShareSets, GiveTheSecretToTwoCustodians) {
    const auto made = make();
    const auto set = ShareSet::parse(made.set.text());
    ASSERT_TRUE(set) << set.error().describe();
    Combination combination{*set};
    ASSERT_TRUE(combination.add(opened(made, 2, carol)));
    EXPECT_EQ(combination.secret().error().code(), "shares_too_few");
    ASSERT_TRUE(combination.add(opened(made, 0, alice)));
    EXPECT_EQ(combination.secret()->text(), secret_text);
}

TEST_F(ShareSets, SealEachShareToItsOwnCustodian) {
    const auto made = make();
    for (const auto& share : made.shares)
        EXPECT_THAT(share.cms, testing::Not(HasSubstr("portcullis-share")));
    EXPECT_FALSE(open_share(support::bytes_of(made.shares[0].cms), bob.certificate.get(), bob.key.get()));
    EXPECT_EQ(made.shares[1].file_name, "share-2-bob.cms");
}

TEST_F(ShareSets, TellForeignForgedAndRepeatedSharesApartByName) {
    const auto made = make(), other = make();
    Combination combination{made.set};
    const auto refused = [&](OpenedShare share) {
        return combination.add(std::move(share)).error().message();
    };
    ASSERT_TRUE(combination.add(opened(made, 0, alice)));
    EXPECT_THAT(refused(opened(made, 0, alice)), HasSubstr("The share of alice was given already"));
    EXPECT_THAT(refused(opened(other, 1, bob)), HasSubstr("The share of bob belongs to another set"));
    auto forged = opened(made, 1, bob);
    forged.share.bytes.bytes()[3] ^= 1U;
    EXPECT_THAT(refused(std::move(forged)), HasSubstr("The share of bob is forged or damaged"));
    auto renamed = opened(made, 0, alice);
    renamed.custodian = "bob";
    EXPECT_THAT(refused(std::move(renamed)), HasSubstr("no such share of bob"));
    auto beyond = opened(made, 1, bob);
    beyond.share.index = 9;
    EXPECT_THAT(refused(std::move(beyond)), HasSubstr("no such share of bob"));
    auto moved = opened(made, 1, bob);
    moved.share.index = 3;
    moved.custodian = "carol";
    EXPECT_THAT(refused(std::move(moved)), HasSubstr("The share of carol is forged"));
    EXPECT_EQ(combination.given(), 1U);
}

TEST_F(ShareSets, RefuseASetThatWasChanged) {
    const auto text = make().set.text();
    const auto changed = [&](std::string_view what, std::string_view by) {
        auto other = text;
        other.replace(other.find(what), what.size(), by);
        return ShareSet::parse(other);
    };
    EXPECT_FALSE(changed("\"threshold\":2", "\"threshold\":1"));
    EXPECT_FALSE(changed("\"threshold\":2", "\"threshold\":4"));
    EXPECT_FALSE(changed("portcullis-share-set-1", "portcullis-share-set-2"));
    EXPECT_FALSE(changed("\"2\":", "\"7\":"));
    EXPECT_FALSE(ShareSet::parse("{}"));
    EXPECT_FALSE(ShareSet::parse(""));
}

}  // namespace
