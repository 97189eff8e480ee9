// A secret in the hands of n custodians: who has which share, what each share must look like, and the shares
// sealed to them. The set is public; every share has one file that only its custodian can open.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "certs/openssl.h"
#include "hsm/custody/shares.h"

namespace hsm::custody {

struct Holder {
    std::string name;
    certs::X509Ptr certificate;
};
// From the certificates' files, by their common names. 400 unless names and keys are distinct and each
// certificate can be used and sealed to.
common::Result<std::vector<Holder>> read_holders(const std::vector<std::string>& certificate_files);

struct ShareSet {
    std::string id;       // "shr_…"
    std::string purpose;  // "so-pin", "backup"
    unsigned threshold = 0;
    struct Member {
        std::string custodian, fingerprint;
        std::string commitment;  // hex of SHA-256 of set, index and share
    };
    std::vector<Member> members;  // of index 1, 2, …
    std::string secret_commitment;

    std::string text() const;  // canonical JSON
    static common::Result<ShareSet> parse(std::string_view text);
};

struct SealedShare {
    std::string file_name;  // "share-1-alice.cms"
    std::string cms;
};
struct NewShareSet {
    ShareSet set;
    std::vector<SealedShare> shares;
};
// No commitment gives anything away: shares and secret have at least 128 bits that nobody can guess.
common::Result<NewShareSet> make_share_set(std::string purpose, const common::SecretBytes& secret,
                                           unsigned threshold, const std::vector<Holder>& holders);

// What a custodian finds in his file, or passes on to who combines.
struct OpenedShare {
    std::string set, purpose, custodian;
    Share share;
};
common::Result<OpenedShare> open_share(std::span<const std::uint8_t> cms, X509* certificate, EVP_PKEY* key);
// The same share sealed to another: to the one-time key of who combines.
common::Result<std::string> reseal_share(const OpenedShare& opened, X509* recipient);

// Shares on their way to the secret. Each is told apart by name when it is of another set, forged, damaged,
// or there already.
class Combination {
  public:
    explicit Combination(const ShareSet& set) : set_{set} {}
    common::Status add(OpenedShare opened);
    std::size_t given() const { return shares_.size(); }
    bool is_enough() const { return shares_.size() >= set_.threshold; }
    // 400 saying how many are missing.
    common::Result<common::SecretBytes> secret() const;

  private:
    const ShareSet& set_;
    std::vector<Share> shares_;
};

}  // namespace hsm::custody
