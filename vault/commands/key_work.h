// Everything about keys on top of a workplace, for the `keys` commands.
#pragma once

#include "vault/cards/reindex.h"
#include "vault/commands/workplace.h"
#include "vault/keys/housekeeping.h"
#include "vault/settings.h"

namespace vault::commands {

inline common::Deadline soon() {
    return common::Deadline::in(std::chrono::seconds{30});
}

struct KeyWork {
    // Refuses like a vault that starts when token and registry differ, unless `lenient`: for the commands
    // that mend such a difference.
    static common::Result<std::unique_ptr<KeyWork>> open(const common::Config& config, bool lenient = false);

    KeyWork(std::unique_ptr<Workplace> workplace, const common::Config& config);

    std::unique_ptr<Workplace> work;
    store::HsmKeys hsm_keys{work->pool()};
    store::MerchantKeys merchant_keys{work->pool()};
    store::CardKeys card_keys{work->pool()};
    store::CardRows cards{work->pool()};
    store::Fingerprints fingerprints{work->pool()};
    keys::KeyMaterial material{work->hsm()};
    keys::Registry registry{work->hsm(), hsm_keys, work->clock()};
    keys::MerchantKeySafe safe{work->hsm(), registry, material};
    keys::KeyRing ring{merchant_keys, safe, work->trail(), work->clock(), work->metrics()};
    cards::Fingerprinter fingerprinter{work->hsm(), registry};
    keys::Rotation rotation;
    keys::Rewrapper rewrapper;
    cards::Reindexer reindexer;
    keys::Cryptoperiods periods;
};

}  // namespace vault::commands
