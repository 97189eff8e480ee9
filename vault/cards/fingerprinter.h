// The same number in the same account and mode has the same fingerprint, and nobody without the HSM can tell
// which number it is. PCI DSS 4.0.1 requirement 3.5.1.1.
#pragma once

#include <string>

#include "common/ids.h"
#include "common/task.h"
#include "hsm/hsm.h"
#include "vault/cards/pan.h"

namespace vault::cards {

class Fingerprinter {
  public:
    static constexpr unsigned key_version = 1;
    explicit Fingerprinter(hsm::Hsm& hsm) : hsm_{hsm} {}
    // 22 base62 characters of 128 bits. One call of the HSM.
    common::Task<std::string> of(common::AccountId account, bool livemode, const Pan& pan,
                                 common::Deadline deadline);

  private:
    hsm::Hsm& hsm_;
};

}  // namespace vault::cards
