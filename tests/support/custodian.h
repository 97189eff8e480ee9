// A custodian of a test: a key, its certificate and what he signs with it.
#pragma once

#include <string>

#include "certs/certificate.h"
#include "certs/cms.h"
#include "hsm/custody/acknowledgement.h"

namespace support {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct TestCustodian {
    std::string name;
    certs::KeyPtr key;
    certs::X509Ptr certificate;

    // An own key, unless he is given another one's.
    explicit TestCustodian(std::string called, EVP_PKEY* borrowed = nullptr,
                           certs::CertificateSpec spec = {.common_name = "custodian", .names = {}})
        : name{std::move(called)} {
        if (borrowed != nullptr) EVP_PKEY_up_ref(borrowed);
        key = borrowed != nullptr ? certs::KeyPtr{borrowed} : certs::make_key();
        spec.key_usage = "critical,digitalSignature,keyAgreement";
        certificate = std::move(*certs::make_certificate(spec, key.get(), nullptr, key.get()));
    }
    common::crypto::Bytes sign(std::string_view text) const {
        const auto pem = *certs::cms_sign(bytes_of(text), certificate.get(), key.get());
        return {pem.begin(), pem.end()};
    }
    common::crypto::Bytes acknowledgement() const {
        return sign(*hsm::custody::acknowledgement_text(name, certificate.get()));
    }
};

}  // namespace support
