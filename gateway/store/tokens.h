// Which parts of tokens and confirmation tokens are columns of their tables.
#pragma once

#include "gateway/store/table.h"
#include "gateway/tokens/token.h"

namespace gateway::store {

template <>
struct Shape<Token> {
    static constexpr common::Text kind = "token";
    static constexpr const char* table = "tokens";
    static constexpr std::array columns{"type", "used"};
};

template <>
struct Shape<ConfirmationToken> {
    static constexpr common::Text kind = "confirmation_token";
    static constexpr const char* table = "confirmation_tokens";
    static constexpr std::array columns{"payment_intent", "setup_intent"};
};

}  // namespace gateway::store
