// Who gets through mutual TLS, over real TLS 1.3 handshakes.
#include <sstream>
#include <thread>

#include "handshake.h"
#include "unit/certs/folder.h"

namespace certs_test {
namespace {

using testing::HasSubstr;

class Peers : public CertsTest {
  protected:
    Peers() {
        authority("ca");
        authority("other");
        server_files = issue("vault", "spiffe://portcullis/vault");
        server = load(Profile::internal_server, server_files);
    }
    std::shared_ptr<TlsContext> load(Profile profile, const TlsFiles& files) {
        auto loaded = TlsContext::load(profile, files);
        EXPECT_TRUE(loaded) << loaded.error().describe();
        return loaded ? *loaded : nullptr;
    }
    // A client as an attacker would write it: shows whatever it has, and trusts anyone.
    certs::SslContextPtr client(const std::optional<TlsFiles>& files) {
        certs::SslContextPtr made{SSL_CTX_new(TLS_client_method())};
        SSL_CTX_set_security_level(made.get(), 0);
        if (files) {
            EXPECT_EQ(SSL_CTX_use_certificate_chain_file(made.get(), files->certificate.c_str()), 1);
            EXPECT_EQ(SSL_CTX_use_PrivateKey_file(made.get(), files->key.c_str(), SSL_FILETYPE_PEM), 1);
        }
        return made;
    }
    // Why the server refused; "" when it did not.
    std::string refusal(const std::optional<TlsFiles>& files) {
        const auto context = client(files);
        const Handshake tried{server->current()->native_handle(), context.get()};
        if (tried.server_done || tried.both_done()) return "";
        const auto reason = certs::refusal_of(tried.server.get());
        return reason.empty() ? tried.server_error : reason;
    }
    TlsFiles server_files;
    std::shared_ptr<TlsContext> server;
};

TEST_F(Peers, WithAGoodCertificateGetThrough) {
    EXPECT_EQ(refusal(write("good", client_spec())), "");
    const auto gateway = load(Profile::internal_client, issue("gateway", "spiffe://portcullis/gateway"));
    const Handshake done{server->current()->native_handle(), gateway->current()->native_handle()};
    EXPECT_TRUE(done.both_done());
    EXPECT_EQ(done.version(), "TLSv1.3");
    EXPECT_EQ(certs::identity_of(SSL_get0_peer_certificate(done.server.get())),
              "spiffe://portcullis/gateway");
}

TEST_F(Peers, WithoutACertificateAreRefused) {
    EXPECT_THAT(refusal(std::nullopt), HasSubstr("peer did not return a certificate"));
}

// PCI DSS 4.0.1: 4.2.1
TEST_F(Peers, WithASelfSignedCertificateAreRefused) {
    EXPECT_THAT(refusal(write("self", client_spec(), "")), HasSubstr("self-signed certificate"));
}

TEST_F(Peers, OfAnotherCaAreRefused) {
    EXPECT_THAT(refusal(write("foreign", client_spec(), "other")), HasSubstr("unable to get local issuer"));
}

// PCI DSS 4.0.1: 4.2.1
TEST_F(Peers, WithAnExpiredCertificateAreRefused) {
    auto spec = client_spec();
    spec.starts_in = -std::chrono::days{2};
    spec.ends_in = -std::chrono::days{1};
    EXPECT_THAT(refusal(write("expired", spec)), HasSubstr("certificate has expired"));
}

TEST_F(Peers, WithACertificateOfTheFutureAreRefused) {
    auto spec = client_spec();
    spec.starts_in = std::chrono::hours{1};
    EXPECT_THAT(refusal(write("future", spec)), HasSubstr("not yet valid"));
}

TEST_F(Peers, WithAServersCertificateAreRefused) {
    auto spec = client_spec();
    spec.extended_key_usage = "serverAuth";
    EXPECT_THAT(refusal(write("server", spec)), HasSubstr("purpose"));
}

TEST_F(Peers, WithoutExtendedKeyUsageAreRefused) {
    auto spec = client_spec();
    spec.extended_key_usage = "";
    EXPECT_THAT(refusal(write("any_use", spec)), HasSubstr("extended key usage lacks clientAuth"));
}

TEST_F(Peers, ThatAreCasAreRefused) {
    auto spec = client_spec();
    spec.basic_constraints = "critical,CA:TRUE";
    EXPECT_THAT(refusal(write("is_ca", spec)), HasSubstr("CA certificate is used as a leaf"));
}

TEST_F(Peers, ThatMaySignCertificatesAreRefused) {
    auto spec = client_spec();
    spec.key_usage = "critical,digitalSignature,keyCertSign";
    EXPECT_NE(refusal(write("signs", spec)), "");
}

TEST_F(Peers, WithoutDigitalSignatureAreRefused) {
    auto spec = client_spec();
    spec.key_usage = "critical,keyAgreement";
    EXPECT_NE(refusal(write("agrees", spec)), "");
}

TEST_F(Peers, WithoutAUriAreRefused) {
    auto spec = client_spec();
    spec.names = {{"gateway.internal"}, {}, {}};
    EXPECT_THAT(refusal(write("no_uri", spec)), HasSubstr("no URI name"));
}

TEST_F(Peers, WithTwoUrisAreRefused) {
    auto spec = client_spec();
    spec.names.uris.push_back("spiffe://portcullis/vault");
    EXPECT_THAT(refusal(write("two_uris", spec)), HasSubstr("more than one URI name"));
}

TEST_F(Peers, OfAnotherTrustDomainAreRefused) {
    for (const auto* uri : {"spiffe://elsewhere/gateway", "spiffe://portcullis.evil/gateway",
                            "https://portcullis/gateway", "spiffe://portcullis", "spiffe://portcullis/",
                            "spiffe://portcullis//gateway", "spiffe://portcullis/gateway?x=1"}) {
        auto spec = client_spec();
        spec.names.uris = {uri};
        EXPECT_THAT(refusal(write("elsewhere", spec)), HasSubstr("the URI name is not spiffe://portcullis/"))
            << uri;
    }
}

TEST_F(Peers, NamedByTheirCommonNameOnlyAreRefused) {
    CertificateSpec spec{.common_name = "spiffe://portcullis/gateway"};
    spec.extended_key_usage = "clientAuth";
    EXPECT_THAT(refusal(write("common_name", spec)), HasSubstr("no URI name"));
}

TEST_F(Peers, SignedWithSha1AreRefused) {
    auto spec = client_spec();
    spec.digest = EVP_sha1();
    EXPECT_THAT(refusal(write("sha1", spec)), testing::AnyOf(HasSubstr("too weak"), HasSubstr("SHA-1")));
}

TEST_F(Peers, ThatAreRefusedDoNotFillTheLog) {
    const auto files = write("self", client_spec(), "");
    // The tests before this one may have used up the lines of the second that goes on.
    for (const auto second = std::time(nullptr); std::time(nullptr) == second;)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    testing::internal::CaptureStderr();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 60; ++i)
        ASSERT_NE(refusal(files), "");
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - began).count();
    const auto log = testing::internal::GetCapturedStderr();
    const auto lines = std::ranges::count(log, '\n');
    EXPECT_GT(lines, 0);
    EXPECT_LE(lines, 11 * (seconds + 2)) << "ten a second, and how many were left out";
}

