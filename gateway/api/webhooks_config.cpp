#include "gateway/api/webhooks_config.h"

#include <charconv>

namespace gateway::api {

using common::Error;
using common::Fail;
using common::Result;

Result<webhooks::UrlRules> webhook_rules_of(const common::Config& config) {
    webhooks::UrlRules rules;
    rules.plain_http = config.boolean("webhooks.allow_plain_http");
    rules.private_addresses = config.boolean("webhooks.allow_private_addresses");
    rules.ports.clear();
    const auto ports = config.list("webhooks.ports");
    if (ports == std::vector<std::string>{"*"}) return rules;
    for (const auto& text : ports) {
        std::uint16_t port = 0;
        const auto* const last = text.data() + text.size();
        const auto [end, failed] = std::from_chars(text.data(), last, port);
        if (failed != std::errc{} || end != last || port == 0)
            return Fail{Error::internal("webhooks.ports: {} is not a port from 1 to 65535",
                                        {common::Safe::param(text)})};
        rules.ports.push_back(port);
    }
    if (rules.ports.empty()) return Fail{Error::internal("webhooks.ports names no port; * would be any")};
    return rules;
}

Result<std::shared_ptr<certs::TlsContext>> webhook_tls_of(const common::Config& config) {
    certs::TlsFiles files;
    files.ca = config.text("webhooks.ca_file");
    return certs::TlsContext::load(certs::Profile::outward_client, std::move(files));
}

webhooks::DelivererOptions webhook_options_of(const common::Config& config, webhooks::UrlRules rules) {
    webhooks::DelivererOptions options;
    options.sender.rules = std::move(rules);
    options.sender.user_agent = "Stripe/1.0 (+" + config.text("server.public_url") + ')';
    return options;
}

}  // namespace gateway::api
