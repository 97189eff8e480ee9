#include "certs/cms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/certificate.h"
#include "certs/pem.h"
#include "folder.h"
#include "support/process.h"

namespace {

using certs::cms_open;
using certs::cms_seal;
using certs::cms_sign;
using certs::cms_verify;
using common::crypto::Bytes;
using testing::HasSubstr;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string text_of(const Bytes& bytes) {
    return {bytes.begin(), bytes.end()};
}

struct Person {
    certs::KeyPtr key = certs::make_key();
    certs::X509Ptr certificate;
    explicit Person(certs::KeyPtr given = certs::make_key()) : key{std::move(given)} {
        certs::CertificateSpec spec{.common_name = "person", .names = {}};
        spec.key_usage = "critical,digitalSignature,keyAgreement,keyEncipherment";
        certificate = std::move(*certs::make_certificate(spec, key.get(), nullptr, key.get()));
    }
    std::string sign(std::string_view text) const {
        return *cms_sign(bytes_of(text), certificate.get(), key.get());
    }
};

class Cms : public certs_test::CertsTest {
  protected:
    static bool verifies(std::string_view cms, const Person& by, std::string_view detached = "") {
        return cms_verify(bytes_of(cms), by.certificate.get(), bytes_of(detached)).has_value();
    }
    std::string file(const std::string& name) const { return path(name); }
    std::string put(const std::string& name, std::string_view content) const {
        std::ofstream{file(name)} << content;
        return file(name);
    }
    // Certificate and key of a person as files, and openssl with these arguments.
    void write_files(const Person& person) const {
        ASSERT_TRUE(certs::write_certificates(file("p.pem"), {person.certificate.get()}));
        ASSERT_TRUE(certs::write_private_key(file("p.key"), person.key.get()));
    }
    static void openssl(std::vector<std::string> words) {
        words.insert(words.begin(), {"/usr/bin/openssl", "cms"});
        const auto done = support::run_program(words);
        ASSERT_EQ(done.code, 0) << done.err;
    }
    Person alice, bob;
};

TEST_F(Cms, SignsAndVerifies) {
    const auto cms = alice.sign("a document\n");
    EXPECT_THAT(cms, HasSubstr("BEGIN CMS"));
    EXPECT_EQ(text_of(*cms_verify(bytes_of(cms), alice.certificate.get())), "a document\n");
    EXPECT_EQ(text_of(*certs::cms_content_unverified(bytes_of(cms))), "a document\n");
    EXPECT_TRUE(verifies(cms, alice, "a document\n"));
    EXPECT_FALSE(verifies(cms, alice, "a document"));
    EXPECT_FALSE(verifies(cms, bob));
    EXPECT_FALSE(cms_sign(bytes_of("x"), alice.certificate.get(), bob.key.get()));
}

// The same issuer and serial, another key: what names the signer is not what proves it.
TEST_F(Cms, BelievesTheKeyAndNotTheName) {
    Person impostor;
    const certs::X509Ptr copy{X509_dup(alice.certificate.get())};
    X509_set_pubkey(copy.get(), impostor.key.get());
    X509_sign(copy.get(), impostor.key.get(), EVP_sha256());
    const auto cms = *cms_sign(bytes_of("x"), copy.get(), impostor.key.get());
    EXPECT_TRUE(*certs::cms_names_signer(bytes_of(cms), alice.certificate.get()));
    EXPECT_FALSE(verifies(cms, alice));
}

TEST_F(Cms, RefusesWhatIsNoSignature) {
    for (const auto& bad : {std::string{}, std::string{"words"}, std::string{"0"}, std::string(2 << 20, 'x'),
                            *cms_seal(bytes_of("x"), {alice.certificate.get()})}) {
        EXPECT_FALSE(verifies(bad, alice));
        EXPECT_FALSE(certs::cms_content_unverified(bytes_of(bad)));
    }
    auto cms = alice.sign(std::string(3000, 'x'));
    const auto middle = cms.find('\n', cms.size() / 2) + 10;
    cms[middle] = cms[middle] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verifies(cms, alice));
}

