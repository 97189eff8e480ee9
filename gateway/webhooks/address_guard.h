// Which addresses a webhook may be sent to. The guard is asked about every address that a name resolves to,
// before each delivery, and the connection goes to the very address that it let pass.
#pragma once

#include <vector>

#include <boost/asio/ip/address.hpp>

namespace gateway::webhooks {

enum class Reach : std::uint8_t {
    open,     // somebody else's machine on the internet
    inside,   // loopback, private ranges, this machine's own addresses: only where the operator allows it
    nowhere,  // link-local (cloud metadata), multicast, reserved, translated forms of IPv4: never
};

// By the ranges of the address registries alone.
Reach reach_of(const boost::asio::ip::address& address);

class AddressGuard {
  public:
    // `own`: addresses of this machine, which count as inside.
    explicit AddressGuard(bool allow_inside, std::vector<boost::asio::ip::address> own = {});
    bool lets_pass(const boost::asio::ip::address& address) const;
    // False for none at all, and when one is refused: a name that leads inside as well is up to something.
    bool lets_pass_all(const std::vector<boost::asio::ip::address>& addresses) const;

  private:
    bool allow_inside_;
    std::vector<boost::asio::ip::address> own_;
};

// Of all interfaces that are up.
std::vector<boost::asio::ip::address> addresses_of_this_machine();

}  // namespace gateway::webhooks
