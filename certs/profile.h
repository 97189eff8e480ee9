// The settings of each profile, on an OpenSSL context.
#pragma once

#include "certs/openssl.h"
#include "certs/tls.h"

namespace certs {

bool is_server(Profile profile);
bool is_internal(Profile profile);

// Versions, ciphers, groups, options, tickets and the peer check; certificates come later. Aborts only when
// OpenSSL itself refuses a constant of ours.
SslContextPtr make_context(Profile profile, const std::string& trust_domain);

}  // namespace certs
