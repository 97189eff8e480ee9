// Self-signed certificates made in memory, and TLS contexts of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace http_test {

struct CertificateWish {
    std::string alternative_names = "DNS:localhost,IP:127.0.0.1";  // as in openssl.cnf
    long seconds = 3600;                                           // from now until notAfter
};

struct Identity {
    std::shared_ptr<X509> certificate;
    std::shared_ptr<EVP_PKEY> key;
};

inline Identity make_identity(const CertificateWish& wish = {}) {
    Identity made{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
    auto* certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), wish.seconds);
    X509_set_pubkey(certificate, made.key.get());
    auto* name = X509_get_subject_name(certificate);
    const auto common_name = "test " + std::to_string(serial);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    for (const auto& [id, value] : {std::pair{NID_basic_constraints, std::string{"critical,CA:TRUE"}},
                                    std::pair{NID_subject_alt_name, wish.alternative_names}}) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, made.key.get(), EVP_sha256());
    return made;
}

using Context = std::shared_ptr<boost::asio::ssl::context>;

inline Context make_context(const std::vector<Identity>& trusted, const Identity* own = nullptr,
                            bool require_peer = false) {
    auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls);
    context->set_options(boost::asio::ssl::context::no_tlsv1 | boost::asio::ssl::context::no_tlsv1_1);
    if (own != nullptr) {
        SSL_CTX_use_certificate(context->native_handle(), own->certificate.get());
        SSL_CTX_use_PrivateKey(context->native_handle(), own->key.get());
    }
    for (const auto& identity : trusted)
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context->native_handle()), identity.certificate.get());
    if (require_peer) {
        context->set_verify_mode(boost::asio::ssl::verify_peer |
                                 boost::asio::ssl::verify_fail_if_no_peer_cert);
        SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(context->native_handle(), 0);
        SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_TICKET);
    }
    return context;
}

}  // namespace http_test
