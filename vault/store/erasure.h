// The deletion of cards, one statement a table, for whoever has a transaction.
#pragma once

#include "common/db/pool.h"
#include "vault/store/card_changes.h"

namespace vault::store {

// As a parameter of type text[]; tokens need no quotes.
std::string array_of(const std::vector<std::string>& tokens);

// Cards of one account, whose rows the transaction has locked. How many there were.
std::int64_t erase_cards(common::db::Transaction& tx, common::AccountId account,
                         const std::vector<std::string>& tokens, ErasureReason reason, std::int64_t day);

}  // namespace vault::store
