#include "gateway/api/vaults.h"

#include <algorithm>
#include <charconv>

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using vault::Group;

Fail refused(common::Text why, const std::string& peer) {
    return Fail{Error::internal(why, {Safe::param(peer)})};
}

unsigned short port_of(std::string_view text) {
    unsigned short port = 0;
    const auto* const last = text.data() + text.size();
    const auto [end, failed] = std::from_chars(text.data(), last, port);
    return failed == std::errc{} && end == last ? port : 0;
}

// "[::1]" without its brackets
std::string_view bare(std::string_view host) {
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

Result<Group::Vault> vault_of(const std::string& peer) {
    const std::string_view text{peer};
    const auto equals = text.find('='), colon = text.rfind(':');
    if (equals == text.npos || colon == text.npos || colon < equals)
        return refused("vault.peers: {} is not of the form name=host:port", peer);
    Group::Vault vault;
    vault.name = text.substr(0, equals);
    vault.options.host = bare(text.substr(equals + 1, colon - equals - 1));
    vault.options.port = port_of(text.substr(colon + 1));
    if (vault.name.empty() || vault.options.host.empty() || vault.options.port == 0)
        return refused("vault.peers: {} is not of the form name=host:port, with a port from 1 to 65535",
                       peer);
    return vault;
}

}  // namespace

Result<std::vector<Group::Vault>> vaults_of(const common::Config& config) {
    std::vector<Group::Vault> vaults;
    for (const auto& peer : config.list("vault.peers")) {
        auto vault = vault_of(peer);
        if (!vault) return Fail{std::move(vault).error()};
        if (std::ranges::find(vaults, vault->name, &Group::Vault::name) != vaults.end())
            return refused("vault.peers: there are two vaults of the name {}", vault->name);
        vaults.push_back(std::move(*vault));
    }
    if (vaults.empty()) {
        vaults.emplace_back();
        vaults[0].options.host = config.text("vault.host");
        vaults[0].options.port = static_cast<unsigned short>(config.integer("vault.port"));
    }
    for (auto& vault : vaults)
        vault.options.peer_identity = config.text("vault.identity");
    return vaults;
}

}  // namespace gateway::api
