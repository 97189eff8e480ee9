// Cryptographic Message Syntax, RFC 5652: what `openssl cms` and smart cards read and write too. Signatures
// of custodians, shares sealed to one, keys of card exports.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "certs/openssl.h"
#include "common/crypto.h"
#include "common/result.h"

namespace certs {

inline constexpr std::size_t cms_bytes_max = 1 << 20;

// Every function takes DER or PEM ("BEGIN CMS", "BEGIN PKCS7") of at most 1 MiB and gives PEM. Errors are 400
// and say what is wrong.

// SignedData with its content inside, SHA-256, signed attributes and the signer's certificate.
common::Result<std::string> cms_sign(std::span<const std::uint8_t> content, X509* signer, EVP_PKEY* key);

// The content, when `signer` signed it: one SignerInfo of that certificate's key and no other, with signed
// attributes and a digest of the SHA-2 family of at least 256 bits. `detached`: the content of a signature
// that has none inside; when it has one they must be equal. Neither chain nor validity are looked at.
common::Result<common::crypto::Bytes> cms_verify(std::span<const std::uint8_t> cms, X509* signer,
                                                 std::span<const std::uint8_t> detached = {});
// Whether the one signature says that it is of this certificate; it may be lying.
common::Result<bool> cms_names_signer(std::span<const std::uint8_t> cms, X509* signer);
// The content of a SignedData before anything is verified: to find out whose certificate to verify it with.
common::Result<common::crypto::Bytes> cms_content_unverified(std::span<const std::uint8_t> cms);

// AuthEnvelopedData (RFC 5083) under AES-256-GCM (RFC 5084) for each of the recipients: ECDH with
// X9.63-KDF-SHA-256 (RFC 5753) or RSA-OAEP-SHA-256.
common::Result<std::string> cms_seal(std::span<const std::uint8_t> plain,
                                     const std::vector<X509*>& recipients);
// AuthEnvelopedData, or EnvelopedData by AES in CBC mode, which older programs write: then only what is
// inside can tell whether it was changed.
common::Result<common::SecretBytes> cms_open(std::span<const std::uint8_t> cms, X509* recipient,
                                             EVP_PKEY* key);

}  // namespace certs
