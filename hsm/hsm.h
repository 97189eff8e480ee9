// What the vault asks of its HSM, without a word of PKCS#11. Keys are named by purpose and version; their
// bytes never leave the token. PCI DSS 4.0.1 requirements 3.6.1.2, 3.7.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/crypto.h"
#include "common/metrics.h"
#include "common/runtime.h"
#include "common/task.h"

namespace hsm {

// Label on the token: "KEK-card-v1", "FPK-v1", …
enum class Purpose : std::uint8_t {
    kek_card,
    kek_pii,
    kek_2fa,
    fingerprint,
    velocity,
    audit,
    proof,
    registry
};

struct KeyRef {
    Purpose purpose;
    unsigned version = 1;
    auto operator<=>(const KeyRef&) const = default;
};
std::string label_of(KeyRef key);
std::optional<KeyRef> key_of_label(std::string_view label);

struct Options {
    std::string module;  // path of the PKCS#11 library
    std::string token_label;
    std::string pin_file;  // 0600
    // Labels of copies of the token (same keys, same CKA_IDs, same PIN), used in this order while the token
    // itself cannot be.
    std::vector<std::string> fallback_tokens = {};
    std::string profile_file = {};  // hsm/profile.h; "" = nothing is waived
    std::string directory = {};     // for the profile's {directory}
    unsigned workers = 2;           // sessions, each used by one thread at a time
    std::size_t queue_max = 256;
    std::chrono::milliseconds call_max{2000};  // a caller waits no longer
    // How often the tokens that are not in use are tried, and the primary returned to.
    std::chrono::milliseconds other_tokens_every{30'000};
    std::chrono::milliseconds revival_pause_min{100};  // between attempts to begin again; doubles up to 2 s
};

class Hsm {
  public:
    // Loads the module, finds the token by label, logs in once, audits every object against the table of
    // attributes and finds the keys. An error says what differs and what to do. `required`: keys that must
    // exist. A fall-back token is begun with only when the primary cannot be reached; a primary that can, but
    // must not be used, is an error.
    static common::Result<std::unique_ptr<Hsm>> open(Options options, std::vector<KeyRef> required,
                                                     common::Metrics& metrics);
    ~Hsm();

    // AES-256-GCM under a KEK: iv(12) ‖ ciphertext ‖ tag(16). Cause::unavailable when the HSM cannot be used.
    common::Task<common::crypto::Bytes> seal(KeyRef key, std::span<const std::uint8_t> plain,
                                             std::span<const std::uint8_t> aad, common::Deadline deadline);
    // Cause::integrity when the data is not what was sealed (told from a failing device by a canary).
    common::Task<common::SecretBytes> open_sealed(KeyRef key, std::span<const std::uint8_t> sealed,
                                                  std::span<const std::uint8_t> aad,
                                                  common::Deadline deadline);
    // HMAC-SHA-256 inside the HSM. `data` may be secret: it is wiped when done.
    common::Task<common::crypto::Digest> mac(KeyRef key, common::SecretBytes data, common::Deadline deadline);
    // The same of many at once, in their order: one wait for a free session, one look for the key. At most
    // macs_max of them.
    static constexpr std::size_t macs_max = 1024;
    common::Task<std::vector<common::crypto::Digest>> macs(KeyRef key, std::vector<common::SecretBytes> data,
                                                           common::Deadline deadline);
    common::Task<common::SecretBytes> random(std::size_t size, common::Deadline deadline);
    // Canary and HMAC self-test; for readiness.
    common::Task<bool> self_test(common::Deadline deadline);
    // The key was destroyed on purpose: its absence is no failure any more.
    void forget(KeyRef key);

    // Sound keys that were on the token when it was last opened, or were used since, with their CKA_ID.
    std::map<KeyRef, common::crypto::Bytes> keys() const;

    struct Health {
        bool usable;
        std::chrono::seconds since_success;
        std::string last_error;  // "CKR_DEVICE_ERROR in C_Encrypt", "" = none
        std::string token;       // label of the one in use
    };
    Health health() const;

  private:
    struct Impl;
    explicit Hsm(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace hsm
