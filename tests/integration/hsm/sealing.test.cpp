#include "fixture.h"

namespace hsm_test {
namespace {

using Sealing = HsmTest;

TEST_F(Sealing, OpensWhatWasSealed) {
    open();
    const auto sealed = seal("a merchant key of 32 bytes length");
    ASSERT_TRUE(sealed) << sealed.error().describe();
    EXPECT_EQ(sealed->size(), 12 + 33 + 16);
    const auto plain = open_sealed(*sealed);
    ASSERT_TRUE(plain) << plain.error().describe();
    EXPECT_EQ(plain->text(), "a merchant key of 32 bytes length");
}

TEST_F(Sealing, OpensNothingAtAllToo) {
    open();
    const auto sealed = seal("", "");
    ASSERT_TRUE(sealed) << sealed.error().describe();
    EXPECT_TRUE(open_sealed(*sealed, ""));
}

TEST_F(Sealing, NeverUsesAnIvTwice) {
    open();
    std::set<Bytes> ivs;
    for (int i = 0; i < 200; ++i) {
        const auto sealed = seal("the same text");
        ASSERT_TRUE(sealed);
        EXPECT_TRUE(ivs.insert(Bytes(sealed->begin(), sealed->begin() + 12)).second);
    }
}

TEST_F(Sealing, TakesOtherAssociatedDataForForgery) {
    open();
    const auto sealed = seal("key", "merchant 1").value();
    const auto opened = open_sealed(sealed, "merchant 2");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().cause(), Cause::integrity);
}

TEST_F(Sealing, TakesAnyFlippedBitForForgeryAndGoesOn) {
    open();
    const auto sealed = seal("key").value();
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto forged = sealed;
        forged[i] ^= 0x10;
        const auto opened = open_sealed(forged);
        ASSERT_FALSE(opened) << i;
        EXPECT_EQ(opened.error().cause(), Cause::integrity) << i;
    }
    EXPECT_TRUE(hsm->health().usable);
    EXPECT_TRUE(open_sealed(sealed));
    EXPECT_EQ(metrics.counter_value("hsm_integrity_failures_total"), static_cast<double>(sealed.size()));
}

TEST_F(Sealing, TakesEveryTruncationForForgery) {
    open();
    const auto sealed = seal("key").value();
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        const auto opened =
            open_sealed(Bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)));
        ASSERT_FALSE(opened) << size;
        EXPECT_EQ(opened.error().cause(), Cause::integrity) << size;
    }
}

TEST_F(Sealing, TakesTheSealOfAnotherKeyForForgery) {
    open();
    const auto sealed =
        wait_for(hsm->seal({Purpose::kek_pii, 1}, bytes_of("key"), bytes_of("row 1"), Deadline{})).value();
    const auto opened = open_sealed(sealed);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().cause(), Cause::integrity);
}

TEST_F(Sealing, KeepsPurposesApart) {
    open();
    EXPECT_FALSE(wait_for(hsm->seal(fingerprint_key, bytes_of("x"), {}, Deadline{})));
    EXPECT_FALSE(wait_for(hsm->mac(card_kek, SecretBytes::copy_of("x"), Deadline{})));
}

TEST_F(Sealing, RefusesAKeyThatIsNotThere) {
    open();
    const auto sealed = wait_for(hsm->seal({Purpose::kek_card, 7}, bytes_of("x"), {}, Deadline{}));
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().cause(), Cause::unavailable);
    EXPECT_TRUE(hsm->health().usable);
}

TEST_F(Sealing, RefusesMoreThan64KiB) {
    open();
    EXPECT_FALSE(seal(std::string(64 * 1024 + 1, 'x')));
    EXPECT_TRUE(seal(std::string(64 * 1024, 'x')));
}

TEST_F(Sealing, ComputesTheSameHmacForTheSameDataOnly) {
    open();
    const auto one = mac("4242");
    ASSERT_TRUE(one) << one.error().describe();
    EXPECT_EQ(*mac("4242"), *one);
    EXPECT_NE(*mac("4243"), *one);
    EXPECT_NE(*wait_for(hsm->mac({Purpose::velocity, 1}, SecretBytes::copy_of("4242"), Deadline{})), *one);
    EXPECT_NE(*one, common::crypto::sha256("4242"));
}

TEST_F(Sealing, SurvivesAnotherProcessLife) {
    open();
    const auto sealed = seal("key").value();
    const auto digest = mac("4242").value();
    hsm.reset();
    open();
    EXPECT_TRUE(open_sealed(sealed));
    EXPECT_EQ(*mac("4242"), digest);
}

TEST_F(Sealing, DrawsRandomBytesWithinItsLimit) {
    open();
    const auto one = wait_for(hsm->random(32, Deadline{}));
    const auto other = wait_for(hsm->random(32, Deadline{}));
    ASSERT_TRUE(one && other);
    EXPECT_NE(one->text(), other->text());
    EXPECT_FALSE(wait_for(hsm->random(0, Deadline{})));
    EXPECT_FALSE(wait_for(hsm->random(4097, Deadline{})));
}

TEST_F(Sealing, UsesAKeyMadeWhileItRuns) {
    open();
    ASSERT_FALSE(wait_for(hsm->seal({Purpose::kek_card, 2}, bytes_of("x"), {}, Deadline{})));
    {
        common::Metrics own;
        // The library of this process is in use, so the session of the program finds it initialised.
        const auto made = hsm::make_keys(token.setup(), {{Purpose::kek_card, 2}}, {}, own);
        ASSERT_TRUE(made) << made.error().describe();
    }
    const auto sealed = wait_for(hsm->seal({Purpose::kek_card, 2}, bytes_of("x"), {}, Deadline{}));
    EXPECT_TRUE(sealed) << sealed.error().describe();
}

}  // namespace
}  // namespace hsm_test
