// Amounts are integers in the minor unit of a currency of ISO 4217; there is no floating point anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace common {

// A currency that the gateway charges in. Values come from `find` only, so one that exists is known.
class Currency {
  public:
    static std::optional<Currency> find(std::string_view code);          // "eur", "EUR"
    static std::optional<Currency> find_numeric(std::string_view code);  // "978", ISO 8583 field 49
    std::string_view code() const;                                       // lower case
    std::string_view numeric() const;                                    // three digits
    int exponent() const;             // decimals of the minor unit in the merchant API: JPY 0, EUR 2, KWD 3
    int iso_exponent() const;         // ISO 4217, as in ISO 8583: the same, but ISK and UGX 0, MGA 2
    std::int64_t amount_min() const;  // least charge in minor units
    std::int64_t amount_max() const;  // greatest charge in minor units
    std::int64_t step() const;        // amounts are multiples of this: KWD 10, UGX and ISK 100, else 1
    static std::string list();        // "aed, aud, …" for messages
    bool operator==(const Currency&) const = default;

  private:
    explicit Currency(std::uint8_t index) : index_{index} {}
    std::uint8_t index_;
};

class Money {
  public:
    Money(std::int64_t minor, Currency currency) : minor_{minor}, currency_{currency} {}
    std::int64_t minor() const { return minor_; }
    Currency currency() const { return currency_; }
    bool operator==(const Money&) const = default;

    // Nothing when the currencies differ or the sum leaves 64 bits.
    std::optional<Money> plus(Money other) const;
    std::optional<Money> minus(Money other) const;
    std::string display() const;  // "12.34 EUR", "500 JPY"

  private:
    std::int64_t minor_;
    Currency currency_;
};

}  // namespace common
