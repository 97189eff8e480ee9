// The check of the other end's certificate, in one place for both ends of every profile.
#pragma once

#include <memory>
#include <string>

#include "certs/identity.h"
#include "certs/ticket_keys.h"

namespace certs {

// What a context needs for as long as a connection of it lives.
struct ContextRules {
    Role peer = Role::server;  // which end the peer is
    bool internal = false;     // the peer must be a process of ours: see fault_of_leaf
    std::string trust_domain;
    TicketKeys ticket_keys;
};

// Ties the rules to the context, replacing OpenSSL's own chain check by that check and ours behind it. Unlike
// a verify callback this cannot be replaced through a stream.
void attach_rules(SSL_CTX* context, std::unique_ptr<ContextRules> rules);
ContextRules& rules_of(const SSL* connection);

}  // namespace certs
