#include "vault/iso8583/mac.h"

#include <memory>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/assert.h"

namespace vault::iso8583 {
namespace {

EVP_MAC* cmac() {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "CMAC", nullptr);
    PORTCULLIS_ASSERT(algorithm != nullptr);
    return algorithm;
}

}  // namespace

std::string mac_of(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data) {
    PORTCULLIS_ASSERT(key.size() == 16);
    const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context{EVP_MAC_CTX_new(cmac()),
                                                                            &EVP_MAC_CTX_free};
    std::string cipher = "AES-128-CBC";
    const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher.data(), 0),
                                OSSL_PARAM_construct_end()};
    std::array<std::uint8_t, 16> tag{};
    std::size_t size = 0;
    PORTCULLIS_ASSERT(context != nullptr &&
                      EVP_MAC_init(context.get(), key.data(), key.size(), parameters.data()) == 1 &&
                      EVP_MAC_update(context.get(), data.data(), data.size()) == 1 &&
                      EVP_MAC_final(context.get(), tag.data(), &size, tag.size()) == 1 && size == tag.size());
    std::string text;
    for (std::size_t i = 0; i < 8; ++i) {
        text.push_back("0123456789ABCDEF"[tag[i] >> 4]);
        text.push_back("0123456789ABCDEF"[tag[i] & 0xF]);
    }
    return text;
}

}  // namespace vault::iso8583
