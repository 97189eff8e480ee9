#include "vault/commands/key_name.h"

namespace vault::commands {

std::optional<KeyName> key_name_of(std::string_view text) {
    for (const auto purpose : keys::all_purposes())
        if (keys::purpose_name(purpose) == text) return purpose;
    if (const auto key = hsm::key_of_label(text)) return *key;
    if (common::account_of(text, "mk_")) return std::string{text};
    const auto account = common::account_of(text, "acct_");
    if (account && common::public_account_id(*account) == text) return *account;
    return std::nullopt;
}

}  // namespace vault::commands
