#include "certs/tls.h"

#include <tuple>

#include "certs/identity.h"
#include "certs/pem.h"
#include "certs/profile.h"
#include "common/assert.h"
#include "common/log.h"

namespace certs {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

Fail refused(common::Text what, const std::string& path, const std::string& reason = "") {
    last_openssl_error();
    return Fail{Error::internal(what, {Safe::param(path), Safe::param(reason)})};
}

Status check_dates(const std::vector<X509Ptr>& chain, const std::string& path) {
    for (const auto& one : chain) {
        if (seconds_until(X509_get0_notAfter(one.get())) <= 0)
            return refused("{}: a certificate expired at {}", path, time_text(X509_get0_notAfter(one.get())));
        if (seconds_until(X509_get0_notBefore(one.get())) > 0)
            return refused("{}: a certificate is not valid before {}", path,
                           time_text(X509_get0_notBefore(one.get())));
    }
    return {};
}

// The leaf first, then the certificate that issued it, and so on.
Status check_order(const std::vector<X509Ptr>& chain, const std::string& path) {
    for (std::size_t i = 1; i < chain.size(); ++i) {
        const bool issued = X509_check_issued(chain[i].get(), chain[i - 1].get()) == X509_V_OK &&
                            X509_verify(chain[i - 1].get(), X509_get0_pubkey(chain[i].get())) == 1;
        if (!issued)
            return refused("{}: the chain is broken, {} was not issued by the certificate behind it", path,
                           subject_of(chain[i - 1].get()));
    }
    return {};
}

// Our own certificate must pass the check that our peers will make.
Status check_own_chain(X509_STORE* trust, const std::vector<X509Ptr>& chain, Profile profile,
                       const TlsFiles& files) {
    STACK_OF(X509)* others = sk_X509_new_null();
    for (std::size_t i = 1; i < chain.size(); ++i)
        sk_X509_push(others, chain[i].get());
    const StoreContextPtr check{X509_STORE_CTX_new()};
    X509_STORE_CTX_init(check.get(), trust, chain.front().get(), others);
    X509_STORE_CTX_set_purpose(check.get(),
                               is_server(profile) ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
    const bool fine = X509_verify_cert(check.get()) == 1;
    const std::string reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
    sk_X509_free(others);
    if (!fine) return refused("{} does not chain to the CA: {}", files.certificate, reason);
    const auto role = is_server(profile) ? Role::server : Role::client;
    if (auto fault = fault_of_leaf(chain.front().get(), role, files.trust_domain))
        return refused("{}: {}", files.certificate, *fault);
    return {};
}

Status add_trust(SSL_CTX* context, const TlsFiles& files) {
    if (files.ca.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
        return refused("cannot load the system's trusted certificates: {}", last_openssl_error());
    }
    auto authorities = read_certificates(files.ca);
    if (!authorities) return Fail{std::move(authorities.error())};
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    for (const auto& one : *authorities) {
        if (X509_check_ca(one.get()) == 0)
            return refused("{}: {} is not a CA", files.ca, subject_of(one.get()));
        X509_STORE_add_cert(store, one.get());
        SSL_CTX_add_client_CA(context, one.get());
    }
    if (files.crl.empty()) return {};
    auto crl = read_crl(files.crl);
    if (!crl) return Fail{std::move(crl.error())};
    X509_STORE_add_crl(store, crl->get());
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return {};
}

Status add_certificate(SSL_CTX* context, const std::vector<X509Ptr>& chain, const TlsFiles& files) {
    auto key = read_private_key(files.key);
    if (!key) return Fail{std::move(key.error())};
    if (X509_check_private_key(chain.front().get(), key->get()) != 1)
        return refused("{} does not match the certificate {}", files.key, files.certificate);
    STACK_OF(X509)* others = sk_X509_new_null();
    for (std::size_t i = 1; i < chain.size(); ++i)
        if (X509_self_signed(chain[i].get(), 0) != 1) sk_X509_push(others, chain[i].get());
    const bool used = SSL_CTX_use_cert_and_key(context, chain.front().get(), key->get(), others, 1) == 1;
    sk_X509_free(others);
    if (!used) return refused("cannot use {}: {}", files.certificate, last_openssl_error());
    return {};
}

struct Loaded {
    std::shared_ptr<boost::asio::ssl::context> context;
    std::string identity;
};

Result<Loaded> load_files(Profile profile, const TlsFiles& files) {
    if (is_internal(profile) && files.ca.empty()) return Fail{Error::internal("mutual TLS needs a CA file")};
    auto made = make_context(profile, files.trust_domain);
    Loaded loaded;
    if (profile != Profile::public_server)
        if (auto added = add_trust(made.get(), files); !added) return Fail{std::move(added.error())};
    // A client of the outside world may have no certificate of its own.
    if (!(profile == Profile::outward_client && files.certificate.empty())) {
        auto chain = read_certificates(files.certificate);
        if (!chain) return Fail{std::move(chain.error())};
        if (auto checked = check_dates(*chain, files.certificate); !checked)
            return Fail{std::move(checked.error())};
        if (auto checked = check_order(*chain, files.certificate); !checked)
            return Fail{std::move(checked.error())};
        if (auto added = add_certificate(made.get(), *chain, files); !added)
            return Fail{std::move(added.error())};
        if (is_internal(profile)) {
            auto* trust = SSL_CTX_get_cert_store(made.get());
            if (auto checked = check_own_chain(trust, *chain, profile, files); !checked)
                return Fail{std::move(checked.error())};
        }
        loaded.identity = identity_of(chain->front().get());
    }
    loaded.context = std::make_shared<boost::asio::ssl::context>(made.get());
    std::ignore = made.release();  // owned by the Asio context from here on
    return loaded;
}

}  // namespace

struct TlsContext::Impl {
    Profile profile;
    TlsFiles files;
    std::string identity;
    std::mutex reload_mutex;
    mutable std::mutex mutex;  // of `context`, held for a copy only
    std::shared_ptr<boost::asio::ssl::context> context;
};

Result<std::shared_ptr<TlsContext>> TlsContext::load(Profile profile, TlsFiles files) {
    auto loaded = load_files(profile, files);
    if (!loaded) return Fail{std::move(loaded.error())};
    auto made = std::make_shared<TlsContext>();
    made->impl_ = std::make_shared<Impl>();
    made->impl_->profile = profile;
    made->impl_->files = std::move(files);
    made->impl_->identity = std::move(loaded->identity);
    made->impl_->context = std::move(loaded->context);
    return made;
}

std::shared_ptr<boost::asio::ssl::context> TlsContext::current() const {
    const std::lock_guard lock{impl_->mutex};
    return impl_->context;
}

Status TlsContext::reload() {
    const std::lock_guard one_at_a_time{impl_->reload_mutex};
    auto loaded = load_files(impl_->profile, impl_->files);
    if (loaded && loaded->identity != impl_->identity)
        loaded = refused("{}: the new certificate has another identity: {}", impl_->files.certificate,
                         loaded->identity);
    if (!loaded) {
        common::log::failure("tls_reload_refused", loaded.error());
        return Fail{std::move(loaded.error())};
    }
    common::log::info("tls_reloaded", {{"certificate", Safe::param(impl_->files.certificate)}});
    const std::lock_guard lock{impl_->mutex};
    impl_->context = std::move(loaded->context);
    return {};
}

}  // namespace certs
