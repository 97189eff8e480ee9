// Using tokens up. Every use is inside the transaction of what it is used for, so that of many that try at
// the same time one succeeds.
#pragma once

#include "gateway/no_such.h"
#include "gateway/store/session.h"
#include "gateway/tokens/token.h"

namespace gateway::tokens {

// Whether the id can name a card of the sandbox table only (tok_visa …), for it is no token of this account.
bool is_template(std::string_view id, const Scope& scope);

// Locked. 400 on `param` for a token that is not there, of another type, used, or too old.
common::Result<Token> require_usable(store::Transaction& tx, const Scope& scope, const std::string& id,
                                     TokenType type, std::string_view param, std::int64_t now);
// The row is locked.
void use_up(store::Transaction& tx, const Scope& scope, const std::string& id);

// Locked. 400 on `confirmation_token` for one that is not there, used, or too old.
common::Result<ConfirmationToken> require_confirmable(store::Transaction& tx, const Scope& scope,
                                                      const std::string& id, std::int64_t now);
// For an intent, "pi_…" or "seti_…". The row is locked.
void use_up(store::Transaction& tx, ConfirmationToken token, const std::string& intent);

// Either kind, by its id, as if it had never been used: what it was used for did not happen.
void give_back(store::Transaction& tx, const Scope& scope, const std::string& id);

}  // namespace gateway::tokens
