// Cards to another vault, and from one. An export needs custodians.
#pragma once

#include <string>

#include "common/config.h"
#include "common/ids.h"

namespace vault::commands {

struct ExportOrder {
    common::AccountId account;
    bool livemode = false;
    std::string recipient, out, purpose;
};

struct ImportOrder {
    common::AccountId account;
    bool livemode = false;
    std::string file, certificate, key, passphrase_file;
    std::string results;  // "" = standard output
};

common::Status export_cards(const common::Config& config, const ExportOrder& order);
common::Status import_cards(const common::Config& config, const ImportOrder& order);

}  // namespace vault::commands
