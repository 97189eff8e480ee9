#include "vault/cards/fingerprinter.h"

#include "common/base62.h"
#include "common/crypto.h"

namespace vault::cards {
namespace {

using common::Fail;
using common::SecretBytes;

// "portcullis-fingerprint" ‖ 0 ‖ account(8) ‖ mode(1) ‖ digits; only the last part varies in length.
SecretBytes input_of(common::AccountId account, bool livemode, std::string_view digits) {
    constexpr std::string_view context{"portcullis-fingerprint\0", 23};
    SecretBytes input{context.size() + 9 + digits.size()};
    auto out = std::copy(context.begin(), context.end(), input.bytes().begin());
    for (int shift = 56; shift >= 0; shift -= 8)
        *out++ = static_cast<std::uint8_t>(static_cast<std::uint64_t>(account.value) >> shift);
    *out++ = livemode ? 1 : 0;
    std::copy(digits.begin(), digits.end(), out);
    return input;
}

std::string render(const common::crypto::Digest& digest) {
    std::string text;
    for (std::size_t half = 0; half < 2; ++half) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i)
            value = value << 8 | digest[half * 8 + i];
        text += common::base62::encode(value, 11);
    }
    return text;
}

}  // namespace

common::Task<Fingerprint> Fingerprinter::of(common::AccountId account, bool livemode, const Pan& pan,
                                            common::Deadline deadline) {
    const auto key = co_await registry_.active(hsm::Purpose::fingerprint, deadline);
    if (!key) co_return Fail{key.error()};
    const auto mac = co_await hsm_.mac(*key, input_of(account, livemode, pan.digits(PanAccess{})), deadline);
    if (!mac) co_return Fail{mac.error()};
    co_return Fingerprint{render(*mac), key->version};
}

}  // namespace vault::cards
