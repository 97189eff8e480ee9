#include "gateway/webhooks/address_guard.h"

#include <algorithm>
#include <array>
#include <memory>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace gateway::webhooks {
namespace {

namespace ip = boost::asio::ip;

struct Range4 {
    std::array<std::uint8_t, 4> prefix;
    unsigned bits;
    Reach reach;
};
// IANA's registry of special addresses, and what routers do not carry.
constexpr Range4 ranges4[] = {
    {{0, 0, 0, 0}, 8, Reach::nowhere},        // this network
    {{10, 0, 0, 0}, 8, Reach::inside},        // private
    {{100, 64, 0, 0}, 10, Reach::inside},     // carrier's translation
    {{127, 0, 0, 0}, 8, Reach::inside},       // loopback
    {{169, 254, 0, 0}, 16, Reach::nowhere},   // link-local, metadata of clouds
    {{172, 16, 0, 0}, 12, Reach::inside},     // private
    {{192, 0, 0, 0}, 24, Reach::nowhere},     // protocol assignments
    {{192, 0, 2, 0}, 24, Reach::nowhere},     // documentation
    {{192, 88, 99, 0}, 24, Reach::nowhere},   // 6to4 relays
    {{192, 168, 0, 0}, 16, Reach::inside},    // private
    {{198, 18, 0, 0}, 15, Reach::nowhere},    // benchmarks
    {{198, 51, 100, 0}, 24, Reach::nowhere},  // documentation
    {{203, 0, 113, 0}, 24, Reach::nowhere},   // documentation
    {{224, 0, 0, 0}, 4, Reach::nowhere},      // multicast
    {{240, 0, 0, 0}, 4, Reach::nowhere},      // reserved, broadcast
};

struct Range6 {
    std::array<std::uint8_t, 16> prefix;
    unsigned bits;
    Reach reach;
};
// The first that holds the address decides. What carries an IPv4 address inside is refused whatever that is.
constexpr Range6 ranges6[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, Reach::inside},  // loopback
    {{0xfc}, 7, Reach::inside},                                              // unique local
    {{0x20, 0x01, 0x0d, 0xb8}, 32, Reach::nowhere},                          // documentation
    {{0x20, 0x01}, 23, Reach::nowhere},  // protocol assignments: Teredo, ORCHID, benchmarks
    {{0x20, 0x02}, 16, Reach::nowhere},  // 6to4
    {{0x3f, 0xff}, 20, Reach::nowhere},  // documentation
    {{0x20}, 3, Reach::open},            // global unicast
    // The rest: unspecified, mapped and translated IPv4 (::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48),
    // discard (100::/64), link-local, multicast, and what is not assigned.
    {{}, 0, Reach::nowhere},
};

template <std::size_t N>
bool is_in(const std::array<std::uint8_t, N>& address, const std::array<std::uint8_t, N>& prefix,
           unsigned bits) {
    for (std::size_t i = 0; i < N && bits > 0; ++i) {
        const unsigned here = std::min(bits, 8U);
        const auto mask = static_cast<std::uint8_t>(0xffU << (8 - here));
        if ((address[i] & mask) != (prefix[i] & mask)) return false;
        bits -= here;
    }
    return true;
}

Reach reach_of(const ip::address_v4& address) {
    const auto bytes = address.to_bytes();
    std::array<std::uint8_t, 4> octets{};
    std::ranges::copy(bytes, octets.begin());
    const auto* range = std::ranges::find_if(
        ranges4, [&](const Range4& each) { return is_in(octets, each.prefix, each.bits); });
    return range == std::end(ranges4) ? Reach::open : range->reach;
}

Reach reach_of(const ip::address_v6& address) {
    const auto bytes = address.to_bytes();
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(bytes, octets.begin());
    const auto* range = std::ranges::find_if(
        ranges6, [&](const Range6& each) { return is_in(octets, each.prefix, each.bits); });
    return range->reach;
}

}  // namespace

Reach reach_of(const ip::address& address) {
    return address.is_v4() ? reach_of(address.to_v4()) : reach_of(address.to_v6());
}

AddressGuard::AddressGuard(bool allow_inside, std::vector<ip::address> own)
    : allow_inside_{allow_inside}, own_{std::move(own)} {}

bool AddressGuard::lets_pass(const ip::address& address) const {
    switch (reach_of(address)) {
        case Reach::open:
            return allow_inside_ || std::ranges::find(own_, address) == own_.end();
        case Reach::inside:
            return allow_inside_;
        case Reach::nowhere:
            break;
    }
    return false;
}

bool AddressGuard::lets_pass_all(const std::vector<ip::address>& addresses) const {
    return !addresses.empty() &&
           std::ranges::all_of(addresses, [this](const auto& address) { return lets_pass(address); });
}

std::vector<ip::address> addresses_of_this_machine() {
    ifaddrs* listed = nullptr;
    if (::getifaddrs(&listed) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all{listed, ::freeifaddrs};
    std::vector<ip::address> found;
    for (const auto* each = all.get(); each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
        const void* raw = each->ifa_addr;
        if (each->ifa_addr->sa_family == AF_INET) {
            const auto* own = static_cast<const sockaddr_in*>(raw);
            found.emplace_back(ip::address_v4{ntohl(own->sin_addr.s_addr)});
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            const auto* own = static_cast<const sockaddr_in6*>(raw);
            ip::address_v6::bytes_type bytes{};
            std::copy_n(own->sin6_addr.s6_addr, bytes.size(), bytes.begin());
            found.emplace_back(ip::address_v6{bytes});
        }
    }
    return found;
}

}  // namespace gateway::webhooks
