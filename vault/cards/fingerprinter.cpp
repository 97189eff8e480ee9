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
    auto all = co_await of_all(account, livemode, {&pan}, deadline);
    if (!all) co_return Fail{std::move(all).error()};
    co_return std::move(all->front());
}

common::Task<std::vector<Fingerprint>> Fingerprinter::of_all(common::AccountId account, bool livemode,
                                                             std::vector<const Pan*> pans,
                                                             common::Deadline deadline) {
    const auto key = co_await registry_.active(hsm::Purpose::fingerprint, deadline);
    if (!key) co_return Fail{key.error()};
    co_return co_await of_all(account, livemode, std::move(pans), *key, deadline);
}

common::Task<std::vector<Fingerprint>> Fingerprinter::of_all(common::AccountId account, bool livemode,
                                                             std::vector<const Pan*> pans, hsm::KeyRef key,
                                                             common::Deadline deadline) {
    constexpr std::size_t at_a_time = 64;
    std::vector<Fingerprint> fingerprints;
    fingerprints.reserve(pans.size());
    while (fingerprints.size() < pans.size()) {
        std::vector<SecretBytes> inputs;
        const auto end = std::min(pans.size(), fingerprints.size() + at_a_time);
        for (auto i = fingerprints.size(); i < end; ++i)
            inputs.push_back(input_of(account, livemode, pans[i]->digits(PanAccess{})));
        const auto macs = co_await hsm_.macs(key, std::move(inputs), deadline);
        if (!macs) co_return Fail{macs.error()};
        for (const auto& mac : *macs)
            fingerprints.push_back({render(mac), key.version});
    }
    co_return fingerprints;
}

}  // namespace vault::cards
