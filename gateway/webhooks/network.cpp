#include "gateway/webhooks/network.h"

#include <algorithm>

#include <netdb.h>

#include "gateway/webhooks/address_guard.h"

namespace gateway::webhooks {
namespace {

namespace asio = boost::asio;
using common::Error;
using common::Fail;
using common::Result;

constexpr unsigned lookups_at_once_max = 16;
constexpr std::size_t lookups_waiting_max = 256;
constexpr std::size_t addresses_max = 32;

Result<Network::Addresses> look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* listed = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &listed) != 0)
        return Fail{
            Error::unavailable("cannot resolve {}", common::Cause::unavailable, {common::Safe::param(host)})};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{listed, ::freeaddrinfo};
    Network::Addresses found;
    for (const auto* each = all.get(); each != nullptr && found.size() < addresses_max;
         each = each->ai_next) {
        const void* raw = each->ai_addr;
        asio::ip::address address;
        if (each->ai_family == AF_INET) {
            address = asio::ip::address_v4{ntohl(static_cast<const sockaddr_in*>(raw)->sin_addr.s_addr)};
        } else if (each->ai_family == AF_INET6) {
            asio::ip::address_v6::bytes_type bytes{};
            std::copy_n(static_cast<const sockaddr_in6*>(raw)->sin6_addr.s6_addr, bytes.size(),
                        bytes.begin());
            address = asio::ip::address_v6{bytes};
        } else {
            continue;
        }
        if (std::ranges::find(found, address) == found.end()) found.push_back(address);
    }
    return found;
}

}  // namespace

SystemNetwork::SystemNetwork() : lookups_{lookups_at_once_max, lookups_waiting_max} {}

common::Task<Network::Addresses> SystemNetwork::resolve(std::string host, common::Deadline deadline) {
    auto job = [name = std::move(host)] { return look_up(name); };
    co_return co_await lookups_.run(std::move(job), deadline);
}

Network::Addresses SystemNetwork::own() {
    return addresses_of_this_machine();
}

asio::awaitable<boost::system::error_code> SystemNetwork::connect(common::http::TcpSocket& socket,
                                                                  asio::ip::tcp::endpoint endpoint) {
    const auto [failure] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    co_return failure;
}

}  // namespace gateway::webhooks
