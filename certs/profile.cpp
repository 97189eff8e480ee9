#include "certs/profile.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "certs/peer_check.h"
#include "common/assert.h"

namespace certs {
namespace {

constexpr const char* ciphers_1_3 =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
constexpr const char* ciphers_1_2 =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr int security_level = 2;  // at least 112 bits; no SHA-1 signatures
constexpr int chain_length_max = 4;
constexpr std::string_view session_context = "portcullis";
constexpr long session_seconds_max = 12 * 3600;

// RFC 7301: HTTP/1.1 is all that is spoken here, so a client that offers only others is told so.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, offered, offered_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool set_ticket_key(const TicketKeys::Key& key, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, unsigned char* iv,
                    bool encrypt) {
    static EVP_CIPHER* const aes = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    auto* bytes = const_cast<unsigned char*>(key.bytes().data());
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
                                          bytes + TicketKeys::name_size + TicketKeys::cipher_key_size,
                                          TicketKeys::mac_key_size),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex2(cipher, aes, bytes + TicketKeys::name_size, iv, encrypt ? 1 : 0, nullptr) ==
               1 &&
           EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// The answers are those of SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 use it, 2 use it and send a new ticket,
// 0 full handshake, -1 failure.
int use_ticket_key(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int encrypt) {
    auto& keys = rules_of(connection).ticket_keys;
    const auto now = TicketKeys::Steady::now();
    if (encrypt != 0) {
        const auto key = keys.current(now);
        if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
        std::ranges::copy(key.bytes().first(TicketKeys::name_size), name);
        return set_ticket_key(key, cipher, mac, iv, true) ? 1 : -1;
    }
    const auto found = keys.find({name, TicketKeys::name_size}, now);
    if (!found) return 0;
    if (!set_ticket_key(found->key, cipher, mac, iv, false)) return -1;
    return found->renew ? 2 : 1;
}

void allow_resumption(SSL_CTX* context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets hold the state, not this process
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key);
    SSL_CTX_set_timeout(context, session_seconds_max);
}

void forbid_resumption(SSL_CTX* context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
}

}  // namespace

bool is_server(Profile profile) {
    return profile == Profile::public_server || profile == Profile::internal_server;
}

bool is_internal(Profile profile) {
    return profile == Profile::internal_server || profile == Profile::internal_client;
}

SslContextPtr make_context(Profile profile, const std::string& trust_domain) {
    SslContextPtr made{SSL_CTX_new(is_server(profile) ? TLS_server_method() : TLS_client_method())};
    SSL_CTX* context = made.get();
    PORTCULLIS_ASSERT(context != nullptr);
    SSL_CTX_set_security_level(context, security_level);
    const int oldest = is_internal(profile) ? TLS1_3_VERSION : TLS1_2_VERSION;
    PORTCULLIS_ASSERT(SSL_CTX_set_min_proto_version(context, oldest) == 1);
    PORTCULLIS_ASSERT(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
    PORTCULLIS_ASSERT(SSL_CTX_set_ciphersuites(context, ciphers_1_3) == 1);
    PORTCULLIS_ASSERT(SSL_CTX_set_cipher_list(context, ciphers_1_2) == 1);
    PORTCULLIS_ASSERT(SSL_CTX_set1_groups_list(context, groups) == 1);
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify_depth(context, chain_length_max);
    // Without it OpenSSL refuses to resume a session of a server that verifies clients.
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(session_context.data()),
                                   static_cast<unsigned>(session_context.size()));
    if (profile == Profile::public_server) {
        allow_resumption(context);
    } else {
        forbid_resumption(context);
    }
    if (is_server(profile)) SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
    const int verify = profile == Profile::public_server ? SSL_VERIFY_NONE
                       : profile == Profile::internal_server
                           ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                           : SSL_VERIFY_PEER;
    SSL_CTX_set_verify(context, verify, nullptr);

    auto rules = std::make_unique<ContextRules>();
    rules->peer = is_server(profile) ? Role::client : Role::server;
    rules->internal = is_internal(profile);
    rules->trust_domain = trust_domain;
    attach_rules(context, std::move(rules));
    return made;
}

}  // namespace certs
