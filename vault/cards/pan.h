// Card number, security code and expiry date as types that are wiped, moved and never copied, printed or
// compared by accident. PCI DSS 4.0.1 requirements 3.3.1, 3.5.1.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "common/secret.h"

namespace vault::relay {
class CardFields;  // puts number, expiry and security code into the message for the acquirer
}
namespace vault::transfer {
class CardLine;  // puts the number into a file that is sealed to its recipient
}

namespace vault::cards {

class CardSealer;
class Fingerprinter;
class SandboxCards;
class BinTable;
class CvcStore;
class Velocity;
class PanTestAccess;  // defined by tests only

// Reading card data takes this key; whoever holds it is listed here.
class PanAccess {
    PanAccess() = default;
    friend class CardSealer;
    friend class Fingerprinter;
    friend class SandboxCards;
    friend class BinTable;
    friend class CvcStore;
    friend class Velocity;
    friend class vault::relay::CardFields;
    friend class vault::transfer::CardLine;
    friend class PanTestAccess;
};

enum class Brand : std::uint8_t { visa, mastercard, amex, discover, diners, jcb, unionpay, unknown };
std::string_view to_string(Brand brand);
// Of an issuer identification number of six digits or more.
Brand brand_of(std::string_view digits);
bool length_fits(Brand brand, std::size_t digits);
std::size_t cvc_size(Brand brand);  // 4 for amex, else 3

// A primary account number, 13 to 19 digits (ISO/IEC 7812). A default-made one is empty.
class Pan {
  public:
    static constexpr std::size_t size_min = 13, size_max = 19;

    Pan() = default;
    // Spaces and dashes are dropped. 402 card_error on param `number`: `invalid_number` for anything but
    // digits and for a length that the brand does not have, `incorrect_number` for a wrong check digit.
    static common::Result<Pan> parse(std::string_view typed);

    bool empty() const { return digits_.empty(); }
    std::string_view digits(PanAccess) const { return digits_.view(); }
    Brand brand() const { return brand_; }
    std::string last4() const;

  private:
    common::SecretChars<size_max> digits_;
    Brand brand_ = Brand::unknown;
};

// Card security code, 3 or 4 digits. Sensitive authentication data: never stored, not even encrypted.
class Cvc {
  public:
    Cvc() = default;
    // 402 card_error `invalid_cvc` on param `cvc`.
    static common::Result<Cvc> parse(std::string_view typed, Brand brand);
    bool empty() const { return digits_.empty(); }
    std::string_view digits(PanAccess) const { return digits_.view(); }

  private:
    friend class CvcStore;
    explicit Cvc(std::string_view digits) : digits_{digits} {}
    common::SecretChars<4> digits_;
};

struct Expiry {
    int month = 0;  // 1–12
    int year = 0;   // four digits
    // 402 card_error `invalid_expiry_month` on param `exp_month`, `invalid_expiry_year` on `exp_year`. A card
    // is good until the end of its month; a year of two digits is of the present century.
    static common::Result<Expiry> parse(std::int64_t month, std::int64_t year, common::TimePoint now);
    std::string yymm() const;  // ISO 8583 field 14
};

template <class Stream>
Stream& operator<<(Stream&, const Pan&) = delete;
template <class Stream>
Stream& operator<<(Stream&, const Cvc&) = delete;

}  // namespace vault::cards
