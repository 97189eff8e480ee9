// Bytes between the connection and the parser, in memory that is wiped after each message: a card number that
// came in must not stay behind in the consumed part of a kept connection's buffer.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "common/secret.h"

namespace common::http {

using WipedBytes = std::vector<char, WipingAllocator<char>>;

class WireBuffer {
  public:
    explicit WireBuffer(std::size_t size_max) : size_max_{size_max} {}

    std::string_view view() const { return {bytes_.data() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    void consume(std::size_t n) { begin_ += n; }

    // Room for more bytes, at least one of them; empty when size_max are waiting already.
    std::span<char> prepare() {
        if (begin_ == end_) begin_ = end_ = 0;
        if (bytes_.size() - end_ >= room_min) return {bytes_.data() + end_, bytes_.size() - end_};
        if (begin_ != 0) {
            std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
            end_ -= begin_, begin_ = 0;
        }
        if (bytes_.size() - end_ < room_min)
            bytes_.resize(std::min(size_max_, std::max(size_first, bytes_.size() * 2)));
        return {bytes_.data() + end_, bytes_.size() - end_};
    }
    void commit(std::size_t n) {
        end_ += n;
        used_max_ = std::max(used_max_, end_);
    }

    // Keeps only what is not consumed yet; every other byte that was ever written becomes zero.
    void wipe_consumed() {
        const auto left = end_ - begin_;
        if (left != 0 && begin_ != 0) std::memmove(bytes_.data(), bytes_.data() + begin_, left);
        begin_ = 0, end_ = left;
        if (used_max_ > left) wipe(bytes_.data() + left, used_max_ - left);
        used_max_ = left;
    }
    // All memory, for the tests that look for what was left behind.
    std::span<const char> memory() const { return bytes_; }

  private:
    static constexpr std::size_t size_first = 8192, room_min = 1024;
    WipedBytes bytes_;
    std::size_t begin_ = 0, end_ = 0, used_max_ = 0;
    std::size_t size_max_;
};

}  // namespace common::http