// PCI DSS 4.0.1: 4.2.1
TEST_F(Peers, ThatWereRevokedAreRefused) {
    const auto files = write("lost", client_spec());
    const auto kept = write("kept", client_spec());
    ASSERT_EQ(refusal(files), "");
    ASSERT_TRUE(authority("ca").revoke(files.certificate));
    ASSERT_TRUE(authority("ca").revoke(files.certificate));
    server_files.crl = path("ca/ca.crl");
    server = load(Profile::internal_server, server_files);
    EXPECT_THAT(refusal(files), HasSubstr("revoked"));
    EXPECT_EQ(refusal(kept), "");
}

TEST_F(Peers, OfAnotherRoleKeepTheirOwnIdentity) {
    const auto context = client(issue("worker", "spiffe://portcullis/worker"));
    const Handshake done{server->current()->native_handle(), context.get()};
    ASSERT_TRUE(done.both_done());
    // It is the routes that refuse a role; what they are told is who it is, never who is expected.
    EXPECT_EQ(certs::identity_of(SSL_get0_peer_certificate(done.server.get())), "spiffe://portcullis/worker");
}

TEST_F(Peers, ThatPlayAServerAreHeldToTheSameRules) {
    const auto gateway = load(Profile::internal_client, issue("gateway", "spiffe://portcullis/gateway"));
    const auto refused_by_client = [&](const TlsFiles& files) {
        certs::SslContextPtr impostor{SSL_CTX_new(TLS_server_method())};
        SSL_CTX_use_certificate_chain_file(impostor.get(), files.certificate.c_str());
        SSL_CTX_use_PrivateKey_file(impostor.get(), files.key.c_str(), SSL_FILETYPE_PEM);
        const Handshake tried{impostor.get(), gateway->current()->native_handle()};
        EXPECT_FALSE(tried.both_done());
        return certs::refusal_of(tried.client.get());
    };
    auto spec = client_spec();
    spec.extended_key_usage = "serverAuth";
    EXPECT_THAT(refused_by_client(write("foreign", spec, "other")), HasSubstr("unable to get local issuer"));
    spec.names.uris.clear();
    spec.names.dns = {"localhost"};
    EXPECT_THAT(refused_by_client(write("no_uri", spec)), HasSubstr("no URI name"));
}

}  // namespace
}  // namespace certs_test
