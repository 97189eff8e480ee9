// Associated data of a seal: type-length-value in a fixed order, so that no two contexts have the same bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace vault::keys {

class AssociatedData {
  public:
    // Numbers are big-endian; lengths have two bytes.
    explicit AssociatedData(std::string_view context) { text(0, context); }
    AssociatedData& text(std::uint8_t tag, std::string_view value) {
        return bytes(tag, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
    }
    AssociatedData& bytes(std::uint8_t tag, std::span<const std::uint8_t> value) {
        data_.push_back(tag);
        data_.push_back(static_cast<std::uint8_t>(value.size() >> 8));
        data_.push_back(static_cast<std::uint8_t>(value.size()));
        data_.insert(data_.end(), value.begin(), value.end());
        return *this;
    }
    AssociatedData& number(std::uint8_t tag, std::uint64_t value) {
        std::uint8_t big_endian[8];
        for (int i = 0; i < 8; ++i)
            big_endian[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
        return bytes(tag, big_endian);
    }
    std::span<const std::uint8_t> span() const { return data_; }

  private:
    std::vector<std::uint8_t> data_;
};

}  // namespace vault::keys
