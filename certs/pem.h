// PEM files: certificates, keys and revocation lists, read with a reason on failure and written atomically.
#pragma once

#include <string>
#include <vector>

#include "certs/openssl.h"
#include "common/result.h"
#include "common/secret.h"

namespace certs {

// Every function: 500 naming the file and the reason.

// All certificates of a file, in its order; at least one, at most 64 and 1 MiB.
common::Result<std::vector<X509Ptr>> read_certificates(const std::string& path);
// An unencrypted private key; refused when group or others may read the file.
common::Result<KeyPtr> read_private_key(const std::string& path);
// A private key that a passphrase protects; an unencrypted one is refused, since it would be anybody's.
common::Result<KeyPtr> read_protected_key(const std::string& path, const common::SecretBytes& passphrase);
common::Result<CrlPtr> read_crl(const std::string& path);

// Written beside the target with mode 0600 (keys) or 0644, synced, then renamed over it.
common::Status write_certificates(const std::string& path, const std::vector<X509*>& chain);
common::Status write_private_key(const std::string& path, EVP_PKEY* key);
// PKCS #8 encrypted by PBES2: AES-256-CBC under scrypt with N = 2^14, r = 8, p = 5, the most that programs of
// OpenSSL read without being told to (RFC 7914; OWASP's cheat sheet holds it equal to N = 2^17, p = 1).
common::Status write_protected_key(const std::string& path, EVP_PKEY* key,
                                   const common::SecretBytes& passphrase);
common::Status write_crl(const std::string& path, X509_CRL* crl);

bool exists(const std::string& path);

}  // namespace certs
