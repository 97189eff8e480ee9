#include <sys/stat.h>

#include "folder.h"

namespace certs_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using AuthorityFiles = CertsTest;

std::string detail(const common::Error& error) {
    return error.message() + error.log_detail();
}

TEST_F(AuthorityFiles, LeaveACaThatIsThere) {
    EXPECT_EQ(Authority::init(path("ca"), "One", false)->second, Outcome::made);
    const auto before = certs::fingerprint_of(authority().certificate());
    EXPECT_EQ(Authority::init(path("ca"), "Two", false)->second, Outcome::kept);
    EXPECT_EQ(certs::fingerprint_of(authority().certificate()), before);
    EXPECT_EQ(Authority::init(path("ca"), "Two", true)->second, Outcome::replaced);
    EXPECT_NE(certs::fingerprint_of(authority().certificate()), before);
}

TEST_F(AuthorityFiles, KeepTheKeyFromOthers) {
    authority();
    issue("vault", "spiffe://portcullis/vault");
    for (const auto* name : {"ca/ca.key", "vault.key"}) {
        struct stat info{};
        ASSERT_EQ(stat(path(name).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777U, 0600U) << name;
    }
    ASSERT_EQ(chmod(path("ca/ca.key").c_str(), 0640), 0);
    EXPECT_FALSE(Authority::load(path("ca")));
}

TEST_F(AuthorityFiles, NameACaWhoseKeyIsAnothers) {
    authority("ca");
    authority("other");
    std::filesystem::copy_file(path("other/ca.key"), path("ca/ca.key"),
                               std::filesystem::copy_options::overwrite_existing);
    const auto loaded = Authority::load(path("ca"));
    ASSERT_FALSE(loaded);
    EXPECT_THAT(detail(loaded.error()), HasSubstr("does not match"));
    EXPECT_FALSE(Authority::init(path("ca"), "again", false));  // never replaced without being told to
}

TEST_F(AuthorityFiles, HoldLeavesWithTheNamesAndUsesAskedFor) {
    const auto written = issue("gateway", "spiffe://portcullis/gateway");
    const auto chain = certs::read_certificates(written.certificate).value();
    ASSERT_EQ(chain.size(), 2U);
    const auto names = certs::names_of(chain.front().get());
    EXPECT_THAT(names.dns, ElementsAre("localhost"));
    EXPECT_THAT(names.ips, ElementsAre("127.0.0.1"));
    EXPECT_EQ(certs::identity_of(chain.front().get()), "spiffe://portcullis/gateway");
    for (const auto role : {certs::Role::server, certs::Role::client})
        EXPECT_EQ(certs::fault_of_leaf(chain.front().get(), role, "portcullis"), std::nullopt);
    EXPECT_NEAR(static_cast<double>(certs::seconds_until(X509_get0_notAfter(chain.front().get()))),
                30 * 86400, 60);
}

TEST_F(AuthorityFiles, GivePublicLeaves397Days) {
    LeafRequest request{.name = "web", .names = {{"localhost"}, {"127.0.0.1", "::1"}, {}}};
    request.server = true;
    ASSERT_TRUE(authority().issue(folder, request, false));
    const auto chain = certs::read_certificates(path("web.pem")).value();
    EXPECT_NEAR(static_cast<double>(certs::seconds_until(X509_get0_notAfter(chain.front().get()))),
                397 * 86400, 60);
    EXPECT_EQ(certs::identity_of(chain.front().get()), "");
    EXPECT_THAT(certs::names_of(chain.front().get()).ips, ElementsAre("127.0.0.1", "::1"));
}

TEST_F(AuthorityFiles, LeaveALeafThatIsAsAskedAndReplaceOneThatIsNot) {
    const auto ca = authority();
    LeafRequest request{.name = "vault", .names = {{"localhost"}, {}, {"spiffe://portcullis/vault"}}};
    request.server = true;
    EXPECT_EQ(ca.issue(folder, request, false).value(), Outcome::made);
    EXPECT_EQ(ca.issue(folder, request, false).value(), Outcome::kept);
    request.client = true;
    EXPECT_EQ(ca.issue(folder, request, false).value(), Outcome::replaced);
    request.names.dns.push_back("vault.internal");
    EXPECT_EQ(ca.issue(folder, request, false).value(), Outcome::replaced);
    EXPECT_EQ(ca.issue(folder, request, false).value(), Outcome::kept);
    EXPECT_EQ(authority("other").issue(folder, request, false).value(), Outcome::replaced);
}

TEST_F(AuthorityFiles, RenewWhatExpiresSoonWithTheSameIdentityAndANewKey) {
    const auto ca = authority();
    const auto written = issue("vault", "spiffe://portcullis/vault");
    const auto before = std::move(certs::read_certificates(written.certificate).value().front());
    EXPECT_EQ(ca.renew(folder, "vault", 10).value(), Outcome::kept);
    EXPECT_EQ(ca.renew(folder, "vault", 31).value(), Outcome::replaced);
    const auto after = std::move(certs::read_certificates(written.certificate).value().front());
    EXPECT_EQ(certs::names_of(after.get()), certs::names_of(before.get()));
    EXPECT_NE(certs::serial_of(after.get()), certs::serial_of(before.get()));
    EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(after.get()), X509_get0_pubkey(before.get())), 0);
    EXPECT_TRUE(TlsContext::load(Profile::internal_server, written));
    EXPECT_FALSE(authority("other").renew(folder, "vault", 31));
}

