#include "vault/cards/tokens.h"

#include "common/base62.h"
#include "common/crypto.h"
#include "common/luhn.h"

namespace vault::cards {
namespace {

constexpr std::string_view test_prefix = "vt_test_", live_prefix = "vt_live_";
constexpr std::size_t random_size = 24, checksum_size = 6;
static_assert(test_prefix.size() == live_prefix.size());
constexpr std::size_t token_size =
    test_prefix.size() + common::account_part_size + random_size + checksum_size;

// Whether a scanner for card numbers would find one: a run of as many digits that has a good check digit.
bool reads_as_card_number(std::string_view token) {
    constexpr std::size_t digits_min = 13;
    std::size_t run = 0;
    for (std::size_t i = 0; i <= token.size(); ++i) {
        if (i < token.size() && token[i] >= '0' && token[i] <= '9') {
            ++run;
            continue;
        }
        if (run >= digits_min && common::passes_luhn(token.substr(i - run, run))) return true;
        run = 0;
    }
    return false;
}

std::string draw_token(common::AccountId account, bool livemode) {
    std::string token{livemode ? live_prefix : test_prefix};
    token += common::base62_of(account) + common::crypto::random_base62(random_size);
    return token + common::checksum62(token);
}

}  // namespace

std::string new_token(common::AccountId account, bool livemode) {
    for (;;) {
        auto token = draw_token(account, livemode);
        if (!reads_as_card_number(token)) return token;
    }
}

std::optional<TokenParts> parse_token(std::string_view token) {
    if (token.size() != token_size) return std::nullopt;
    const bool livemode = token.starts_with(live_prefix);
    if (!livemode && !token.starts_with(test_prefix)) return std::nullopt;
    const auto rest = token.substr(test_prefix.size());
    for (const char c : rest)
        if (common::base62::value_of(c) < 0) return std::nullopt;
    const auto body = token.substr(0, token_size - checksum_size);
    if (common::checksum62(body) != token.substr(body.size())) return std::nullopt;
    const auto account = common::account_of_base62(rest.substr(0, common::account_part_size));
    if (!account) return std::nullopt;
    return TokenParts{*account, livemode};
}

}  // namespace vault::cards
