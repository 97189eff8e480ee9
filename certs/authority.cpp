#include "certs/authority.h"

#include <filesystem>

#include "certs/certificate.h"
#include "certs/pem.h"

namespace certs {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using std::chrono::days;

constexpr days authority_life{3650};
constexpr unsigned public_days = 397;  // CA/Browser Forum baseline requirements, section 6.3.2: at most 398
constexpr unsigned internal_days = 30;
constexpr unsigned days_max = 3650;
constexpr long day_seconds = 86400;

Fail unusable(common::Text what, const std::string& path) {
    return Fail{Error::internal(what, {Safe::param(path)})};
}

Status make_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return Fail{
            Error::internal("cannot make {}: {}", {Safe::param(folder), Safe::param(error.message())})};
    return {};
}

bool is_file_name(const std::string& name) {
    return !name.empty() && name.size() <= 64 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    });
}

bool has_usage(X509* certificate, unsigned usage) {
    return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0 &&
           (X509_get_extended_key_usage(certificate) & usage) != 0;
}

// Order does not matter in a certificate, nor does the spelling of an IPv6 address that we did not choose.
Names sorted(Names names) {
    std::ranges::sort(names.dns);
    std::ranges::sort(names.ips);
    std::ranges::sort(names.uris);
    return names;
}

Status check_request(const LeafRequest& request) {
    const auto refuse = [](std::string_view param, common::Text why) -> Status {
        return Fail{Error::invalid("parameter_invalid", param, why)};
    };
    if (!is_file_name(request.name) || request.name == "ca")
        return refuse("name", "The name must be 1 to 64 letters, digits, '-', '_' or '.', and not \"ca\".");
    if (request.names.dns.empty() && request.names.ips.empty() && request.names.uris.empty())
        return refuse("dns", "A certificate needs at least one host name, address or URI.");
    if (!request.server && !request.client)
        return refuse("server", "A certificate needs a use: server, client or both.");
    if (request.names.uris.size() > 1) return refuse("uri", "A certificate names one process: give one URI.");
    if (request.days > days_max) return refuse("days", "A certificate lives at most 3650 days.");
    return {};
}

unsigned life_of(const LeafRequest& request) {
    if (request.days != 0) return request.days;
    return request.names.uris.empty() ? public_days : internal_days;
}

}  // namespace

Authority::Authority(std::string folder, X509Ptr certificate, KeyPtr key)
    : folder_{std::move(folder)}, certificate_{std::move(certificate)}, key_{std::move(key)} {}

Result<Authority> Authority::load(const std::string& folder) {
    auto chain = read_certificates(folder + "/ca.pem");
    if (!chain) return Fail{std::move(chain.error())};
    auto key = read_private_key(folder + "/ca.key");
    if (!key) return Fail{std::move(key.error())};
    X509* certificate = chain->front().get();
    if (X509_check_private_key(certificate, key->get()) != 1) {
        last_openssl_error();
        return unusable("the key beside {}/ca.pem does not match it", folder);
    }
    if (X509_check_ca(certificate) != 1) return unusable("{}/ca.pem is not a CA certificate", folder);
    if (seconds_until(X509_get0_notAfter(certificate)) <= 0) return unusable("{}/ca.pem has expired", folder);
    return Authority{folder, std::move(chain->front()), std::move(*key)};
}

Result<std::pair<Authority, Outcome>> Authority::init(const std::string& folder, const std::string& name,
                                                      bool force) {
    const bool there = exists(folder + "/ca.pem") || exists(folder + "/ca.key");
    if (there && !force) {
        auto present = load(folder);
        if (!present) return Fail{std::move(present.error())};
        return std::pair{std::move(*present), Outcome::kept};
    }
    if (auto made = make_folder(folder); !made) return Fail{std::move(made.error())};
    auto key = make_key();
    CertificateSpec spec{.common_name = name, .names = {}, .ends_in = authority_life};
    spec.basic_constraints = "critical,CA:TRUE,pathlen:0";
    spec.key_usage = "critical,keyCertSign,cRLSign";
    auto certificate = make_certificate(spec, key.get(), nullptr, key.get());
    if (!certificate) return Fail{std::move(certificate.error())};
    if (auto written = write_private_key(folder + "/ca.key", key.get()); !written)
        return Fail{std::move(written.error())};
    if (auto written = write_certificates(folder + "/ca.pem", {certificate->get()}); !written)
        return Fail{std::move(written.error())};
    return std::pair{Authority{folder, std::move(*certificate), std::move(key)},
                     there ? Outcome::replaced : Outcome::made};
}

bool Authority::issued(X509* certificate) const {
    const bool verified = X509_verify(certificate, X509_get0_pubkey(certificate_.get())) == 1;
    last_openssl_error();
    return verified;
}

