// application/x-www-form-urlencoded with nested brackets, as the merchant API and query strings use it:
//   a=1   a[b][c]=1   a[0]=x&a[1]=y   a[]=x&a[]=y   a[0][k]=v   a[][k]=v (a new element starts when a key
//   repeats)
// Indexes order an array and gaps close up; a[] and a[0] of one array do not mix. The same scalar twice: the
// last wins. `+` and %20 are spaces; text comes back byte for byte. Values live in wiping memory, since a
// card number may be among them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/secret.h"

namespace common::form {

inline constexpr std::size_t depth_max = 10;
inline constexpr std::size_t pairs_max = 2000;

class Value {
  public:
    enum class Kind : std::uint8_t { text, hash, array };
    Kind kind() const { return kind_; }
    bool is_text() const { return kind_ == Kind::text; }
    std::string_view text() const { return text_.view(); }  // "" unless text
    const Value* find(std::string_view key) const;          // hash member or nullptr
    const std::vector<std::pair<std::string, Value>>& members() const {
        return members_;
    }  // hash, in order of arrival
    const std::vector<Value>& elements() const { return elements_; }  // array
    // Array that was written with indexes: those, as sent, one an element; empty for a[]. metadata[6735]=x
    // comes back as an array, and here is its key.
    const std::vector<std::string>& indexes() const { return indexes_; }

  private:
    friend class Decoder;
    Kind kind_ = Kind::hash;
    SecretText text_;
    std::vector<std::pair<std::string, Value>> members_;
    std::vector<Value> elements_;
    std::vector<std::string> indexes_;
};

// 400 in the API's form: bad percent escape or UTF-8 or NUL (code invalid_characters), too deep, too many
// pairs, a parameter that is both a scalar and a hash, a name that is not well-formed: brackets that do not
// match or stand inside a key (metadata[a[b]]). The top level is a hash, an empty body an empty one.
Result<Value> decode(std::string_view body);

// Canonical bytes of a decoded form, in order of names, for the digest that idempotency compares: equal for
// equal meaning whatever the order or escaping. SHA-256 of them, hex.
std::string digest(const Value& form);

std::string percent_decode_segment(
    std::string_view segment);  // one path segment; invalid escapes stay as they are
std::string percent_encode(std::string_view text);

}  // namespace common::form
