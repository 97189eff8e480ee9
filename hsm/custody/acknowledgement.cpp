#include "hsm/custody/acknowledgement.h"

#include <openssl/ec.h>

#include "certs/cms.h"
#include "certs/identity.h"
#include "common/json.h"
#include "hsm/custody/documents.h"

namespace hsm::custody {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
namespace crypto = common::crypto;
namespace json = boost::json;

constexpr const char* kind = "portcullis-acknowledgement-1";
constexpr int rsa_bits_min = 2048, words_version = 1;

// Never edited once somebody has signed it: a new text is a new version beside this one.
constexpr const char* responsibilities_1 =
    "I am a custodian of keys. I keep my private key, its passphrase and my shares to myself, apart from one "
    "another and under lock. I sign only what I have read and understood, for its stated purpose, and never "
    "because I was told to. I never hold the key, passphrase or share of another custodian, and never let "
    "another use mine. I report at once when my key, passphrase or share is lost, copied or used without me, "
    "and when I am asked to act outside of a ceremony or an approval. I hand everything back when I leave or "
    "am removed. I have been told that what I do as a custodian is recorded.";

Fail refuse(common::Text why, std::string_view what = "") {
    return Fail{Error::invalid("acknowledgement_invalid", "", why, {Safe::param(what)})};
}

bool is_strong(EVP_PKEY* key) {
    const int type = EVP_PKEY_get_base_id(key);
    if (type == EVP_PKEY_RSA) return EVP_PKEY_get_bits(key) >= rsa_bits_min;
    char group[64] = {};
    if (type != EVP_PKEY_EC || EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return false;
    const std::string_view name{group};
    return name == "prime256v1" || name == "secp384r1" || name == "secp521r1";
}

}  // namespace

std::string responsibilities() {
    return responsibilities_1;
}

crypto::Bytes der_of(X509* certificate) {
    unsigned char* raw = nullptr;
    const int size = i2d_X509(certificate, &raw);
    if (size <= 0) throw std::bad_alloc{};
    crypto::Bytes der(raw, raw + size);
    OPENSSL_free(raw);
    return der;
}

Result<certs::X509Ptr> certificate_of(std::span<const std::uint8_t> der) {
    const auto* next = der.data();
    certs::X509Ptr certificate{d2i_X509(nullptr, &next, static_cast<long>(der.size()))};
    certs::last_openssl_error();
    if (!certificate || next != der.data() + der.size())
        return Fail{Error::invalid("certificate_invalid", "", "This is no X.509 certificate.")};
    return certificate;
}

std::optional<std::string> fault_of_certificate(X509* certificate) {
    auto* const key = X509_get0_pubkey(certificate);
    certs::last_openssl_error();
    if (key == nullptr || !is_strong(key))
        return "its key must be on P-256, P-384 or P-521, or RSA of at least 2048 bits";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) return "it is not valid yet";
    if (certs::seconds_until(X509_get0_notAfter(certificate)) <= 0) return "it has expired";
    const auto usage = X509_get_key_usage(certificate);  // all bits when the extension is absent
    if ((usage & KU_DIGITAL_SIGNATURE) == 0) return "its key may not sign (keyUsage)";
    return std::nullopt;
}

Result<std::string> acknowledgement_text(const std::string& name, X509* certificate) {
    if (!is_custodian_name(name))
        return refuse("A custodian's name has 1 to 32 of a-z, 0-9, '-' and '_', and begins with a letter.");
    return canonical(json::object{{"document", kind},
                                  {"name", name},
                                  {"certificate", crypto::to_base64(der_of(certificate))},
                                  {"responsibilities_version", words_version},
                                  {"responsibilities", responsibilities_1}});
}

Result<Acknowledged> read_acknowledgement(std::span<const std::uint8_t> cms) {
    const auto content = certs::cms_content_unverified(cms);
    if (!content) return Fail{content.error()};
    std::string text{content->begin(), content->end()};
    const auto document = parse_canonical(text);
    if (!document) return Fail{document.error()};
    const std::string name{common::json::text_or(*document, "name", "")};
    const auto der = crypto::from_base64(common::json::text_or(*document, "certificate", ""));
    if (!der) return refuse("The acknowledgement holds no certificate.");
    auto certificate = certificate_of(*der);
    if (!certificate) return Fail{std::move(certificate.error())};
    const auto wanted = acknowledgement_text(name, certificate->get());
    if (!wanted) return Fail{wanted.error()};
    if (*wanted != text)
        return refuse("The acknowledgement of {} has other words than those that are asked for.", name);
    if (auto verified = certs::cms_verify(cms, certificate->get()); !verified)
        return Fail{std::move(verified.error())};
    if (const auto fault = fault_of_certificate(certificate->get()))
        return refuse("The certificate in the acknowledgement cannot be used: {}.", *fault);
    return Acknowledged{name, std::move(*certificate), std::move(text)};
}

}  // namespace hsm::custody
