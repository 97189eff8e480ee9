#include "common/ids.h"

#include <algorithm>

#include <boost/crc.hpp>

#include "common/assert.h"
#include "common/base62.h"
#include "common/crypto.h"

namespace common {
namespace {

constexpr std::size_t public_suffix_size = 16;
constexpr std::string_view public_account_domain = "portcullis public account id v1:";

bool is_base62(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return base62::value_of(c) >= 0; });
}

}  // namespace

AccountId new_account_id() {
    for (;;) {
        const auto account = account_of_base62(crypto::random_base62(account_part_size));
        if (account && account->value != 0) return *account;  // 0 stands for "no account" in places
    }
}

std::string base62_of(AccountId account) {
    PORTCULLIS_ASSERT(account.value >= 0);
    return base62::encode(static_cast<std::uint64_t>(account.value), account_part_size);
}

std::optional<AccountId> account_of_base62(std::string_view eight) {
    if (eight.size() != account_part_size) return std::nullopt;
    const auto value = base62::decode(eight);
    if (!value) return std::nullopt;
    return AccountId{static_cast<std::int64_t>(*value)};
}

std::string public_account_id(AccountId account) {
    const auto part = base62_of(account);
    const auto digest = crypto::sha256(std::string{public_account_domain} + part);
    std::string id = "acct_" + part;
    for (std::size_t i = 0; i < public_suffix_size; ++i) {
        const unsigned pair = digest[2 * i] * 256U + digest[2 * i + 1];
        id += base62::alphabet[pair % 62];
    }
    return id;
}

std::string new_id(std::string_view prefix, AccountId account, std::size_t random_characters) {
    std::string id{prefix};
    id += base62_of(account);
    id += crypto::random_base62(random_characters);
    return id;
}

std::optional<AccountId> account_of(std::string_view id, std::string_view prefix) {
    constexpr std::size_t id_max = 255;
    if (id.size() > id_max || !id.starts_with(prefix)) return std::nullopt;
    const auto rest = id.substr(prefix.size());
    if (rest.size() <= account_part_size || !is_base62(rest)) return std::nullopt;
    return account_of_base62(rest.substr(0, account_part_size));
}

std::string checksum62(std::string_view text) {
    boost::crc_32_type crc;
    crc.process_bytes(text.data(), text.size());
    return base62::encode(crc.checksum(), 6);
}

}  // namespace common
