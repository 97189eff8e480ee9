// Keys of TLS session tickets on the public port. A ticket key that lives as long as the process would undo
// forward secrecy, so a new one is made every 12 hours; its predecessor is still accepted for 12 more, then
// wiped.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <span>

#include "common/secret.h"
#include "common/task.h"

namespace certs {

class TicketKeys {
  public:
    using Steady = common::Deadline::Steady;
    static constexpr std::chrono::hours life{12};
    static constexpr std::size_t name_size = 16, cipher_key_size = 32, mac_key_size = 32;

    // name(16) ‖ AES-256 key(32) ‖ HMAC-SHA-256 key(32), in locked memory.
    using Key = common::SecretBytes;

    // The key for new tickets.
    Key current(Steady::time_point now);
    // The key with that name, unless it is gone. `renew`: it is not the current one.
    struct Found {
        Key key;
        bool renew;
    };
    std::optional<Found> find(std::span<const std::uint8_t> name, Steady::time_point now);

  private:
    void rotate(Steady::time_point now);
    static Key fresh();
    std::mutex mutex_;
    Key current_;
    Key previous_;
    Steady::time_point made_{};
};

}  // namespace certs
