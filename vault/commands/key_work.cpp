#include "vault/commands/key_work.h"

namespace vault::commands {

using common::Config;
using common::Fail;
using common::Result;
using std::chrono::days;

KeyWork::KeyWork(std::unique_ptr<Workplace> workplace, const Config& config)
    : work{std::move(workplace)},
      rotation{{work->hsm(), hsm_keys, merchant_keys, card_keys, fingerprints, safe, registry, ring,
                work->trail(), work->clock(), work->metrics(), work->operator_name(), "command line",
                days{config.integer("keys.backup_days")}}},
      rewrapper{{card_keys, merchant_keys, hsm_keys, safe, registry, ring, work->trail(), work->metrics()}},
      reindexer{{cards, fingerprints, ring, fingerprinter, work->trail(), work->metrics()}},
      periods{cryptoperiods(config)} {}

Result<std::unique_ptr<KeyWork>> KeyWork::open(const Config& config, bool lenient) {
    auto workplace = Workplace::open(config);
    if (!workplace) return Fail{std::move(workplace.error())};
    auto made = std::make_unique<KeyWork>(std::move(*workplace), config);
    if (lenient) return made;
    if (auto sound = wait_for(made->registry.reconcile(soon())); !sound)
        return Fail{std::move(sound).error()};
    return made;
}

}  // namespace vault::commands
