// The envelope of one card. Record format 1, big-endian:
//   version(1)=1 ‖ algorithm(1)=1 (AES-256-GCM) ‖ card key id(16) ‖ iv(12) ‖ ciphertext(64) ‖ tag(16)
// The plaintext is padded to 64 bytes, so its length says nothing. Each card has a key of its own, sealed by
// the merchant key; associated data at both levels names token, account, mode and keys, so nothing fits
// elsewhere.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/crypto.h"
#include "common/ids.h"
#include "common/result.h"
#include "vault/cards/pan.h"
#include "vault/keys/merchant_key.h"

namespace vault::cards {

inline constexpr std::size_t record_size = 110, card_key_id_size = 16, commitment_size = 16;
inline constexpr std::size_t sealed_card_key_size = 60;

// Where a record belongs.
struct CardScope {
    common::AccountId account;
    bool livemode = false;
    std::string token;
};

// What the two rows of a card hold.
struct SealedCard {
    std::vector<std::uint8_t> record;
    unsigned record_key_version = 0;  // version of the merchant key when the card was sealed; never changes
    std::vector<std::uint8_t> key_id;
    std::string merchant_key_id;
    unsigned merchant_key_version = 0;  // of the present seal of the card key
    std::vector<std::uint8_t> sealed_key;
    std::vector<std::uint8_t>
        commitment;  // AES-GCM does not commit to its key: HMAC-SHA-256(key, "commit"), 16 bytes
};

class CardSealer {
  public:
    static SealedCard seal(const CardScope& scope, const Pan& pan, const Expiry& expiry,
                           const keys::MerchantKey& merchant_key, const common::SecretBytes& card_key);

    struct Opened {
        Pan pan;
        Expiry expiry;
    };
    // The card key under another merchant key. The record stays as it is and is not needed for this, so no
    // card is opened. Nothing when the key is not what was sealed.
    static std::optional<std::vector<std::uint8_t>> reseal_key(const CardScope& scope,
                                                               const SealedCard& card_key,
                                                               const keys::MerchantKey& from,
                                                               const keys::MerchantKey& to);
    // Cause::integrity for whatever does not fit: a moved, changed, shortened or foreign part.
    static common::Result<Opened> open(const CardScope& scope, const SealedCard& sealed,
                                       const keys::MerchantKey& merchant_key);
};

}  // namespace vault::cards
