// Identifiers: prefix, eight base62 characters of the account, then random ones, so that a query knows its
// account (and a sharded database its shard) before it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace common {

// Below 62^8; the first column of every key of a merchant-owned table.
struct AccountId {
    std::int64_t value = 0;
    auto operator<=>(const AccountId&) const = default;
};

inline constexpr std::size_t account_part_size = 8;

AccountId new_account_id();                // random
std::string base62_of(AccountId account);  // eight characters, zero-padded
std::optional<AccountId> account_of_base62(std::string_view eight);

// "acct_" + eight characters + sixteen fixed to the account, 24 in all behind the prefix.
std::string public_account_id(AccountId account);

// new_id("pi_", account) → "pi_" + 8 + 18 random characters (107 bits).
std::string new_id(std::string_view prefix, AccountId account, std::size_t random_characters = 18);
// The account inside an id that has this prefix; nothing for a foreign form.
std::optional<AccountId> account_of(std::string_view id, std::string_view prefix);

// Six base62 characters of the CRC-32 (ISO-HDLC) of `text`: a typo or an invented key is refused without a
// look-up.
std::string checksum62(std::string_view text);

}  // namespace common
