// Owners of OpenSSL handles, and its error queue as text.
#pragma once

#include <memory>
#include <string>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace certs {

template <auto free_function>
struct FreeBy {
    template <class T>
    void operator()(T* handle) const {
        free_function(handle);
    }
};

using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, FreeBy<X509_CRL_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using SslPtr = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeBy<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, FreeBy<X509_free>>;

// The last error of this thread's queue, which is emptied; "unknown error" when it was empty.
std::string last_openssl_error();

}  // namespace certs
