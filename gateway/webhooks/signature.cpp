#include "gateway/webhooks/signature.h"

#include "common/crypto.h"

namespace gateway::webhooks {
namespace {

constexpr std::size_t secret_characters = 32;  // 190 bits

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

common::SecretText new_secret() {
    common::SecretText secret{secret_prefix};
    secret.append(common::crypto::random_secret(secret_characters).view());
    return secret;
}

std::string signature_header(std::int64_t seconds, std::string_view body,
                             std::span<const common::SecretText> secrets) {
    const auto time = std::to_string(seconds);
    std::string signed_text = time;
    signed_text += '.';
    signed_text += body;
    std::string header = "t=" + time;
    for (const auto& secret : secrets)
        header += ",v1=" +
                  common::crypto::to_hex(common::crypto::hmac_sha256(bytes_of(secret.view()), signed_text));
    return header;
}

}  // namespace gateway::webhooks
