// Fingerprints of cards, for the time when their key changes.
#pragma once

#include "vault/store/card_rows.h"

namespace vault::store {

class Fingerprints {
  public:
    explicit Fingerprints(common::db::Pool& pool) : pool_{pool} {}
    struct Place {
        common::AccountId account{-1};
        std::string token = "";
    };
    // Cards whose fingerprint was made by this version of the key, over all accounts, behind `after`.
    // Erased ones are not among them.
    common::Task<std::vector<Place>> made_by(unsigned key_version, Place after, int limit,
                                             common::Deadline deadline);
    // false: it was changed by somebody else.
    common::Task<bool> replace(Place card, unsigned old_version, std::string fingerprint,
                               unsigned key_version, common::Deadline deadline);
    common::Task<std::int64_t> count(unsigned key_version, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
