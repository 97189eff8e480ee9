#include "vault/cards/sealer.h"

#include <gtest/gtest.h>

#include "common/crypto.h"
#include "unit/vault/access.h"
#include "vault/keys/associated_data.h"

namespace {

using common::AccountId;
using common::SecretBytes;
using vault::cards::CardScope;
using vault::cards::CardSealer;
using vault::cards::Expiry;
using vault::cards::Pan;
using vault::cards::PanTestAccess;
using vault::cards::SealedCard;
using vault::keys::KeyState;
using vault::keys::MerchantKey;

SecretBytes random_key() {
    SecretBytes key{32};
    common::crypto::random_bytes(key.bytes());
    return key;
}

MerchantKey merchant_key(AccountId account, unsigned version = 1, bool livemode = false) {
    return {account, livemode, version, "mk_" + std::to_string(version), KeyState::active, random_key()};
}

class Envelope : public testing::Test {
  protected:
    AccountId account{4711};
    CardScope scope{account, false, "vt_test_first"};
    MerchantKey key = merchant_key(account);
    SecretBytes card_key = random_key();
    SealedCard sealed =
        CardSealer::seal(scope, *Pan::parse("4242424242424242"), Expiry{9, 2031}, key, card_key);

    static void expect_refused(const CardScope& where, const SealedCard& what, const MerchantKey& with) {
        const auto opened = CardSealer::open(where, what, with);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().cause(), common::Cause::integrity);
        EXPECT_EQ(opened.error().status(), 500);
    }
};

TEST_F(Envelope, GivesBackWhatWasSealed) {
    const auto opened = CardSealer::open(scope, sealed, key);
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(PanTestAccess::digits(opened->pan), "4242424242424242");
    EXPECT_EQ(opened->expiry.yymm(), "3109");
    EXPECT_EQ(opened->expiry.year, 2031);
}

TEST_F(Envelope, HasTheSameSizeForEachCard) {
    for (const char* number : {"4222222222222", "378282246310005", "6205500000000000004"}) {
        const auto other = CardSealer::seal(scope, *Pan::parse(number), Expiry{1, 2030}, key, random_key());
        EXPECT_EQ(other.record.size(), vault::cards::record_size);
        EXPECT_EQ(PanTestAccess::digits(CardSealer::open(scope, other, key)->pan), number);
    }
}

// PCI DSS 4.0.1: 3.5.1
TEST_F(Envelope, HoldsNoDigitsInTheClear) {
    const std::string record{sealed.record.begin(), sealed.record.end()};
    EXPECT_EQ(record.find("42424242"), std::string::npos);
    EXPECT_EQ(record[0], 1);
    EXPECT_EQ(record[1], 1);
}

TEST_F(Envelope, IsAnotherOneEachTime) {
    const auto again =
        CardSealer::seal(scope, *Pan::parse("4242424242424242"), Expiry{9, 2031}, key, card_key);
    EXPECT_NE(again.record, sealed.record);
    EXPECT_NE(again.sealed_key, sealed.sealed_key);
    EXPECT_NE(again.key_id, sealed.key_id);
}

// PCI DSS 4.0.1: 3.7.7
TEST_F(Envelope, OpensUnderItsOwnTokenAccountAndModeOnly) {
    expect_refused({account, false, "vt_test_second"}, sealed, key);
    expect_refused({AccountId{4712}, false, scope.token}, sealed, key);
    expect_refused({account, true, scope.token}, sealed, key);
    // The same key under the labels that the attacker would have to forge: only the associated data is left.
    MerchantKey relabelled{
        AccountId{4712}, false, 1, key.id, KeyState::active, SecretBytes::copy_of(key.bytes.bytes())};
    expect_refused({AccountId{4712}, false, scope.token}, sealed, relabelled);
    MerchantKey live{account, true, 1, key.id, KeyState::active, SecretBytes::copy_of(key.bytes.bytes())};
    expect_refused({account, true, scope.token}, sealed, live);
}

TEST_F(Envelope, RefusesPartsOfAnotherCard) {
    const CardScope other_scope{account, false, "vt_test_second"};
    const auto other =
        CardSealer::seal(other_scope, *Pan::parse("5555555555554444"), Expiry{1, 2030}, key, random_key());
    const auto swapped = [&](auto member) {
        SealedCard mixed = sealed;
        mixed.*member = other.*member;
        return mixed;
    };
    expect_refused(scope, swapped(&SealedCard::record), key);
    expect_refused(scope, swapped(&SealedCard::key_id), key);
    expect_refused(scope, swapped(&SealedCard::sealed_key), key);
    expect_refused(scope, swapped(&SealedCard::commitment), key);
    expect_refused(scope, other, key);
    auto with_key = sealed;  // everything of the key, so that it opens, but under the other card's record
    with_key.record = other.record;
    with_key.key_id = other.key_id;
    with_key.sealed_key = other.sealed_key;
    with_key.commitment = other.commitment;
    expect_refused(scope, with_key, key);
}

