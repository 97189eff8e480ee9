// Making X.509 certificates.
#pragma once

#include <chrono>
#include <string>

#include "certs/identity.h"
#include "certs/openssl.h"
#include "common/result.h"

namespace certs {

struct CertificateSpec {
    std::string common_name;
    Names names = {};                      // subjectAltName; left out when all are empty
    std::chrono::seconds starts_in{-300};  // notBefore, from now; the past allows for clocks that are behind
    std::chrono::seconds ends_in{std::chrono::days{30}};
    std::string basic_constraints =
        "critical,CA:FALSE";  // in the notation of OpenSSL's configuration; "" = none
    std::string key_usage = "critical,digitalSignature";
    std::string extended_key_usage = {};
    const EVP_MD* digest = EVP_sha256();
};

KeyPtr make_key();  // ECDSA P-256

// Signed by `issuer` with its key; self-signed when `issuer` is null. The serial is 128 random bits (RFC 5280
// section 4.1.2.2 allows 159). 400 naming the field when a name cannot be encoded.
common::Result<X509Ptr> make_certificate(const CertificateSpec& spec, EVP_PKEY* subject_key, X509* issuer,
                                         EVP_PKEY* issuer_key);

}  // namespace certs