TEST_F(AuthorityFiles, RefuseRequestsThatMakeNoSense) {
    const auto ca = authority();
    const Names fine{{"localhost"}, {}, {}};
    const auto refused = [&](const std::string& name, const Names& names, bool server = true,
                             unsigned days = 0) {
        LeafRequest request{.name = name, .names = names};
        request.server = server;
        request.days = days;
        const auto done = ca.issue(folder, request, false);
        return !done && done.error().status() == 400;
    };
    EXPECT_TRUE(refused("", fine));
    EXPECT_TRUE(refused("../x", fine));
    EXPECT_TRUE(refused("ca", fine));
    EXPECT_TRUE(refused(std::string(65, 'x'), fine));
    EXPECT_TRUE(refused("x", {}));
    EXPECT_TRUE(refused("x", fine, false));
    EXPECT_TRUE(refused("x", fine, true, 4000));
    EXPECT_TRUE(refused("x", {{"a,DNS:b"}, {}, {}}));
    EXPECT_TRUE(refused("x", {{}, {"300.1.1.1"}, {}}));
    EXPECT_TRUE(refused("x", {{}, {}, {"spiffe://portcullis/a", "spiffe://portcullis/b"}}));
    EXPECT_FALSE(refused("x", fine));
}

TEST_F(AuthorityFiles, HaveSerialsOf128RandomBits) {
    std::set<std::string> serials;
    for (int i = 0; i < 20; ++i) {
        issue("x", "spiffe://portcullis/x");
        const auto serial = certs::serial_of(certs::read_certificates(path("x.pem")).value().front().get());
        EXPECT_EQ(serial.size(), 32U);
        EXPECT_TRUE(serials.insert(serial).second);
    }
}

TEST_F(AuthorityFiles, TellWhatIsNoCertificate) {
    std::ofstream{path("garbage.pem")} << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::ofstream{path("empty.pem")} << "";
    for (const auto* name : {"garbage.pem", "empty.pem", "absent.pem", "."}) {
        const auto read = certs::read_certificates(path(name));
        ASSERT_FALSE(read) << name;
        EXPECT_THAT(detail(read.error()), HasSubstr(path(name)));
    }
}

TEST(Identities, AreOneUriOrNone) {
    EXPECT_EQ(certs::identity_of(nullptr), "");
}

}  // namespace
}  // namespace certs_test
