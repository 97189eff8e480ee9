#include "common/assert.h"
#include "vault/iso8583/message.h"

namespace vault::iso8583 {

void FrameReader::feed(std::span<const std::uint8_t> bytes) {
    if (read_ > 0) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(read_));
        read_ = 0;
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

FrameReader::State FrameReader::next(common::SecretText& payload) {
    while (buffer_.size() - read_ >= 2) {
        const std::size_t size = static_cast<std::size_t>(buffer_[read_]) << 8 | buffer_[read_ + 1];
        if (size > payload_max) return State::too_long;
        if (buffer_.size() - read_ - 2 < size) return State::need_more;
        if (size == 0) {
            read_ += 2;
            continue;
        }
        payload = common::SecretText{{reinterpret_cast<const char*>(buffer_.data()) + read_ + 2, size}};
        read_ += 2 + size;
        return State::frame;
    }
    return State::need_more;
}

bool FrameReader::in_frame() const {
    return buffer_.size() > read_;
}

common::SecretText frame(std::string_view payload) {
    PORTCULLIS_ASSERT(!payload.empty() && payload.size() <= payload_max);
    common::SecretText out;
    out.reserve(payload.size() + 2);
    out.push_back(static_cast<char>(payload.size() >> 8));
    out.push_back(static_cast<char>(payload.size() & 0xFF));
    out.append(payload);
    return out;
}

}  // namespace vault::iso8583