TEST_F(Cms, TakesSignaturesOfOpenssl) {
    write_files(alice);
    const auto document = put("doc", "{\"a\":1}");
    openssl({"-sign", "-binary", "-nodetach", "-in", document, "-signer", file("p.pem"), "-inkey",
             file("p.key"), "-outform", "PEM", "-out", file("in.cms")});
    EXPECT_TRUE(verifies(support::content_of(file("in.cms")), alice));
    openssl({"-sign", "-binary", "-in", document, "-signer", file("p.pem"), "-inkey", file("p.key"),
             "-outform", "DER", "-out", file("out.cms")});
    const auto detached = support::content_of(file("out.cms"));
    EXPECT_TRUE(verifies(detached, alice, "{\"a\":1}"));
    EXPECT_FALSE(verifies(detached, alice, "{\"a\":2}"));
    EXPECT_FALSE(verifies(detached, alice));
    const auto ours = put("ours.cms", alice.sign("{\"a\":1}"));
    openssl({"-verify", "-binary", "-inform", "PEM", "-in", ours, "-CAfile", file("p.pem"), "-purpose", "any",
             "-out", file("seen")});
    EXPECT_EQ(support::content_of(file("seen")), "{\"a\":1}");
}

TEST_F(Cms, RefusesWeakAndBareSignatures) {
    write_files(alice);
    const auto document = put("doc", "x");
    for (const std::vector<std::string>& how : {std::vector<std::string>{"-md", "sha1"}, {"-noattr"}}) {
        std::vector<std::string> words{"-sign",   "-binary",     "-nodetach",   "-in",         document,
                                       "-signer", file("p.pem"), "-inkey",      file("p.key"), "-outform",
                                       "PEM",     "-out",        file("in.cms")};
        words.insert(words.end(), how.begin(), how.end());
        openssl(words);
        EXPECT_FALSE(verifies(support::content_of(file("in.cms")), alice)) << how.front();
    }
    openssl({"-sign", "-binary", "-nodetach", "-in", document, "-signer", file("p.pem"), "-inkey",
             file("p.key"), "-outform", "PEM", "-out", file("one.cms")});
    ASSERT_TRUE(certs::write_certificates(file("p.pem"), {bob.certificate.get()}));
    ASSERT_TRUE(certs::write_private_key(file("p.key"), bob.key.get()));
    openssl({"-resign", "-binary", "-nodetach", "-inform", "PEM", "-in", file("one.cms"), "-signer",
             file("p.pem"), "-inkey", file("p.key"), "-outform", "PEM", "-out", file("two.cms")});
    EXPECT_FALSE(verifies(support::content_of(file("two.cms")), alice)) << "two signatures in one message";
}

TEST_F(Cms, SealsToItsRecipientsAlone) {
    const Person card{certs::KeyPtr{EVP_RSA_gen(2048)}};
    const auto cms = *cms_seal(bytes_of("a secret"), {alice.certificate.get(), card.certificate.get()});
    EXPECT_EQ(cms_open(bytes_of(cms), alice.certificate.get(), alice.key.get())->text(), "a secret");
    EXPECT_EQ(cms_open(bytes_of(cms), card.certificate.get(), card.key.get())->text(), "a secret");
    EXPECT_FALSE(cms_open(bytes_of(cms), bob.certificate.get(), bob.key.get()));
    EXPECT_FALSE(cms_open(bytes_of(cms), alice.certificate.get(), bob.key.get()));
    EXPECT_FALSE(cms_open(bytes_of(alice.sign("x")), alice.certificate.get(), alice.key.get()));
    EXPECT_FALSE(cms_seal(bytes_of("x"), {}));
    EXPECT_FALSE(cms_seal({}, {alice.certificate.get()}));
}

