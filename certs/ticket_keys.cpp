#include "certs/ticket_keys.h"

#include <openssl/rand.h>

#include "common/assert.h"

namespace certs {

TicketKeys::Key TicketKeys::fresh() {
    Key key{name_size + cipher_key_size + mac_key_size};
    PORTCULLIS_ASSERT(RAND_priv_bytes(key.bytes().data(), static_cast<int>(key.size())) == 1);
    return key;
}

void TicketKeys::rotate(Steady::time_point now) {
    if (!current_.empty() && now - made_ < life) return;
    const bool previous_usable = !current_.empty() && now - made_ < 2 * life;
    previous_ = previous_usable ? std::move(current_) : Key{};
    current_ = fresh();
    made_ = now;
}

TicketKeys::Key TicketKeys::current(Steady::time_point now) {
    const std::lock_guard lock{mutex_};
    rotate(now);
    return Key::copy_of(current_.bytes());
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const std::uint8_t> name,
                                                  Steady::time_point now) {
    const std::lock_guard lock{mutex_};
    rotate(now);
    const auto has_name = [&](const Key& key) {
        return !key.empty() && common::equal_in_constant_time(key.bytes().first(name_size), name);
    };
    if (has_name(current_)) return Found{Key::copy_of(current_.bytes()), false};
    if (has_name(previous_)) return Found{Key::copy_of(previous_.bytes()), true};
    return std::nullopt;
}

}  // namespace certs
