// New fingerprints after their key was rotated. This is the one change of a key that has to open cards: a
// fingerprint can be computed from the number only.
#pragma once

#include "vault/audit/trail.h"
#include "vault/cards/fingerprinter.h"
#include "vault/keys/rewrap.h"
#include "vault/store/fingerprints.h"

namespace vault::cards {

class Reindexer {
  public:
    struct Parts {
        store::CardRows& rows;
        store::Fingerprints& fingerprints;
        keys::KeyRing& ring;
        Fingerprinter& fingerprinter;
        audit::Trail& trail;
        common::Metrics& metrics;
    };
    explicit Reindexer(Parts parts) : parts_{parts} {}
    // From this version of the fingerprint key to the active one. May be interrupted and repeated.
    common::Task<keys::RewrapReport> run(hsm::KeyRef from, keys::Rewrapper::Pace pace);

  private:
    common::Task<bool> one(const store::Fingerprints::Place& card, unsigned from);
    Parts parts_;
};

}  // namespace vault::cards