TEST_F(Envelope, RefusesAnotherVersionOfTheMerchantKey) {
    auto renamed = sealed;
    renamed.merchant_key_version = 2;
    MerchantKey second{account, false, 2, key.id, KeyState::active, SecretBytes::copy_of(key.bytes.bytes())};
    expect_refused(scope, renamed, second);
    expect_refused(scope, sealed, merchant_key(account));
    auto born_later = sealed;
    born_later.record_key_version = 2;
    expect_refused(scope, born_later, key);
}

TEST_F(Envelope, RefusesAKeyThatOpensButIsNotTheOneCommittedTo) {
    auto forged = sealed;
    forged.commitment.assign(vault::cards::commitment_size, 0);
    expect_refused(scope, forged, key);
    forged.commitment.clear();
    expect_refused(scope, forged, key);
}

TEST_F(Envelope, RefusesEveryChangedByte) {
    for (std::size_t i = 0; i < sealed.record.size(); ++i) {
        auto changed = sealed;
        changed.record[i] ^= 0x40;
        expect_refused(scope, changed, key);
    }
    for (std::size_t i = 0; i < sealed.sealed_key.size(); ++i) {
        auto changed = sealed;
        changed.sealed_key[i] ^= 1;
        expect_refused(scope, changed, key);
    }
}

TEST_F(Envelope, RefusesEveryOtherLength) {
    for (std::size_t size = 0; size < sealed.record.size() + 20; ++size) {
        if (size == sealed.record.size()) continue;
        auto cut = sealed;
        cut.record.resize(size);
        expect_refused(scope, cut, key);
    }
    for (std::size_t size = 0; size < sealed.sealed_key.size() + 20; ++size) {
        if (size == sealed.sealed_key.size()) continue;
        auto cut = sealed;
        cut.sealed_key.resize(size);
        expect_refused(scope, cut, key);
    }
}

TEST_F(Envelope, RefusesNoise) {
    for (int round = 0; round < 2000; ++round) {
        auto noise = sealed;
        common::crypto::random_bytes(noise.record);
        noise.record[0] = noise.record[1] = 1;
        noise.key_id.assign(noise.record.begin() + 2, noise.record.begin() + 18);
        expect_refused(scope, noise, key);
    }
}

TEST_F(Envelope, OpensAfterItsKeyWasSealedByANewerMerchantKey) {
    // What a rotation does: the record stays, only the sealed key and the version it names change.
    const auto second = merchant_key(account, 2);
    const auto resealed =
        CardSealer::seal(scope, *Pan::parse("4242424242424242"), Expiry{9, 2031}, second, card_key);
    EXPECT_EQ(resealed.merchant_key_version, 2U);
    EXPECT_TRUE(CardSealer::open(scope, resealed, second));
    expect_refused(scope, resealed, key);
}

// Whoever holds the keys could write any plaintext; what is no card must not reach the acquirer as one.
TEST_F(Envelope, RefusesAPlaintextThatIsNoCard) {
    const auto forged = [&](std::string_view number, std::string_view yymm) {
        std::vector<std::uint8_t> plain(64);
        plain[0] = static_cast<std::uint8_t>(number.size());
        std::ranges::copy(number, plain.begin() + 1);
        std::ranges::copy(yymm, plain.begin() + 20);
        vault::keys::AssociatedData context{"portcullis-card"};
        context.number(1, 1).number(2, 1).text(3, scope.token).number(4, 4711);
        context.bytes(5, sealed.key_id).number(6, 1).text(7, "test");
        const auto body = common::crypto::gcm_seal(card_key.bytes(), plain, context.span());
        auto card = sealed;
        card.record.resize(18);
        card.record.insert(card.record.end(), body.begin(), body.end());
        return card;
    };
    ASSERT_TRUE(CardSealer::open(scope, forged("4242424242424242", "3109"), key));
    expect_refused(scope, forged("4242424242424242", "3113"), key);
    expect_refused(scope, forged("4242424242424242", "3100"), key);
    expect_refused(scope, forged("4242424242424242", "3x09"), key);
    expect_refused(scope, forged("4242424242424242", ""), key);
    expect_refused(scope, forged("4242424242424241", "3109"), key);
    expect_refused(scope, forged("", "3109"), key);
    auto overlong = std::string(19, '4');
    overlong.push_back('4');
    expect_refused(scope, forged(overlong, "09"), key);
}

}  // namespace
