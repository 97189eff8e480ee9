// PEM files: certificates, keys and revocation lists, read with a reason on failure and written atomically.
#pragma once

#include <string>
#include <vector>

#include "certs/openssl.h"
#include "common/result.h"

namespace certs {

// Every function: 500 naming the file and the reason.

// All certificates of a file, in its order; at least one, at most 64 and 1 MiB.
common::Result<std::vector<X509Ptr>> read_certificates(const std::string& path);
// An unencrypted private key; refused when group or others may read the file.
common::Result<KeyPtr> read_private_key(const std::string& path);
common::Result<CrlPtr> read_crl(const std::string& path);

// Written beside the target with mode 0600 (keys) or 0644, synced, then renamed over it.
common::Status write_certificates(const std::string& path, const std::vector<X509*>& chain);
common::Status write_private_key(const std::string& path, EVP_PKEY* key);
common::Status write_crl(const std::string& path, X509_CRL* crl);

bool exists(const std::string& path);

}  // namespace certs
