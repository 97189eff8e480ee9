#include "certs/certificate.h"

#include <arpa/inet.h>

#include "common/assert.h"
#include "common/crypto.h"

namespace certs {
namespace {

using common::Error;
using common::Fail;
using common::Safe;
using common::Status;

constexpr int serial_bits = 128;
constexpr std::size_t name_max = 64;  // ub-common-name, RFC 5280 appendix A

Status add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    if (value.empty()) return {};
    X509V3_CTX context{};
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer != nullptr ? issuer : certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    if (added) return {};
    last_openssl_error();
    return Fail{Error::invalid("parameter_invalid", OBJ_nid2sn(nid),
                               "The certificate's extension cannot be {}.", {Safe::param(value)})};
}

// A comma or a colon would begin another name in the notation of OpenSSL.
bool plain(const std::string& text) {
    return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
        return c > 0x20 && c < 0x7f && c != ',' && c != ';' && c != '\\' && c != '"';
    });
}

bool is_address(const std::string& text) {
    std::array<unsigned char, 16> bytes{};
    return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

common::Result<std::string> alternative_names(const Names& names) {
    std::string text;
    const auto add = [&](const char* kind, const std::string& value) {
        text += (text.empty() ? "" : ",") + std::string{kind} + ":" + value;
        return plain(value);
    };
    for (const auto& name : names.dns)
        if (!add("DNS", name))
            return Fail{
                Error::invalid("parameter_invalid", "dns", "{} is not a host name.", {Safe::param(name)})};
    for (const auto& name : names.ips)
        if (!add("IP", name) || !is_address(name))
            return Fail{
                Error::invalid("parameter_invalid", "ip", "{} is not an IP address.", {Safe::param(name)})};
    for (const auto& name : names.uris)
        if (!add("URI", name))
            return Fail{Error::invalid("parameter_invalid", "uri", "{} is not a URI.", {Safe::param(name)})};
    return text;
}

void set_serial(X509* certificate) {
    const BignumPtr number{BN_new()};
    PORTCULLIS_ASSERT(number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
    PORTCULLIS_ASSERT(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

bool set_name(X509* certificate, const std::string& common_name) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
    return !common_name.empty() && common_name.size() <= name_max &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, const_cast<unsigned char*>(text),
                                      static_cast<int>(common_name.size()), -1, 0) == 1;
}

}  // namespace

KeyPtr make_key() {
    KeyPtr key{EVP_EC_gen("P-256")};
    PORTCULLIS_ASSERT(key);
    return key;
}

common::Result<X509Ptr> make_certificate(const CertificateSpec& spec, EVP_PKEY* subject_key, X509* issuer,
                                         EVP_PKEY* issuer_key) {
    X509Ptr made{X509_new()};
    PORTCULLIS_ASSERT(made && X509_set_version(made.get(), X509_VERSION_3) == 1);
    set_serial(made.get());
    if (!set_name(made.get(), spec.common_name)) {
        last_openssl_error();
        return Fail{Error::invalid("parameter_invalid", "name", "The name must have 1 to 64 characters.")};
    }
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer != nullptr ? issuer : made.get()));
    X509_gmtime_adj(X509_getm_notBefore(made.get()), spec.starts_in.count());
    X509_gmtime_adj(X509_getm_notAfter(made.get()), spec.ends_in.count());
    X509_set_pubkey(made.get(), subject_key);

    const auto names = alternative_names(spec.names);
    if (!names) return Fail{names.error()};
    const std::pair<int, std::string> extensions[] = {
        {NID_basic_constraints, spec.basic_constraints},
        {NID_key_usage, spec.key_usage},
        {NID_ext_key_usage, spec.extended_key_usage},
        {NID_subject_alt_name, *names},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, issuer != nullptr ? "keyid:always" : ""},
    };
    for (const auto& [nid, value] : extensions)
        if (auto added = add_extension(made.get(), issuer, nid, value); !added)
            return Fail{std::move(added.error())};
    if (X509_sign(made.get(), issuer_key, spec.digest) == 0)
        return Fail{Error::internal("cannot sign a certificate: {}", {Safe::param(last_openssl_error())})};
    return made;
}

}  // namespace certs
