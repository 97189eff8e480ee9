#include "vault/cards/tokens.h"

#include <algorithm>
#include <array>
#include <span>

#include "common/assert.h"
#include "common/base62.h"
#include "common/crypto.h"
#include "common/luhn.h"
#include "vault/keys/associated_data.h"

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

std::string token_start(common::AccountId account, bool livemode) {
    return std::string{livemode ? live_prefix : test_prefix} + common::base62_of(account);
}

std::string with_checksum(const std::string& token) {
    return token + common::checksum62(token);
}

// As uniform as random ones: what would favour the first characters of the alphabet is left out.
std::string derived_characters(std::span<const std::uint8_t> secret, std::span<const std::uint8_t> input) {
    constexpr std::uint8_t unbiased_below = 248;  // 4 × 62
    std::string text;
    for (const auto byte : common::crypto::hmac_sha256(secret, input))
        if (byte < unbiased_below) text += common::base62::alphabet[byte % 62];
    return text;
}

constexpr std::size_t digit_token_size = 16, last4_size = 4, country_size = 3;

// ISO 3166-1 numeric codes that are assigned.
constexpr std::array<std::uint16_t, 249> countries{
    4,   8,   10,  12,  16,  20,  24,  28,  31,  32,  36,  40,  44,  48,  50,  51,  52,  56,  60,  64,  68,
    70,  72,  74,  76,  84,  86,  90,  92,  96,  100, 104, 108, 112, 116, 120, 124, 132, 136, 140, 144, 148,
    152, 156, 158, 162, 166, 170, 174, 175, 178, 180, 184, 188, 191, 192, 196, 203, 204, 208, 212, 214, 218,
    222, 226, 231, 232, 233, 234, 238, 239, 242, 246, 248, 250, 254, 258, 260, 262, 266, 268, 270, 275, 276,
    288, 292, 296, 300, 304, 308, 312, 316, 320, 324, 328, 332, 334, 336, 340, 344, 348, 352, 356, 360, 364,
    368, 372, 376, 380, 384, 388, 392, 398, 400, 404, 408, 410, 414, 417, 418, 422, 426, 428, 430, 434, 438,
    440, 442, 446, 450, 454, 458, 462, 466, 470, 474, 478, 480, 484, 492, 496, 498, 499, 500, 504, 508, 512,
    516, 520, 524, 528, 531, 533, 534, 535, 540, 548, 554, 558, 562, 566, 570, 574, 578, 580, 581, 583, 584,
    585, 586, 591, 598, 600, 604, 608, 612, 616, 620, 624, 626, 630, 634, 638, 642, 643, 646, 652, 654, 659,
    660, 662, 663, 666, 670, 674, 678, 682, 686, 688, 690, 694, 702, 703, 704, 705, 706, 710, 716, 724, 728,
    729, 732, 740, 744, 748, 752, 756, 760, 762, 764, 768, 772, 776, 780, 784, 788, 792, 795, 796, 798, 800,
    804, 807, 818, 826, 831, 832, 833, 834, 840, 850, 854, 858, 860, 862, 876, 882, 887, 894};
static_assert(std::ranges::is_sorted(countries));

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Whether a country may have given the range to an issuer.
bool may_be_issued(std::string_view token) {
    unsigned country = 0;
    for (const char c : token.substr(1, country_size))
        country = country * 10 + static_cast<unsigned>(c - '0');
    return std::ranges::binary_search(countries, country);
}

void draw_digits(std::span<char> out) {
    constexpr std::uint8_t below = 250;  // a multiple of ten: what is left out keeps the digits uniform
    for (auto& digit : out) {
        std::uint8_t byte = 0;
        do
            common::crypto::random_bytes({&byte, 1});
        while (byte >= below);
        digit = static_cast<char>('0' + byte % 10);
    }
}

}  // namespace

std::string new_token(common::AccountId account, bool livemode) {
    for (;;) {
        auto token =
            with_checksum(token_start(account, livemode) + common::crypto::random_base62(random_size));
        if (!reads_as_card_number(token)) return token;
    }
}

std::string derived_token(common::AccountId account, bool livemode, std::span<const std::uint8_t> secret,
                          std::span<const std::uint8_t> what) {
    const auto start = token_start(account, livemode);
    std::string drawn;
    for (std::uint64_t block = 0;; ++block) {
        keys::AssociatedData input{"portcullis-token"};
        input.text(1, start).bytes(2, what).number(3, block);
        drawn += derived_characters(secret, input.span());
        if (drawn.size() < random_size) continue;
        auto token = with_checksum(start + drawn.substr(0, random_size));
        if (!reads_as_card_number(token)) return token;
        drawn.clear();
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

std::string new_digit_token(std::string_view last4) {
    PORTCULLIS_ASSERT(last4.size() == last4_size && std::ranges::all_of(last4, is_digit));
    std::string token(digit_token_size, '9');
    std::ranges::copy(last4, token.end() - last4_size);
    do
        draw_digits(std::span{token}.subspan(1, digit_token_size - 1 - last4_size));
    while (may_be_issued(token) || !is_digit_token(token));
    return token;
}

bool is_digit_token(std::string_view token) {
    return token.size() == digit_token_size && token.front() == '9' && std::ranges::all_of(token, is_digit) &&
           !may_be_issued(token) && !common::passes_luhn(token);
}

bool may_belong_to(std::string_view token, common::AccountId account) {
    const auto parts = parse_token(token);
    return parts ? parts->account == account : is_digit_token(token);
}

bool contradicts_mode(std::string_view token, bool livemode) {
    const auto parts = parse_token(token);
    return parts && parts->livemode != livemode;
}

}  // namespace vault::cards
