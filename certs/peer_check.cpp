#include "certs/peer_check.h"

#include <ctime>

#include "certs/tls.h"
#include "common/assert.h"
#include "common/log.h"

namespace certs {
namespace {

void free_rules(void*, void* rules, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<ContextRules*>(rules);
}
void free_reason(void*, void* reason, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<std::string*>(reason);
}

int rules_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_rules);
    return index;
}

int reason_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_reason);
    return index;
}

// Strangers must not fill the log.
bool may_log() {
    constexpr unsigned lines_a_second_max = 10;
    static std::mutex mutex;
    static std::time_t second = 0;
    static unsigned lines = 0;
    const std::lock_guard lock{mutex};
    if (const auto now = std::time(nullptr); std::exchange(second, now) != now) lines = 0;
    return lines++ < lines_a_second_max;
}

void log_refusal(const X509* leaf, const std::string& reason) {
    common::log::warning("tls_peer_refused",
                         {{"reason", common::Safe::param(reason)},
                          {"subject", common::Safe::param(leaf != nullptr ? subject_of(leaf) : "")},
                          {"serial", common::Safe::id(leaf != nullptr ? serial_of(leaf) : "")}});
}

void note_refusal(SSL* connection, X509_STORE_CTX* chain, const std::string& reason) {
    if (may_log()) log_refusal(X509_STORE_CTX_get0_cert(chain), reason);
    delete static_cast<std::string*>(SSL_get_ex_data(connection, reason_index()));
    SSL_set_ex_data(connection, reason_index(), std::make_unique<std::string>(reason).release());
}

int check_peer(X509_STORE_CTX* chain, void*) {
    auto* connection =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto& rules = rules_of(connection);
    if (X509_verify_cert(chain) != 1) {
        note_refusal(connection, chain, X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
        return 0;
    }
    if (!rules.internal) return 1;
    if (auto fault = fault_of_leaf(X509_STORE_CTX_get0_cert(chain), rules.peer, rules.trust_domain)) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
        note_refusal(connection, chain, *fault);
        return 0;
    }
    return 1;
}

}  // namespace

void attach_rules(SSL_CTX* context, std::unique_ptr<ContextRules> rules) {
    PORTCULLIS_ASSERT(rules_index() >= 0 && reason_index() >= 0);
    PORTCULLIS_ASSERT(SSL_CTX_set_ex_data(context, rules_index(), rules.release()) == 1);
    SSL_CTX_set_cert_verify_callback(context, check_peer, nullptr);
}

ContextRules& rules_of(const SSL* connection) {
    auto* rules = static_cast<ContextRules*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), rules_index()));
    PORTCULLIS_ASSERT(rules != nullptr);
    return *rules;
}

std::string refusal_of(const SSL* connection) {
    const auto* reason = static_cast<const std::string*>(SSL_get_ex_data(connection, reason_index()));
    return reason != nullptr ? *reason : "";
}

}  // namespace certs
