// What the vault asks of its HSM, without a word of PKCS#11. Keys are named by purpose and version; their
// bytes never leave the token. PCI DSS 4.0.1 requirements 3.6.1.2, 3.7.
#pragma once

#include <cstdint>
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
    unsigned workers = 2;  // sessions, each used by one thread at a time
    std::size_t queue_max = 256;
    std::chrono::milliseconds call_max{2000};         // a caller waits no longer
    std::vector<std::string> waived_attributes = {};  // names ("CKA_COPYABLE") that this module does not know
};

class Hsm {
  public:
    // Loads the module, finds the token by label, logs in once, audits every object against the table of
    // attributes and finds the keys. An error says what differs and what to do. `required`: keys that must
    // exist.
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
    common::Task<common::SecretBytes> random(std::size_t size, common::Deadline deadline);
    // Canary and HMAC self-test; for readiness.
    common::Task<bool> self_test(common::Deadline deadline);

    struct Health {
        bool usable;
        std::chrono::seconds since_success;
        std::string last_error;  // "CKR_DEVICE_ERROR in C_Encrypt", "" = none
    };
    Health health() const;

  private:
    struct Impl;
    explicit Hsm(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace hsm
