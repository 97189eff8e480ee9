// What a custodian takes upon himself, and his signature below it. PCI DSS 4.0.1 requirements 3.6.1.3, 3.7.8.
#pragma once

#include <string>

#include "certs/openssl.h"
#include "common/crypto.h"
#include "common/result.h"

namespace hsm::custody {

// The text of the version that is asked for today.
std::string responsibilities();

// The document that `name` signs: his name, his certificate, and the responsibilities word by word.
common::Result<std::string> acknowledgement_text(const std::string& name, X509* certificate);

struct Acknowledged {
    std::string name;
    certs::X509Ptr certificate;
    std::string text;  // the document
};
// Takes a CMS SignedData of such a document that was signed with the key of the certificate in it. 400 saying
// what is wrong; the words must be those of a version that this program knows.
common::Result<Acknowledged> read_acknowledgement(std::span<const std::uint8_t> cms);

// Why a custodian cannot use this certificate now; nothing when he can: within its time, and its key is on
// P-256, P-384 or P-521, or RSA of at least 2048 bits.
std::optional<std::string> fault_of_certificate(X509* certificate);

common::crypto::Bytes der_of(X509* certificate);
common::Result<certs::X509Ptr> certificate_of(std::span<const std::uint8_t> der);

}  // namespace hsm::custody
