#include "hsm/custody/shares.h"

#include <memory>
#include <mutex>
#include <new>

#include "common/crypto.h"

extern "C" {
#include <libgfshare.h>
}

namespace hsm::custody {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::SecretBytes;

constexpr std::size_t secret_bytes_min = 16;

struct FreeContext {
    void operator()(gfshare_ctx* context) const { gfshare_ctx_free(context); }  // overwrites it first
};
using ContextPtr = std::unique_ptr<gfshare_ctx, FreeContext>;

void fill_random(unsigned char* out, unsigned size) {
    common::crypto::random_bytes({out, size});
}

// The library has no source of its own that one could trust (random(), or none at all).
void use_our_randomness() {
    static std::once_flag once;
    std::call_once(once, [] { gfshare_fill_rand = fill_random; });
}

Fail refuse(common::Text why) {
    return Fail{Error::invalid("share_invalid", "", why)};
}

unsigned char* writable(const SecretBytes& bytes) {
    return const_cast<unsigned char*>(bytes.bytes().data());  // the library only reads them
}

}  // namespace

Result<std::vector<Share>> split_secret(const SecretBytes& secret, unsigned threshold, unsigned count) {
    if (threshold < 2 || threshold > count || count > shares_max)
        return refuse(
            "A secret is split among 2 to 16 custodians, of whom at least 2 and at most all are needed.");
    if (secret.size() < secret_bytes_min || secret.size() > share_bytes_max)
        return refuse("A secret of this size is not split.");
    use_our_randomness();
    std::vector<unsigned char> indexes;
    for (unsigned i = 1; i <= count; ++i)
        indexes.push_back(static_cast<unsigned char>(i));
    const ContextPtr context{gfshare_ctx_init_enc(
        indexes.data(), count, static_cast<unsigned char>(threshold), static_cast<unsigned>(secret.size()))};
    if (!context) throw std::bad_alloc{};
    gfshare_ctx_enc_setsecret(context.get(), writable(secret));
    std::vector<Share> shares;
    for (unsigned i = 0; i < count; ++i) {
        Share share{indexes[i], SecretBytes{secret.size()}};
        gfshare_ctx_enc_getshare(context.get(), static_cast<unsigned char>(i), share.bytes.bytes().data());
        shares.push_back(std::move(share));
    }
    return shares;
}

Result<SecretBytes> combine_shares(const std::vector<const Share*>& shares) {
    if (shares.size() < 2 || shares.size() > shares_max) return refuse("It takes 2 to 16 shares.");
    const auto size = shares.front()->bytes.size();
    std::vector<unsigned char> indexes;
    for (const auto* share : shares) {
        if (share->index == 0 || share->bytes.size() != size || size == 0 || size > share_bytes_max)
            return refuse("A share has no index, or another size than the first one.");
        if (std::ranges::find(indexes, share->index) != indexes.end())
            return refuse("One share was given twice.");
        indexes.push_back(share->index);
    }
    use_our_randomness();  // with which the library overwrites what it frees
    const ContextPtr context{gfshare_ctx_init_dec(indexes.data(), static_cast<unsigned>(indexes.size()),
                                                  static_cast<unsigned>(size))};
    if (!context) throw std::bad_alloc{};
    for (std::size_t i = 0; i < shares.size(); ++i)
        gfshare_ctx_dec_giveshare(context.get(), static_cast<unsigned char>(i), writable(shares[i]->bytes));
    SecretBytes secret{size};
    gfshare_ctx_dec_extract(context.get(), secret.bytes().data());
    return secret;
}

}  // namespace hsm::custody
