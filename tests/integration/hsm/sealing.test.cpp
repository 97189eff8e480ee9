#include "fixture.h"

namespace hsm_test {
namespace {

template <class Token>
class Sealing : public TokenTest<Token> {};
TYPED_TEST_SUITE(Sealing, EveryModule);

TYPED_TEST(Sealing, OpensWhatWasSealed) {
    this->open();
    const auto sealed = this->seal("a merchant key of 32 bytes length");
    ASSERT_TRUE(sealed) << sealed.error().describe();
    EXPECT_EQ(sealed->size(), 12 + 33 + 16);
    const auto plain = this->open_sealed(*sealed);
    ASSERT_TRUE(plain) << plain.error().describe();
    EXPECT_EQ(plain->text(), "a merchant key of 32 bytes length");
}

TYPED_TEST(Sealing, OpensNothingAtAllToo) {
    this->open();
    const auto sealed = this->seal("", "");
    ASSERT_TRUE(sealed) << sealed.error().describe();
    EXPECT_TRUE(this->open_sealed(*sealed, ""));
}

TYPED_TEST(Sealing, NeverUsesAnIvTwice) {
    this->open();
    std::set<Bytes> ivs;
    for (int i = 0; i < 200; ++i) {
        const auto sealed = this->seal("the same text");
        ASSERT_TRUE(sealed);
        EXPECT_TRUE(ivs.insert(Bytes(sealed->begin(), sealed->begin() + 12)).second);
    }
}

TYPED_TEST(Sealing, TakesOtherAssociatedDataForForgery) {
    this->open();
    const auto sealed = this->seal("key", "merchant 1").value();
    const auto opened = this->open_sealed(sealed, "merchant 2");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().cause(), Cause::integrity);
}

TYPED_TEST(Sealing, TakesAnyFlippedBitForForgeryAndGoesOn) {
    this->open();
    const auto sealed = this->seal("key").value();
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto forged = sealed;
        forged[i] ^= 0x10;
        const auto opened = this->open_sealed(forged);
        ASSERT_FALSE(opened) << i;
        EXPECT_EQ(opened.error().cause(), Cause::integrity) << i;
    }
    EXPECT_TRUE(this->hsm->health().usable);
    EXPECT_TRUE(this->open_sealed(sealed));
    EXPECT_EQ(this->metrics.counter_value("hsm_integrity_failures_total"),
              static_cast<double>(sealed.size()));
}

TYPED_TEST(Sealing, TakesEveryTruncationForForgery) {
    this->open();
    const auto sealed = this->seal("key").value();
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        const auto opened =
            this->open_sealed(Bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)));
        ASSERT_FALSE(opened) << size;
        EXPECT_EQ(opened.error().cause(), Cause::integrity) << size;
    }
}

TYPED_TEST(Sealing, TakesTheSealOfAnotherKeyForForgery) {
    this->open();
    const auto sealed =
        wait_for(this->hsm->seal({Purpose::kek_pii, 1}, bytes_of("key"), bytes_of("row 1"), Deadline{}))
            .value();
    const auto opened = this->open_sealed(sealed);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().cause(), Cause::integrity);
}

TYPED_TEST(Sealing, KeepsPurposesApart) {
    this->open();
    EXPECT_FALSE(wait_for(this->hsm->seal(fingerprint_key, bytes_of("x"), {}, Deadline{})));
    EXPECT_FALSE(wait_for(this->hsm->mac(card_kek, SecretBytes::copy_of("x"), Deadline{})));
}

TYPED_TEST(Sealing, RefusesAKeyThatIsNotThere) {
    this->open();
    const auto sealed = wait_for(this->hsm->seal({Purpose::kek_card, 7}, bytes_of("x"), {}, Deadline{}));
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().cause(), Cause::unavailable);
    EXPECT_TRUE(this->hsm->health().usable);
}

TYPED_TEST(Sealing, RefusesMoreThan64KiB) {
    this->open();
    EXPECT_FALSE(this->seal(std::string(64 * 1024 + 1, 'x')));
    EXPECT_TRUE(this->seal(std::string(64 * 1024, 'x')));
}

TYPED_TEST(Sealing, ComputesTheSameHmacForTheSameDataOnly) {
    this->open();
    const auto one = this->mac("4242");
    ASSERT_TRUE(one) << one.error().describe();
    EXPECT_EQ(*this->mac("4242"), *one);
    EXPECT_NE(*this->mac("4243"), *one);
    EXPECT_NE(*wait_for(this->hsm->mac({Purpose::velocity, 1}, SecretBytes::copy_of("4242"), Deadline{})),
              *one);
    EXPECT_NE(*one, common::crypto::sha256("4242"));
}

TYPED_TEST(Sealing, SurvivesAnotherProcessLife) {
    this->open();
    const auto sealed = this->seal("key").value();
    const auto digest = this->mac("4242").value();
    this->hsm.reset();
    this->open();
    EXPECT_TRUE(this->open_sealed(sealed));
    EXPECT_EQ(*this->mac("4242"), digest);
}

TYPED_TEST(Sealing, DrawsRandomBytesWithinItsLimit) {
    this->open();
    const auto one = wait_for(this->hsm->random(32, Deadline{}));
    const auto other = wait_for(this->hsm->random(32, Deadline{}));
    ASSERT_TRUE(one && other);
    EXPECT_NE(one->text(), other->text());
    EXPECT_FALSE(wait_for(this->hsm->random(0, Deadline{})));
    EXPECT_FALSE(wait_for(this->hsm->random(4097, Deadline{})));
}

TYPED_TEST(Sealing, UsesAKeyMadeWhileItRuns) {
    this->open();
    ASSERT_FALSE(wait_for(this->hsm->seal({Purpose::kek_card, 2}, bytes_of("x"), {}, Deadline{})));
    {
        common::Metrics own;
        // The library of this process is in use, so the session of the program finds it initialised.
        const auto made = hsm::make_keys(this->token.setup(), {{Purpose::kek_card, 2}}, own);
        ASSERT_TRUE(made) << made.error().describe();
    }
    const auto sealed = wait_for(this->hsm->seal({Purpose::kek_card, 2}, bytes_of("x"), {}, Deadline{}));
    EXPECT_TRUE(sealed) << sealed.error().describe();
}

}  // namespace
}  // namespace hsm_test
