// How webhooks are sent, by the configuration.
#pragma once

#include "certs/tls.h"
#include "common/config.h"
#include "gateway/webhooks/deliverer.h"

namespace gateway::api {

// 500 with the entry of webhooks.ports that is none.
common::Result<webhooks::UrlRules> webhook_rules_of(const common::Config& config);
// 500 when the rules or webhooks.ca_file cannot be used.
common::Result<std::shared_ptr<certs::TlsContext>> webhook_tls_of(const common::Config& config);
webhooks::DelivererOptions webhook_options_of(const common::Config& config, webhooks::UrlRules rules);

}  // namespace gateway::api
