#include "vault/cards/sealer.h"

#include "common/assert.h"
#include "vault/keys/associated_data.h"

namespace vault::cards {
namespace {

namespace crypto = common::crypto;
using common::Cause;
using common::Error;
using common::Fail;
using common::Result;
using common::SecretBytes;
using keys::AssociatedData;
using Span = std::span<const std::uint8_t>;

constexpr std::uint8_t format_version = 1, algorithm_aes_256_gcm = 1;
constexpr std::size_t header_size = 2 + card_key_id_size;
constexpr std::size_t plain_size = 64;
static_assert(record_size == header_size + crypto::gcm_iv_size + plain_size + crypto::gcm_tag_size);
static_assert(sealed_card_key_size == crypto::gcm_iv_size + crypto::gcm_key_size + crypto::gcm_tag_size);

// Layout of the plaintext: digits of the number(1) ‖ number(19, zero-padded) ‖ YYMM(4) ‖ zeros.
constexpr std::size_t number_at = 1, expiry_at = number_at + Pan::size_max;
static_assert(expiry_at + 4 <= plain_size);

AssociatedData record_context(const CardScope& scope, Span key_id, unsigned key_version) {
    AssociatedData context{"portcullis-card"};
    context.number(1, format_version).number(2, algorithm_aes_256_gcm).text(3, scope.token);
    context.number(4, static_cast<std::uint64_t>(scope.account.value))
        .bytes(5, key_id)
        .number(6, key_version);
    context.text(7, scope.livemode ? "live" : "test");
    return context;
}

AssociatedData key_context(const CardScope& scope, Span key_id, const keys::MerchantKey& merchant_key) {
    AssociatedData context{"portcullis-cdk"};
    context.bytes(1, key_id).text(2, scope.token).number(3, static_cast<std::uint64_t>(scope.account.value));
    context.text(4, merchant_key.id).number(5, merchant_key.version);
    return context;
}

std::vector<std::uint8_t> commitment_of(Span card_key) {
    const auto digest = crypto::hmac_sha256(card_key, "commit");
    return {digest.begin(), digest.begin() + commitment_size};
}

Error refused(common::Text what) {
    return Error::internal(what).with_cause(Cause::integrity);
}

// The sealer writes no other plaintext than these, so anything else means a fault of ours or a stolen key.
Result<CardSealer::Opened> card_of(const SecretBytes& plain) {
    const auto text = plain.text();
    const auto digits = static_cast<std::size_t>(plain.bytes()[0]);
    if (plain.size() != plain_size || digits > Pan::size_max)
        return Fail{refused("a card record has a wrong layout")};
    auto pan = Pan::parse(text.substr(number_at, digits));
    if (!pan) return Fail{refused("a card record holds no card number")};
    const auto yymm = text.substr(expiry_at, 4);
    if (!std::ranges::all_of(yymm, [](char c) { return c >= '0' && c <= '9'; }))
        return Fail{refused("a card record holds no expiry date")};
    const auto number = [&](std::size_t at) { return (yymm[at] - '0') * 10 + (yymm[at + 1] - '0'); };
    const Expiry expiry{number(2), 2000 + number(0)};
    if (expiry.month < 1 || expiry.month > 12) return Fail{refused("a card record holds no expiry date")};
    return CardSealer::Opened{std::move(*pan), expiry};
}

}  // namespace

SealedCard CardSealer::seal(const CardScope& scope, const Pan& pan, const Expiry& expiry,
                            const keys::MerchantKey& merchant_key, const SecretBytes& card_key) {
    PORTCULLIS_ASSERT(!pan.empty());
    PORTCULLIS_ASSERT(card_key.size() == crypto::gcm_key_size);
    PORTCULLIS_ASSERT(merchant_key.account == scope.account && merchant_key.livemode == scope.livemode);

    SecretBytes plain{plain_size};
    const auto number = pan.digits(PanAccess{});
    const auto yymm = expiry.yymm();
    plain.bytes()[0] = static_cast<std::uint8_t>(number.size());
    std::copy(number.begin(), number.end(), plain.bytes().begin() + number_at);
    std::copy(yymm.begin(), yymm.end(), plain.bytes().begin() + expiry_at);

    SealedCard sealed;
    sealed.key_id.resize(card_key_id_size);
    crypto::random_bytes(sealed.key_id);
    sealed.record_key_version = sealed.merchant_key_version = merchant_key.version;
    sealed.merchant_key_id = merchant_key.id;
    sealed.record = {format_version, algorithm_aes_256_gcm};
    sealed.record.insert(sealed.record.end(), sealed.key_id.begin(), sealed.key_id.end());
    const auto body = crypto::gcm_seal(card_key.bytes(), plain.bytes(),
                                       record_context(scope, sealed.key_id, merchant_key.version).span());
    sealed.record.insert(sealed.record.end(), body.begin(), body.end());
    sealed.sealed_key = crypto::gcm_seal(merchant_key.bytes.bytes(), card_key.bytes(),
                                         key_context(scope, sealed.key_id, merchant_key).span());
    sealed.commitment = commitment_of(card_key.bytes());
    return sealed;
}

std::optional<std::vector<std::uint8_t>> CardSealer::reseal_key(const CardScope& scope,
                                                                const SealedCard& card_key,
                                                                const keys::MerchantKey& from,
                                                                const keys::MerchantKey& to) {
    PORTCULLIS_ASSERT(from.account == scope.account && from.livemode == scope.livemode);
    PORTCULLIS_ASSERT(to.account == scope.account && to.livemode == scope.livemode);
    if (card_key.key_id.size() != card_key_id_size || card_key.sealed_key.size() != sealed_card_key_size)
        return std::nullopt;
    const auto bytes = crypto::gcm_open(from.bytes.bytes(), card_key.sealed_key,
                                        key_context(scope, card_key.key_id, from).span());
    if (!bytes || !common::equal_in_constant_time(commitment_of(bytes->bytes()), card_key.commitment))
        return std::nullopt;
    return crypto::gcm_seal(to.bytes.bytes(), bytes->bytes(), key_context(scope, card_key.key_id, to).span());
}

Result<CardSealer::Opened> CardSealer::open(const CardScope& scope, const SealedCard& sealed,
                                            const keys::MerchantKey& merchant_key) {
    const Span record{sealed.record};
    if (record.size() != record_size || record[0] != format_version || record[1] != algorithm_aes_256_gcm)
        return Fail{refused("a card record has an unknown form")};
    const auto key_id = record.subspan(2, card_key_id_size);
    if (!std::equal(key_id.begin(), key_id.end(), sealed.key_id.begin(), sealed.key_id.end()) ||
        merchant_key.version != sealed.merchant_key_version || merchant_key.id != sealed.merchant_key_id ||
        merchant_key.account != scope.account || merchant_key.livemode != scope.livemode)
        return Fail{refused("a card record and its keys do not belong together")};
    if (sealed.sealed_key.size() != sealed_card_key_size)
        return Fail{refused("a sealed card key has a wrong size")};

    const auto card_key = crypto::gcm_open(merchant_key.bytes.bytes(), sealed.sealed_key,
                                           key_context(scope, key_id, merchant_key).span());
    if (!card_key) return Fail{refused("a card key is not what was sealed")};
    if (!common::equal_in_constant_time(commitment_of(card_key->bytes()), sealed.commitment))
        return Fail{refused("a card key differs from its commitment")};
    const auto plain = crypto::gcm_open(card_key->bytes(), record.subspan(header_size),
                                        record_context(scope, key_id, sealed.record_key_version).span());
    if (!plain) return Fail{refused("a card record is not what was sealed")};

    return card_of(*plain);
}

}  // namespace vault::cards
