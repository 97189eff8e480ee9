// What each profile speaks, and how contexts are loaded and replaced.
#include <thread>

#include <sys/stat.h>

#include "handshake.h"
#include "unit/certs/folder.h"

namespace certs_test {
namespace {

using testing::HasSubstr;

class Profiles : public CertsTest {
  protected:
    Profiles() { authority("ca"); }
    std::shared_ptr<TlsContext> public_server() {
        LeafRequest request{.name = "web", .names = {{"localhost"}, {"127.0.0.1"}, {}}};
        request.server = true;
        EXPECT_TRUE(authority().issue(folder, request, true));
        auto web = files("web");
        web.ca = "";
        return TlsContext::load(Profile::public_server, web).value();
    }
    std::shared_ptr<TlsContext> internal(Profile profile, const std::string& role) {
        return TlsContext::load(profile, issue(role, "spiffe://portcullis/" + role)).value();
    }
    // A browser, say.
    certs::SslContextPtr plain_client() {
        certs::SslContextPtr made{SSL_CTX_new(TLS_client_method())};
        SSL_CTX_load_verify_locations(made.get(), path("ca/ca.pem").c_str(), nullptr);
        SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_security_level(made.get(), 0);
        return made;
    }
    std::string load_error(Profile profile, const TlsFiles& files) {
        const auto loaded = TlsContext::load(profile, files);
        return loaded ? "" : loaded.error().log_detail();
    }
    static bool connects(TlsContext& server, SSL_CTX* client, int version, const char* ciphers = nullptr,
                         const char* groups = nullptr) {
        const Handshake tried{server.current()->native_handle(), client, [&](SSL*, SSL* end) {
                                  SSL_set_min_proto_version(end, version);
                                  SSL_set_max_proto_version(end, version);
                                  if (ciphers != nullptr) SSL_set_cipher_list(end, ciphers);
                                  if (groups != nullptr) SSL_set1_groups_list(end, groups);
                              }};
        return tried.both_done();
    }
};

TEST_F(Profiles, PublicSpeaksTls12And13Only) {
    const auto server = public_server();
    const auto client = plain_client();
    EXPECT_FALSE(connects(*server, client.get(), TLS1_VERSION, "ALL:@SECLEVEL=0"));
    EXPECT_FALSE(connects(*server, client.get(), TLS1_1_VERSION, "ALL:@SECLEVEL=0"));
    EXPECT_TRUE(connects(*server, client.get(), TLS1_2_VERSION));
    EXPECT_TRUE(connects(*server, client.get(), TLS1_3_VERSION));
}

// PCI DSS 4.0.1: 4.2.1
TEST_F(Profiles, PublicTakesForwardSecretAeadCiphersOnly) {
    const auto server = public_server();
    const auto client = plain_client();
    for (const auto* cipher : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256",
                               "ECDHE-ECDSA-AES128-CCM"})
        EXPECT_FALSE(connects(*server, client.get(), TLS1_2_VERSION, cipher)) << cipher;
    for (const auto* cipher :
         {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"})
        EXPECT_TRUE(connects(*server, client.get(), TLS1_2_VERSION, cipher)) << cipher;
}

TEST_F(Profiles, PublicTakesThreeGroupsOnly) {
    const auto server = public_server();
    const auto client = plain_client();
    for (const auto* group : {"X25519", "P-256", "P-384"})
        EXPECT_TRUE(connects(*server, client.get(), TLS1_3_VERSION, nullptr, group)) << group;
    for (const auto* group : {"P-521", "X448", "ffdhe2048"})
        EXPECT_FALSE(connects(*server, client.get(), TLS1_3_VERSION, nullptr, group)) << group;
}

TEST_F(Profiles, PublicChoosesHttp11AndRefusesClientsWithoutIt) {
    const auto server = public_server();
    const auto client = plain_client();
    const auto offer = [&](const std::string& protocols) {
        return Handshake{server->current()->native_handle(), client.get(), [&](SSL*, SSL* end) {
                             SSL_set_alpn_protos(end,
                                                 reinterpret_cast<const unsigned char*>(protocols.data()),
                                                 static_cast<unsigned>(protocols.size()));
                         }};
    };
    const auto chosen = offer("\x02h2\x08http/1.1");
    ASSERT_TRUE(chosen.both_done());
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(chosen.client.get(), &name, &size);
    EXPECT_EQ(std::string(name, name + size), "http/1.1");
    EXPECT_FALSE(offer("\x02h2").both_done());
}

TEST_F(Profiles, PublicResumesSessions) {
    const auto server = public_server();
    const auto client = plain_client();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(client.get(), version);
        const Handshake first{server->current()->native_handle(), client.get()};
        ASSERT_TRUE(first.both_done());
        SSL_SESSION* session = first.session();
        ASSERT_EQ(SSL_SESSION_is_resumable(session), 1);
        const Handshake second{server->current()->native_handle(), client.get(),
                               [&](SSL*, SSL* end) { SSL_set_session(end, session); }};
        EXPECT_TRUE(second.both_done());
        EXPECT_EQ(SSL_session_reused(second.server.get()), 1);
        // Another process has other ticket keys: no failure, a full handshake.
        const auto other = public_server();
        const Handshake elsewhere{other->current()->native_handle(), client.get(),
                                  [&](SSL*, SSL* end) { SSL_set_session(end, session); }};
        EXPECT_TRUE(elsewhere.both_done());
        EXPECT_EQ(SSL_session_reused(elsewhere.server.get()), 0);
        SSL_SESSION_free(session);
    }
}

TEST_F(Profiles, PublicRefusesRenegotiation) {
    const auto server = public_server();
    const auto client = plain_client();
    SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
    const Handshake done{server->current()->native_handle(), client.get()};
    ASSERT_TRUE(done.both_done());
    SSL_renegotiate(done.client.get());
    bool again = false;
    for (int i = 0; i < 5 && !again; ++i) {
        std::array<char, 8> buffer{};
        again = SSL_do_handshake(done.client.get()) == 1 && SSL_renegotiate_pending(done.client.get()) == 0;
        SSL_read(done.server.get(), buffer.data(), buffer.size());
    }
    ERR_clear_error();
    EXPECT_FALSE(again);
}

// PCI DSS 4.0.1: 4.2.1
TEST_F(Profiles, InternalSpeaksTls13Only) {
    const auto server = internal(Profile::internal_server, "vault");
    const auto client = internal(Profile::internal_client, "gateway");
    EXPECT_TRUE(connects(*server, client->current()->native_handle(), TLS1_3_VERSION));
    const auto old = plain_client();
    SSL_CTX_use_certificate_chain_file(old.get(), path("gateway.pem").c_str());
    SSL_CTX_use_PrivateKey_file(old.get(), path("gateway.key").c_str(), SSL_FILETYPE_PEM);
    EXPECT_TRUE(connects(*server, old.get(), TLS1_3_VERSION));
    EXPECT_FALSE(connects(*server, old.get(), TLS1_2_VERSION));
}

TEST_F(Profiles, InternalNeverResumes) {
    const auto server = internal(Profile::internal_server, "vault");
    const auto client = internal(Profile::internal_client, "gateway");
    SSL_CTX* end = client->current()->native_handle();
    const Handshake first{server->current()->native_handle(), end};
    ASSERT_TRUE(first.both_done());
    SSL_SESSION* session = first.session();
    EXPECT_EQ(SSL_SESSION_is_resumable(session), 0);
    const Handshake second{server->current()->native_handle(), end,
                           [&](SSL*, SSL* c) { SSL_set_session(c, session); }};
    EXPECT_TRUE(second.both_done());
    EXPECT_EQ(SSL_session_reused(second.server.get()), 0);
    EXPECT_NE(SSL_get0_peer_certificate(second.server.get()), nullptr);
    SSL_SESSION_free(session);
}

TEST_F(Profiles, EveryOneWipesWhatItDecrypted) {
    for (const auto profile : {Profile::internal_server, Profile::internal_client}) {
        const auto options = SSL_CTX_get_options(internal(profile, "vault")->current()->native_handle());
        EXPECT_NE(options & SSL_OP_CLEANSE_PLAINTEXT, 0U);
        EXPECT_NE(options & SSL_OP_NO_COMPRESSION, 0U);
    }
    SSL_CTX* open = public_server()->current()->native_handle();
    EXPECT_NE(SSL_CTX_get_options(open) & SSL_OP_CLEANSE_PLAINTEXT, 0U);
    EXPECT_NE(SSL_CTX_get_mode(open) & SSL_MODE_RELEASE_BUFFERS, 0);
}

TEST_F(Profiles, OutwardTrustsTheGivenCaOnly) {
    const auto server = public_server();
    const auto trusting =
        TlsContext::load(Profile::outward_client, {.certificate = "", .key = "", .ca = path("ca/ca.pem")})
            .value();
    EXPECT_TRUE(
        (Handshake{server->current()->native_handle(), trusting->current()->native_handle()}).both_done());
    const auto system = TlsContext::load(Profile::outward_client, {.certificate = "", .key = ""}).value();
    const Handshake refused{server->current()->native_handle(), system->current()->native_handle()};
    EXPECT_FALSE(refused.both_done());
    EXPECT_NE(certs::refusal_of(refused.client.get()), "");
}

TEST_F(Profiles, NameWhatIsWrongWithTheirFiles) {
    authority("other");
    const auto good = issue("vault", "spiffe://portcullis/vault");
    auto spec = client_spec();
    spec.extended_key_usage = "serverAuth,clientAuth";

    auto changed = good;
    changed.certificate = path("absent.pem");
    EXPECT_THAT(load_error(Profile::internal_server, changed), HasSubstr("absent.pem"));
    changed = good;
    changed.key = write("another", spec).key;
    EXPECT_THAT(load_error(Profile::internal_server, changed), HasSubstr("another.key does not match"));
    changed = good;
    changed.ca = path("other/ca.pem");
    EXPECT_THAT(load_error(Profile::internal_server, changed),
                HasSubstr("vault.pem does not chain to the CA"));
    changed = good;
    changed.ca = "";
    EXPECT_THAT(load_error(Profile::internal_server, changed), HasSubstr("needs a CA file"));
    changed = good;
    changed.ca = path("another.pem");
    EXPECT_THAT(load_error(Profile::internal_server, changed), HasSubstr("is not a CA"));

    auto late = spec;
    late.starts_in = -std::chrono::days{9};
    late.ends_in = -std::chrono::days{1};
    EXPECT_THAT(load_error(Profile::internal_server, write("late", late)), HasSubstr("expired at 20"));
    auto early = spec;
    early.starts_in = std::chrono::days{1};
    EXPECT_THAT(load_error(Profile::internal_server, write("early", early)), HasSubstr("not valid before"));
    auto client_only = client_spec();
    EXPECT_THAT(load_error(Profile::internal_server, write("client_only", client_only)),
                HasSubstr("client_only.pem"));
    auto nameless = spec;
    nameless.names = {{"localhost"}, {}, {}};
    EXPECT_THAT(load_error(Profile::internal_server, write("nameless", nameless)), HasSubstr("no URI name"));

    const auto open_key = write("open_key", spec);
    chmod(open_key.key.c_str(), 0644);
    EXPECT_THAT(load_error(Profile::internal_server, open_key), HasSubstr("open_key.key"));
    // A chain in the wrong order.
    const auto chain = certs::read_certificates(good.certificate).value();
    ASSERT_TRUE(certs::write_certificates(path("vault.pem"), {chain[1].get(), chain[0].get()}));
    EXPECT_THAT(load_error(Profile::internal_server, good), HasSubstr("the chain is broken"));
}

TEST_F(Profiles, AreReplacedWhileConnectionsGoOn) {
    const auto server = internal(Profile::internal_server, "vault");
    const auto client = internal(Profile::internal_client, "gateway");
    std::atomic<bool> ended = false;
    std::atomic<int> connections = 0;
    std::atomic<int> failures = 0;
    std::thread load{[&] {
        while (!ended) {
            const auto present = server->current();
            const Handshake tried{present->native_handle(), client->current()->native_handle()};
            ++(tried.both_done() ? connections : failures);
        }
    }};
    const Handshake old{server->current()->native_handle(), client->current()->native_handle()};
    std::string serial = certs::serial_of(SSL_get0_peer_certificate(old.client.get()));
    for (int swap = 0; swap < 20; ++swap) {
        issue("vault", "spiffe://portcullis/vault");
        const bool broken = swap % 5 == 4;
        const bool foreign = swap % 5 == 3;
        if (broken) std::ofstream{path("vault.pem")} << "not a certificate\n";
        if (foreign) issue("vault", "spiffe://portcullis/gateway");
        EXPECT_EQ(server->reload().has_value(), !broken && !foreign) << swap;
        const Handshake fresh{server->current()->native_handle(), client->current()->native_handle()};
        ASSERT_TRUE(fresh.both_done()) << swap;
        const auto seen = certs::serial_of(SSL_get0_peer_certificate(fresh.client.get()));
        EXPECT_EQ(seen == serial, broken || foreign) << swap;
        EXPECT_EQ(certs::identity_of(SSL_get0_peer_certificate(fresh.client.get())),
                  "spiffe://portcullis/vault");
        serial = seen;
    }
    ended = true;
    load.join();
    EXPECT_GT(connections, 0);
    EXPECT_EQ(failures, 0);
    std::array<char, 8> buffer{};
    EXPECT_EQ(SSL_write(old.client.get(), "still", 5), 5);
    EXPECT_EQ(SSL_read(old.server.get(), buffer.data(), buffer.size()), 5);
}

}  // namespace
}  // namespace certs_test