Status Authority::write_leaf(const std::string& folder, const LeafRequest& request) const {
    const days life{life_of(request)};
    if (seconds_until(X509_get0_notAfter(certificate_.get())) < life.count() * day_seconds)
        return unusable("{}/ca.pem expires before the certificate would", folder_);
    CertificateSpec spec{.common_name = request.name, .names = request.names, .ends_in = life};
    spec.extended_key_usage = request.server && request.client ? "serverAuth,clientAuth"
                              : request.server                 ? "serverAuth"
                                                               : "clientAuth";
    auto key = make_key();
    auto leaf = make_certificate(spec, key.get(), certificate_.get(), key_.get());
    if (!leaf) return Fail{std::move(leaf.error())};
    if (auto made = make_folder(folder); !made) return made;
    if (auto written = write_private_key(folder + "/" + request.name + ".key", key.get()); !written)
        return written;
    return write_certificates(folder + "/" + request.name + ".pem", {leaf->get(), certificate_.get()});
}

Result<Outcome> Authority::issue(const std::string& folder, const LeafRequest& request, bool force) const {
    if (auto checked = check_request(request); !checked) return Fail{std::move(checked.error())};
    const std::string base = folder + "/" + request.name;
    const bool there = exists(base + ".pem");
    if (there && !force) {
        const auto chain = read_certificates(base + ".pem");
        const auto key = read_private_key(base + ".key");
        if (chain && key) {
            X509* leaf = chain->front().get();
            const bool same = X509_check_private_key(leaf, key->get()) == 1 && issued(leaf) &&
                              sorted(names_of(leaf)) == sorted(request.names) &&
                              has_usage(leaf, XKU_SSL_SERVER) == request.server &&
                              has_usage(leaf, XKU_SSL_CLIENT) == request.client;
            last_openssl_error();
            if (same && seconds_until(X509_get0_notAfter(leaf)) > day_seconds) return Outcome::kept;
        }
    }
    if (auto written = write_leaf(folder, request); !written) return Fail{std::move(written.error())};
    return there ? Outcome::replaced : Outcome::made;
}

Result<Outcome> Authority::renew(const std::string& folder, const std::string& name,
                                 unsigned within_days) const {
    const auto chain = read_certificates(folder + "/" + name + ".pem");
    if (!chain) return Fail{chain.error()};
    X509* leaf = chain->front().get();
    if (seconds_until(X509_get0_notAfter(leaf)) > static_cast<long>(within_days) * day_seconds)
        return Outcome::kept;
    if (!issued(leaf)) return unusable("{} was issued by another CA", folder + "/" + name + ".pem");
    int life_days = 0;
    int life_seconds = 0;
    ASN1_TIME_diff(&life_days, &life_seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf));
    LeafRequest request{.name = name, .names = names_of(leaf)};
    request.server = has_usage(leaf, XKU_SSL_SERVER);
    request.client = has_usage(leaf, XKU_SSL_CLIENT);
    request.days = static_cast<unsigned>(std::max(1, life_days));
    if (auto checked = check_request(request); !checked) return Fail{std::move(checked.error())};
    if (auto written = write_leaf(folder, request); !written) return Fail{std::move(written.error())};
    return Outcome::replaced;
}

Status Authority::revoke(const std::string& certificate_file) const {
    const auto chain = read_certificates(certificate_file);
    if (!chain) return Fail{chain.error()};
    X509* leaf = chain->front().get();
    if (!issued(leaf)) return unusable("{} was issued by another CA", certificate_file);
    const std::string path = folder_ + "/ca.crl";
    CrlPtr crl{X509_CRL_new()};
    if (exists(path)) {
        auto present = read_crl(path);
        if (!present) return Fail{std::move(present.error())};
        crl = std::move(*present);
    }
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate_.get()));
    const std::unique_ptr<ASN1_TIME, FreeBy<ASN1_TIME_free>> now{X509_gmtime_adj(nullptr, 0)};
    X509_CRL_set1_lastUpdate(crl.get(), now.get());
    // The list is a file that is replaced at each revocation, not a download that grows stale.
    X509_CRL_set1_nextUpdate(crl.get(), X509_get0_notAfter(certificate_.get()));
    X509_REVOKED* entry = nullptr;
    if (X509_CRL_get0_by_cert(crl.get(), &entry, leaf) == 0) {
        entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(leaf));
        X509_REVOKED_set_revocationDate(entry, now.get());
        X509_CRL_add0_revoked(crl.get(), entry);
    }
    X509_CRL_sort(crl.get());
    if (X509_CRL_sign(crl.get(), key_.get(), EVP_sha256()) == 0)
        return Fail{
            Error::internal("cannot sign {}: {}", {Safe::param(path), Safe::param(last_openssl_error())})};
    return write_crl(path, crl.get());
}

}  // namespace certs
