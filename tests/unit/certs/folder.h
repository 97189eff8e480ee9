// A temporary folder, and the pairs of files that tests put into it.
#pragma once

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/authority.h"
#include "certs/certificate.h"
#include "certs/pem.h"
#include "certs/tls.h"

namespace certs_test {

using certs::Authority;
using certs::CertificateSpec;
using certs::KeyPtr;
using certs::LeafRequest;
using certs::Names;
using certs::Outcome;
using certs::Profile;
using certs::TlsContext;
using certs::TlsFiles;
using certs::X509Ptr;

class CertsTest : public testing::Test {
  protected:
    CertsTest() {
        auto pattern = (std::filesystem::temp_directory_path() / "portcullis-certs-XXXXXX").string();
        folder = mkdtemp(pattern.data());
    }
    ~CertsTest() override { std::filesystem::remove_all(folder); }

    std::string path(const std::string& name) const { return folder + "/" + name; }
    // A CA of its own in folder/name.
    Authority authority(const std::string& name = "ca") const {
        return std::move(Authority::init(path(name), name, false).value().first);
    }
    TlsFiles files(const std::string& name, const std::string& ca = "ca") const {
        return {.certificate = path(name + ".pem"), .key = path(name + ".key"), .ca = path(ca + "/ca.pem")};
    }
    // An internal pair as portcullis-certs makes it.
    TlsFiles issue(const std::string& name, const std::string& uri) const {
        LeafRequest request{.name = name, .names = {{"localhost"}, {"127.0.0.1"}, {uri}}};
        request.server = request.client = true;
        EXPECT_TRUE(authority().issue(folder, request, true));
        return files(name);
    }
    // A pair made from a specification, signed by the CA in folder/ca_name ("" = self-signed).
    TlsFiles write(const std::string& name, const CertificateSpec& spec,
                   const std::string& ca_name = "ca") const {
        const auto key = certs::make_key();
        X509Ptr issuer;
        KeyPtr issuer_key;
        if (!ca_name.empty()) {
            issuer = std::move(certs::read_certificates(path(ca_name + "/ca.pem")).value().front());
            issuer_key = std::move(certs::read_private_key(path(ca_name + "/ca.key")).value());
        }
        const auto made =
            certs::make_certificate(spec, key.get(), issuer.get(), issuer ? issuer_key.get() : key.get());
        EXPECT_TRUE(made) << made.error().describe();
        EXPECT_TRUE(certs::write_private_key(path(name + ".key"), key.get()));
        EXPECT_TRUE(certs::write_certificates(path(name + ".pem"), {made->get()}));
        return files(name);
    }
    static CertificateSpec client_spec() {
        CertificateSpec spec{.common_name = "client", .names = {{}, {}, {"spiffe://portcullis/gateway"}}};
        spec.extended_key_usage = "clientAuth";
        return spec;
    }
    std::string folder;
};

}  // namespace certs_test
