#include "certs/identity.h"

#include <array>
#include <cstdio>
#include <ctime>

#include <arpa/inet.h>
#include <openssl/objects.h>

namespace certs {
namespace {

std::string text_of(const ASN1_STRING* value) {
    const auto* data = ASN1_STRING_get0_data(value);
    return {data, data + ASN1_STRING_length(value)};
}

std::string address_of(const ASN1_OCTET_STRING* value) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(value) != 16) return "";
    const char* shown = inet_ntop(family, ASN1_STRING_get0_data(value), text.data(), text.size());
    return shown != nullptr ? shown : "";
}

// "spiffe://domain/path" with a plain path of at least one segment; nothing else names a process.
bool is_identity_in(std::string_view uri, std::string_view trust_domain) {
    const std::string prefix = "spiffe://" + std::string{trust_domain} + "/";
    if (!uri.starts_with(prefix) || uri.size() == prefix.size() || uri.size() > 255) return false;
    for (const char c : uri.substr(prefix.size())) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.' || c == '/';
        if (!plain) return false;
    }
    return uri.find("//", prefix.size() - 1) == std::string_view::npos && !uri.ends_with('/');
}

bool weak_digest(const X509* certificate) {
    int digest = NID_undef;
    if (X509_get_signature_info(const_cast<X509*>(certificate), &digest, nullptr, nullptr, nullptr) != 1)
        return true;
    return digest == NID_md5 || digest == NID_sha1 || digest == NID_md5_sha1;
}

}  // namespace

Names names_of(const X509* certificate) {
    Names names;
    const GeneralNamesPtr all{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
        if (name->type == GEN_DNS) names.dns.push_back(text_of(name->d.dNSName));
        if (name->type == GEN_IPADD) names.ips.push_back(address_of(name->d.iPAddress));
        if (name->type == GEN_URI) names.uris.push_back(text_of(name->d.uniformResourceIdentifier));
    }
    return names;
}

std::string identity_of(const X509* certificate) {
    auto names = certificate != nullptr ? names_of(certificate) : Names{};
    return names.uris.size() == 1 ? std::move(names.uris.front()) : "";
}

std::optional<std::string> fault_of_leaf(X509* leaf, Role role, std::string_view trust_domain) {
    const auto names = names_of(leaf);
    if (names.uris.empty()) return "the certificate has no URI name";
    if (names.uris.size() > 1) return "the certificate has more than one URI name";
    if (!is_identity_in(names.uris.front(), trust_domain))
        return "the URI name is not spiffe://" + std::string{trust_domain} + "/ with a plain path";
    const auto flags = X509_get_extension_flags(leaf);
    if ((flags & EXFLAG_INVALID) != 0) return "an extension cannot be read";
    if ((flags & EXFLAG_CA) != 0) return "a CA certificate is used as a leaf";
    const auto usage = X509_get_key_usage(leaf);
    if ((flags & EXFLAG_KUSAGE) == 0 || (usage & KU_DIGITAL_SIGNATURE) == 0)
        return "the key usage lacks digitalSignature";
    if ((usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0) return "the key usage has keyCertSign or cRLSign";
    const auto wanted = role == Role::server ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
    if ((flags & EXFLAG_XKUSAGE) == 0 ||
        (X509_get_extended_key_usage(leaf) & static_cast<unsigned>(wanted)) == 0)
        return role == Role::server ? "the extended key usage lacks serverAuth"
                                    : "the extended key usage lacks clientAuth";
    if (weak_digest(leaf)) return "the signature uses SHA-1 or weaker";
    return std::nullopt;
}

std::string subject_of(const X509* certificate) {
    const BioPtr bio{BIO_new(BIO_s_mem())};
    X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0,
                       XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, text + size};
}

std::string serial_of(const X509* certificate) {
    const BignumPtr number{ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)};
    char* hex = number ? BN_bn2hex(number.get()) : nullptr;
    std::string text = hex != nullptr ? hex : "";
    OPENSSL_free(hex);
    return text;
}

std::string fingerprint_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        std::array<char, 4> pair{};
        std::snprintf(pair.data(), pair.size(), "%s%02X", i == 0 ? "" : ":", digest[i]);
        text += pair.data();
    }
    return text;
}

std::string time_text(const ASN1_TIME* time) {
    std::tm parts{};
    std::array<char, 32> text{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return "";
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

long seconds_until(const ASN1_TIME* time) {
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, nullptr, time) != 1) return -1;
    return static_cast<long>(days) * 86400 + seconds;
}

}  // namespace certs
