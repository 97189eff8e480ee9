// Who a certificate speaks for. Processes are named by one URI, as in "spiffe://portcullis/gateway"; common
// names are ignored. SPIFFE X.509-SVID, sections 2–4.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certs/openssl.h"

namespace certs {

struct Names {
    std::vector<std::string> dns;
    std::vector<std::string> ips;  // textual
    std::vector<std::string> uris;
    bool operator==(const Names&) const = default;
};
Names names_of(const X509* certificate);

// The URI, when the certificate has exactly one; "" otherwise.
std::string identity_of(const X509* certificate);

// Which end of a connection a certificate is used at.
enum class Role : std::uint8_t { server, client };

// What is wrong with a peer's leaf by the rules for internal peers, apart from its chain; nothing when it is
// fine: one URI in the trust domain ("portcullis"), CA=false, keyUsage digitalSignature without keyCertSign
// and cRLSign, the extended key usage named explicitly, no MD5 or SHA-1 signature.
std::optional<std::string> fault_of_leaf(X509* leaf, Role role, std::string_view trust_domain);

std::string subject_of(const X509* certificate);      // "CN = gateway, O = …"
std::string serial_of(const X509* certificate);       // hex, upper case
std::string fingerprint_of(const X509* certificate);  // SHA-256, "AB:CD:…"
std::string time_text(const ASN1_TIME* time);         // "2027-01-31T00:00:00Z"
// Whole seconds from now until `time`; negative when it has passed.
long seconds_until(const ASN1_TIME* time);

}  // namespace certs
