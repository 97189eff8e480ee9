#include "gateway/webhooks/target.h"

#include <algorithm>
#include <array>

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "gateway/webhooks/address_guard.h"

namespace gateway::webhooks {
namespace {

namespace ip = boost::asio::ip;
namespace urls = boost::urls;
using common::Error;
using common::Fail;
using common::Result;

constexpr std::size_t name_size_max = 253, label_size_max = 63;
constexpr std::array<std::string_view, 4> local_names{"localhost", "local", "internal", "localdomain"};

Fail refused(common::Text why) {
    return Fail{Error::invalid("url_invalid", "url", why)};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= label_size_max && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(
               label, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; });
}

std::string_view last_label(std::string_view name) {
    return name.substr(name.rfind('.') + 1);  // npos + 1 is 0
}

// A name whose last label is a number is what resolvers and other parsers read as an address: 2130706433,
// 0x7f000001, 0177.1, 127.1.
bool is_host_name(std::string_view name) {
    if (name.empty() || name.size() > name_size_max) return false;
    for (std::size_t begin = 0; begin <= name.size();) {
        const auto end = std::min(name.find('.', begin), name.size());
        if (!is_label(name.substr(begin, end - begin))) return false;
        begin = end + 1;
    }
    const auto last = last_label(name);
    return !is_digit(last.front());
}

bool is_local_name(std::string_view name) {
    return !name.contains('.') || std::ranges::find(local_names, last_label(name)) != local_names.end();
}

Result<void> take_host(const urls::url_view& url, const UrlRules& rules, Target& target) {
    switch (url.host_type()) {
        case urls::host_type::ipv4:
            target.address = ip::address_v4{url.host_ipv4_address().to_uint()};
            break;
        case urls::host_type::ipv6: {
            const auto bytes = url.host_ipv6_address().to_bytes();
            ip::address_v6::bytes_type octets{};
            std::ranges::copy(bytes, octets.begin());
            target.address = ip::address_v6{octets};
            break;
        }
        case urls::host_type::name: {
            target.host = url.encoded_host();
            for (auto& c : target.host)
                if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            if (!is_host_name(target.host))
                return refused("The URL's host is neither a name nor an address in its usual form.");
            if (!rules.private_addresses && is_local_name(target.host))
                return refused("The URL must lead to a host on the public internet.");
            return {};
        }
        default:
            return refused("The URL has no host.");
    }
    target.host = target.address->to_string();
    const auto reach = reach_of(*target.address);
    if (reach == Reach::nowhere || (reach == Reach::inside && !rules.private_addresses))
        return refused("The URL must lead to a host on the public internet.");
    return {};
}

}  // namespace

std::string Target::host_field() const {
    auto field = address && address->is_v6() ? '[' + host + ']' : host;
    if (port != (tls ? 443 : 80)) field += ':' + std::to_string(port);
    return field;
}

Result<Target> parse_target(std::string_view text, bool livemode, const UrlRules& rules) {
    if (text.empty()) return refused("An explicit scheme (such as https) must be provided.");
    if (text.size() > url_size_max) return refused("The URL is too long: at most 2048 characters.");
    if (!std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; }))
        return refused(
            "Not a valid URL: only ASCII, without spaces; the rest percent-encoded or as punycode.");
    const auto parsed = urls::parse_uri({text.data(), text.size()});
    if (!parsed) return refused("Not a valid URL.");
    const auto& url = *parsed;
    Target target;
    if (url.scheme_id() == urls::scheme::http) {
        if (livemode) return refused("Live webhook endpoints must be HTTPS URLs.");
        if (!rules.plain_http) return refused("This gateway sends webhooks to HTTPS URLs only.");
        target.tls = false;
        target.port = 80;
    } else if (url.scheme_id() != urls::scheme::https) {
        return refused("The URL's scheme must be https.");
    }
    if (!url.has_authority()) return refused("The URL has no host.");
    if (url.has_userinfo()) return refused("The URL must not hold a user name or password.");
    if (url.has_fragment()) return refused("The URL must not have a fragment.");
    if (auto host = take_host(url, rules, target); !host) return Fail{std::move(host.error())};
    if (url.has_port()) {
        target.port = url.port_number();
        if (target.port == 0) return refused("The URL's port is not a number from 1 to 65535.");
    }
    if (!rules.ports.empty() && std::ranges::find(rules.ports, target.port) == rules.ports.end())
        return refused("This gateway does not send webhooks to the URL's port.");
    target.path = url.encoded_path();
    // Boost.URL 1.81 reads "https://host:443x" as a port and a path.
    if (!target.path.empty() && target.path.front() != '/') return refused("Not a valid URL.");
    if (target.path.empty()) target.path = "/";
    if (url.has_query()) target.path.append("?").append(url.encoded_query());
    return target;
}

}  // namespace gateway::webhooks
