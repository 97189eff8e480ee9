// A small certificate authority for a site of one's own: two files in a folder, ca.pem and ca.key, and the
// revocation list ca.crl once something was revoked. ECDSA P-256 throughout.
#pragma once

#include <memory>
#include <string>

#include "certs/identity.h"
#include "common/result.h"

namespace certs {

struct LeafRequest {
    std::string name;  // file name and common name: letters, digits, '-', '_', '.'
    Names names = {};  // at least one
    bool server = false;
    bool client = false;
    unsigned days = 0;  // 0 = 397 for a certificate without URI (public), 30 with one (internal)
};

// What `issue` and `renew` did to a certificate.
enum class Outcome : std::uint8_t { kept, made, replaced };

class Authority {
  public:
    // Makes the folder and the pair unless a usable pair is there (or `force`). Ten years, path length 0.
    static common::Result<std::pair<Authority, Outcome>> init(const std::string& folder,
                                                              const std::string& name, bool force);
    // 500 naming the file and reason: unreadable, key does not match, not a CA, expired.
    static common::Result<Authority> load(const std::string& folder);

    // Writes folder/name.pem (leaf, then the CA) and folder/name.key. A pair that is there stays when it is
    // of this CA, has the same names and usages and is valid for another day; `force` replaces it.
    common::Result<Outcome> issue(const std::string& folder, const LeafRequest& request, bool force) const;
    // Replaces folder/name.pem and its key by one with the same names, usages and length of life, when it was
    // issued by this CA and expires within `within_days`. 500 when it is of another CA.
    common::Result<Outcome> renew(const std::string& folder, const std::string& name,
                                  unsigned within_days) const;
    // Adds the certificate of a PEM file to folder/ca.crl. Idempotent.
    common::Status revoke(const std::string& certificate_file) const;

    const X509* certificate() const { return certificate_.get(); }

  private:
    Authority(std::string folder, X509Ptr certificate, KeyPtr key);
    common::Status write_leaf(const std::string& folder, const LeafRequest& request) const;
    bool issued(X509* certificate) const;
    std::string folder_;
    X509Ptr certificate_;
    KeyPtr key_;
};

}  // namespace certs
