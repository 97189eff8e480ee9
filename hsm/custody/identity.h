// A custodian's key and certificate, and the files that custodians hand to one another.
#pragma once

#include <string>

#include "certs/openssl.h"
#include "common/crypto.h"
#include "common/result.h"

namespace hsm::custody {

inline constexpr std::size_t passphrase_min = 12, passphrase_max = 256;

// BASE.key, an EC key on P-256 under the passphrase (mode 0600), and BASE.pem, its self-signed certificate of
// three years, which signs approvals and opens shares. Nothing that is there is overwritten.
common::Status make_identity(const std::string& name, const std::string& base,
                             const common::SecretBytes& passphrase);

// A key with its certificate; refused when they do not belong together.
struct Identity {
    certs::X509Ptr certificate;
    certs::KeyPtr key;
};
common::Result<Identity> open_identity(const std::string& certificate_file, const std::string& key_file,
                                       const common::SecretBytes& passphrase);
// With a key that has no passphrase, in a file of mode 0600.
common::Result<Identity> open_identity(const std::string& certificate_file, const std::string& key_file);

// At most 1 MiB. 500 naming the file and the reason.
common::Result<common::crypto::Bytes> read_file(const std::string& path);
// A new file of mode 0600; 500 when there is one of that name already.
common::Status write_new_file(const std::string& path, std::string_view text);

}  // namespace hsm::custody
