// The same number in the same account and mode has the same fingerprint, and nobody without the HSM can tell
// which number it is. PCI DSS 4.0.1 requirement 3.5.1.1.
#pragma once

#include <string>

#include "common/ids.h"
#include "common/task.h"
#include "vault/cards/pan.h"
#include "vault/keys/registry.h"

namespace vault::cards {

struct Fingerprint {
    std::string text;          // 22 base62 characters of 128 bits
    unsigned key_version = 0;  // of the HSM's key
};

class Fingerprinter {
  public:
    Fingerprinter(hsm::Hsm& hsm, keys::Registry& registry) : hsm_{hsm}, registry_{registry} {}
    // Under the key that is active. One call of the HSM.
    common::Task<Fingerprint> of(common::AccountId account, bool livemode, const Pan& pan,
                                 common::Deadline deadline);
    // Of each of these, which must outlive the call. The HSM is asked for many at once, but leaves others
    // their turn in between.
    common::Task<std::vector<Fingerprint>> of_all(common::AccountId account, bool livemode,
                                                  std::vector<const Pan*> pans, common::Deadline deadline);
    // Under a version that need not be active any more.
    common::Task<std::vector<Fingerprint>> of_all(common::AccountId account, bool livemode,
                                                  std::vector<const Pan*> pans, hsm::KeyRef key,
                                                  common::Deadline deadline);

  private:
    hsm::Hsm& hsm_;
    keys::Registry& registry_;
};

}  // namespace vault::cards
