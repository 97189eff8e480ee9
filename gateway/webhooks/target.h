// Where a webhook goes: the merchant's URL, taken apart once, and the rules for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "common/result.h"

namespace gateway::webhooks {

inline constexpr std::size_t url_size_max = 2048;

struct Target {
    bool tls = true;
    std::string host;                                 // name in lower case, or address without brackets
    std::optional<boost::asio::ip::address> address;  // of a host that is one
    std::uint16_t port = 443;
    std::string path;  // and query; "/" at least

    std::string host_field() const;  // for the request's head
};

struct UrlRules {
    bool plain_http = false;         // in test mode; never in live mode
    bool private_addresses = false;  // a host may be an address, or a name, of this machine or network
    std::vector<std::uint16_t> ports{443, 8443};  // empty: any
};

// 400 url_invalid, param "url". Names are not resolved here: each delivery does that, and has the addresses
// checked.
common::Result<Target> parse_target(std::string_view url, bool livemode, const UrlRules& rules);

}  // namespace gateway::webhooks
