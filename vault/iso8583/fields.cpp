#include "vault/iso8583/fields.h"

#include <array>
#include <cstddef>

namespace vault::iso8583 {
namespace {

using Table = std::array<FieldFormat, 129>;

class Builder {
  public:
    constexpr void fixed(Kind kind, std::uint16_t size, std::initializer_list<int> fields) {
        put(kind, Prefix::fixed, size, fields);
    }
    constexpr void ll(Kind kind, std::uint16_t size, std::initializer_list<int> fields) {
        put(kind, Prefix::ll, size, fields);
    }
    constexpr void lll(Kind kind, std::uint16_t size, std::initializer_list<int> fields) {
        put(kind, Prefix::lll, size, fields);
    }
    constexpr const Table& table() const { return table_; }

  private:
    constexpr void put(Kind kind, Prefix prefix, std::uint16_t size, std::initializer_list<int> fields) {
        for (const int field : fields)
            table_[static_cast<std::size_t>(field)] = {kind, prefix, size};
    }
    Table table_{};
};

constexpr Table make_table() {
    using enum Kind;
    Builder t;
    t.fixed(n, 1, {27, 66});
    t.fixed(n, 2, {25, 26, 67});
    t.fixed(n, 3, {19, 20, 21, 22, 23, 24, 68, 69, 70});
    t.fixed(n, 4, {13, 14, 15, 16, 17, 18, 71, 72});
    t.fixed(n, 6, {3, 11, 12, 73});
    t.fixed(n, 8, {8, 9, 10});
    t.fixed(n, 10, {7, 74, 75, 76, 77, 78, 79, 80, 81});
    t.fixed(n, 12, {4, 5, 6, 82, 83, 84, 85});
    t.fixed(n, 16, {53, 86, 87, 88, 89});
    t.fixed(n, 42, {90});
    t.ll(n, 11, {32, 33, 99, 100});
    t.ll(n, 19, {2});
    t.fixed(x_n, 9, {28, 29, 30, 31});
    t.fixed(x_n, 17, {97});
    t.fixed(an, 1, {91});
    t.fixed(an, 2, {39, 92});
    t.fixed(an, 3, {40, 49, 50, 51});
    t.fixed(an, 6, {38});
    t.fixed(an, 7, {94});
    t.fixed(an, 12, {37});
    t.fixed(an, 42, {95});
    t.fixed(ans, 8, {41});
    t.fixed(ans, 15, {42});
    t.fixed(ans, 25, {98});
    t.fixed(ans, 40, {43});
    t.ll(ans, 17, {101});
    t.ll(ans, 25, {44});
    t.ll(ans, 28, {34, 102, 103});
    t.ll(ans, 76, {45});
    t.ll(z, 37, {35});
    t.lll(ans, 100, {104});
    t.lll(ans, 104, {36});
    t.lll(ans, 120, {54});
    t.lll(ans, 510, {55});
    t.lll(ans, 999, {46, 47, 48, 56, 57, 58, 59, 60, 61, 62, 63});
    for (int field = 105; field <= 127; ++field)
        t.lll(ans, 999, {field});
    t.fixed(b, 16, {52, 64, 128});
    return t.table();
}

constexpr Table table = make_table();
constexpr FieldFormat unknown{};

}  // namespace

const FieldFormat& format_of(int field) {
    return field >= 2 && field <= 128 ? table[static_cast<std::size_t>(field)] : unknown;
}

}  // namespace vault::iso8583
