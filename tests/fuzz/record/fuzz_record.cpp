// The vault's record of a card (vault/cards/sealer.h), by the first byte: a forged part beside genuine ones
// must be refused; a forged plaintext under the right keys must be refused or be a card that seals and opens
// again.
#include <cstdlib>

#include "unit/vault/access.h"
#include "vault/cards/sealer.h"
#include "vault/keys/associated_data.h"

namespace {

namespace crypto = common::crypto;
using vault::cards::CardScope;
using vault::cards::CardSealer;
using vault::cards::Expiry;
using vault::cards::Pan;
using vault::cards::PanTestAccess;
using vault::cards::SealedCard;
using vault::keys::AssociatedData;

using Input = std::span<const std::uint8_t>;
constexpr std::size_t header_size = 18, plain_size = 64;

void require(bool holds) {
    if (!holds) std::abort();
}

struct Genuine {
    Genuine() {
        std::ranges::fill(card_key.bytes(), std::uint8_t{0x11});
        std::ranges::fill(merchant_key.bytes.bytes(), std::uint8_t{0x22});
        sealed =
            CardSealer::seal(scope, *Pan::parse("4242424242424242"), Expiry{9, 2031}, merchant_key, card_key);
    }
    CardScope scope{common::AccountId{4711}, false, "vt_test_first"};
    vault::keys::MerchantKey merchant_key{
        scope.account, false, 1, "mk_1", vault::keys::KeyState::active, common::SecretBytes{32}};
    common::SecretBytes card_key{32};
    SealedCard sealed;
};

void refuse_forged(const Genuine& genuine, std::vector<std::uint8_t> SealedCard::* part, Input input) {
    auto forged = genuine.sealed;
    (forged.*part).assign(input.begin(), input.end());
    const auto opened = CardSealer::open(genuine.scope, forged, genuine.merchant_key);
    if (forged.*part == genuine.sealed.*part)
        require(opened.has_value());
    else
        require(!opened && opened.error().cause() == common::Cause::integrity);
}

// Written from the description of the format, so that it also notices when the sealer leaves it.
SealedCard seal_plaintext(const Genuine& genuine, Input plain) {
    auto sealed = genuine.sealed;
    AssociatedData context{"portcullis-card"};
    context.number(1, 1).number(2, 1).text(3, genuine.scope.token);
    context.number(4, static_cast<std::uint64_t>(genuine.scope.account.value));
    context.bytes(5, sealed.key_id).number(6, sealed.record_key_version).text(7, "test");
    const auto body = crypto::gcm_seal(genuine.card_key.bytes(), plain, context.span());
    sealed.record.resize(header_size);
    sealed.record.insert(sealed.record.end(), body.begin(), body.end());
    return sealed;
}

void open_plaintext(const Genuine& genuine, Input input) {
    std::array<std::uint8_t, plain_size> plain{};
    std::copy_n(input.begin(), std::min(input.size(), plain.size()), plain.begin());
    const auto opened = CardSealer::open(genuine.scope, seal_plaintext(genuine, plain), genuine.merchant_key);
    if (!opened) {
        require(opened.error().cause() == common::Cause::integrity);
        return;
    }
    require(opened->expiry.month >= 1 && opened->expiry.month <= 12);
    require(opened->expiry.year >= 2000 && opened->expiry.year <= 2099);
    const auto again = CardSealer::open(
        genuine.scope,
        CardSealer::seal(genuine.scope, opened->pan, opened->expiry, genuine.merchant_key, genuine.card_key),
        genuine.merchant_key);
    require(again && PanTestAccess::digits(again->pan) == PanTestAccess::digits(opened->pan));
    require(again->expiry.yymm() == opened->expiry.yymm());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Genuine genuine;
    if (size == 0) return 0;
    const Input input{data + 1, size - 1};
    switch (data[0] % 5) {
        case 0:
            refuse_forged(genuine, &SealedCard::record, input);
            break;
        case 1:
            refuse_forged(genuine, &SealedCard::sealed_key, input);
            break;
        case 2:
            refuse_forged(genuine, &SealedCard::commitment, input);
            break;
        case 3:
            refuse_forged(genuine, &SealedCard::key_id, input);
            break;
        default:
            open_plaintext(genuine, input);
    }
    return 0;
}
