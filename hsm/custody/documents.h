// What custodians sign: a document of one line of canonical JSON (RFC 8785), so that the same words are
// always the same bytes, whoever wrote them. PCI DSS 4.0.1 requirements 3.7.6, 3.7.8.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "certs/openssl.h"
#include "common/crypto.h"
#include "common/result.h"

namespace hsm::custody {

inline constexpr std::size_t document_bytes_max = 64 * 1024;

// Members sorted by name, no spaces. Values are strings of UTF-8 without control characters and of at most 16
// KiB, integers and booleans, or objects of these; names are of [A-Za-z0-9_.-]. 400 otherwise, or when it is
// larger than document_bytes_max.
common::Result<std::string> canonical(const boost::json::object& object);
// The object of a text that is canonical itself; 400 for any other.
common::Result<boost::json::object> parse_canonical(std::string_view text);

std::string utc_text(std::int64_t unix_seconds);  // "2027-01-31T12:00:00Z": sorts as the time does
bool is_custodian_name(std::string_view name);    // 1 to 32 of [a-z0-9_-], a letter first

// An act that waits for approval. Its text names everything that an approval is bound to.
struct ActDocument {
    std::string vault;  // "vlt_…"
    std::string act;    // "act_…"
    std::string kind;   // "hsm_key.create"
    boost::json::object parameters;
    std::int64_t proposed_at = 0, expires_at = 0;  // unix seconds
};
common::Result<std::string> text_of(const ActDocument& document);

// A document in words for the one who is asked to sign it, from its own text and nothing else. 400 when the
// text is not one of the documents that a custodian signs.
common::Result<std::string> in_words(std::string_view text);
// "" = the document does not expire.
common::Result<std::string> expiry_of(std::string_view text);

}  // namespace hsm::custody
