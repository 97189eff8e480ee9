// A TLS connection between two contexts in memory, driven to its end.
#pragma once

#include <array>
#include <string>

#include <openssl/err.h>

#include "certs/openssl.h"
#include "certs/tls.h"

namespace certs_test {

struct Handshake {
    // `prepare` may change either end before it begins.
    Handshake(SSL_CTX* server_context, SSL_CTX* client_context,
              const std::function<void(SSL* server, SSL* client)>& prepare = {})
        : server{SSL_new(server_context)}, client{SSL_new(client_context)} {
        BIO* server_side = nullptr;
        BIO* client_side = nullptr;
        BIO_new_bio_pair(&server_side, 1 << 17, &client_side, 1 << 17);
        SSL_set_bio(server.get(), server_side, server_side);
        SSL_set_bio(client.get(), client_side, client_side);
        SSL_set_accept_state(server.get());
        SSL_set_connect_state(client.get());
        if (prepare) prepare(server.get(), client.get());
        for (int i = 0; i < 10; ++i) {
            step(client.get(), client_done, client_failed);
            step(server.get(), server_done, server_failed);
        }
        // A TLS 1.3 client learns at its first read only that its certificate was refused; tickets come with
        // it too.
        std::array<char, 64> buffer{};
        if (server_done) SSL_write(server.get(), "hello", 5);
        if (client_done) received = SSL_read(client.get(), buffer.data(), buffer.size()) == 5;
        last_error = ERR_peek_last_error();
        ERR_clear_error();
    }
    bool both_done() const { return client_done && server_done && received; }
    std::string version() const { return SSL_get_version(client.get()); }
    SSL_SESSION* session() const { return SSL_get1_session(client.get()); }

    certs::SslPtr server;
    certs::SslPtr client;
    bool client_done = false, server_done = false, client_failed = false, server_failed = false;
    bool received = false;
    std::string server_error;
    unsigned long last_error = 0;

  private:
    void step(SSL* end, bool& done, bool& failed) {
        if (done || failed) return;
        ERR_clear_error();
        const int result = SSL_do_handshake(end);
        done = result == 1;
        if (done) return;
        const int why = SSL_get_error(end, result);
        failed = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
        if (failed && end == server.get()) {
            const char* reason = ERR_reason_error_string(ERR_peek_last_error());
            server_error = reason != nullptr ? reason : "";
        }
    }
};

}  // namespace certs_test