TEST_F(Cms, NoticesEveryChangeOfASealedMessage) {
    const auto cms = *cms_seal(bytes_of("a secret"), {alice.certificate.get()});
    auto base64 = cms.substr(cms.find('\n') + 1);
    base64.resize(base64.find("-----END"));
    std::erase(base64, '\n');
    auto der = *common::crypto::from_base64(base64);
    for (std::size_t at = der.size() - 28; at < der.size(); ++at) {
        auto changed = der;
        changed[at] ^= 1U;
        EXPECT_FALSE(cms_open(changed, alice.certificate.get(), alice.key.get())) << at;
    }
    EXPECT_TRUE(cms_open(der, alice.certificate.get(), alice.key.get()));

    // Four bytes of the tag are left, and every length around them says so.
    constexpr std::size_t cut = 12;
    der.resize(der.size() - cut);
    der[der.size() - 5] = 4;
    for (const std::size_t length : {2U, 19U, 23U}) {
        ASSERT_EQ(der[length - 1], 0x82);
        const auto size = static_cast<unsigned>(der[length] * 256 + der[length + 1]) - cut;
        der[length] = static_cast<std::uint8_t>(size >> 8U);
        der[length + 1] = static_cast<std::uint8_t>(size);
    }
    const auto truncated = cms_open(der, alice.certificate.get(), alice.key.get());
    ASSERT_FALSE(truncated);
    EXPECT_THAT(truncated.error().message(), HasSubstr("shorter than 16 bytes"));
}

TEST_F(Cms, ExchangesSealedMessagesWithOpenssl) {
    write_files(alice);
    const auto ours = put("ours.cms", *cms_seal(bytes_of("a secret"), {alice.certificate.get()}));
    openssl({"-decrypt", "-inform", "PEM", "-in", ours, "-recip", file("p.pem"), "-inkey", file("p.key"),
             "-out", file("seen")});
    EXPECT_EQ(support::content_of(file("seen")), "a secret");
    for (const auto* const cipher : {"-aes-256-gcm", "-aes-256-cbc"}) {
        openssl({"-encrypt", "-binary", cipher, "-in", put("plain", "theirs"), "-outform", "DER", "-out",
                 file("theirs.cms"), file("p.pem")});
        const auto theirs = support::content_of(file("theirs.cms"));
        const auto opened = cms_open(bytes_of(theirs), alice.certificate.get(), alice.key.get());
        ASSERT_TRUE(opened) << cipher << opened.error().describe();
        EXPECT_EQ(opened->text(), "theirs");
    }
}

TEST_F(Cms, KeepsAKeyUnderItsPassphrase) {
    const auto right = common::SecretBytes::copy_of(std::string_view{"correct horse battery"});
    const auto wrong = common::SecretBytes::copy_of(std::string_view{"correct horse batterz"});
    ASSERT_TRUE(certs::write_protected_key(file("k.key"), alice.key.get(), right));
    const auto read = certs::read_protected_key(file("k.key"), right);
    ASSERT_TRUE(read);
    EXPECT_EQ(EVP_PKEY_eq(read->get(), alice.key.get()), 1);
    EXPECT_THAT(certs::read_protected_key(file("k.key"), wrong).error().log_detail(),
                HasSubstr("passphrase"));
    EXPECT_FALSE(certs::read_private_key(file("k.key")));
    ASSERT_TRUE(certs::write_private_key(file("bare.key"), alice.key.get()));
    EXPECT_THAT(certs::read_protected_key(file("bare.key"), right).error().log_detail(),
                HasSubstr("no encrypted private key"));
    const auto shown = support::run_program({"/usr/bin/openssl", "pkey", "-in", file("k.key"), "-passin",
                                             "pass:correct horse battery", "-noout", "-check"});
    EXPECT_EQ(shown.code, 0) << shown.err;
    ::chmod(file("k.key").c_str(), 0640);
    EXPECT_FALSE(certs::read_protected_key(file("k.key"), right));
}

}  // namespace
