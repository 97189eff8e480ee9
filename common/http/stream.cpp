#include "common/http/stream.h"

#include <ctime>
#include <memory>

#include <boost/asio/ip/address.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace common::http {
namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

std::string only_uri(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>> names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    std::string found;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_URI) continue;
        if (!found.empty()) return {};
        const auto* uri = name->d.uniformResourceIdentifier;
        found.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                     static_cast<std::size_t>(ASN1_STRING_length(uri)));
        if (found.empty() || found.contains('\0')) return {};
    }
    return found;
}

}  // namespace

PeerCertificate peer_certificate(SSL* connection) {
    const std::unique_ptr<X509, Deleter<X509_free>> certificate{SSL_get1_peer_certificate(connection)};
    if (!certificate) return {};
    PeerCertificate peer{.identity = only_uri(certificate.get())};
    std::tm end{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) == 1) peer.not_after = timegm(&end);
    return peer;
}

bool expect_host(SSL* connection, const std::string& host) {
    SSL_set_verify(connection, SSL_VERIFY_PEER, nullptr);
    auto* parameters = SSL_get0_param(connection);
    boost::system::error_code not_an_address;
    [[maybe_unused]] const auto address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(connection, host.c_str()) == 1 &&
           SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
}

}  // namespace common::http
