// Who a request is for, and what the answer to it must look like.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "common/ids.h"
#include "common/task.h"

namespace gateway {

// Tenant and mode: every query carries both.
struct Scope {
    common::AccountId account;
    bool livemode = false;
};

struct IdempotencyKey {
    std::string key;  // 1–255 characters
    std::string method, path;
    std::string parameters;  // SHA-256 of the canonical form, effective version and account, hex

    // For a request that came without one: its answer, too, must be found again when the outcome of a commit
    // was not learnt. No header can hold such a key.
    static std::string for_request(std::string_view request_id) { return '\x01' + std::string{request_id}; }
    bool is_given() const { return !key.starts_with('\x01'); }
};
BOOST_DESCRIBE_STRUCT(IdempotencyKey, (), (key, method, path, parameters))

// Enough to render the answer again after a crash: it is stored with the idempotency key.
struct Call {
    Scope scope;
    std::string request_id;
    IdempotencyKey idempotency;
    std::string api_version;
    std::vector<std::string> expand;
    bool publishable = false;  // the key is in a shopper's hands: reduced objects
    std::string client_address;
    common::Deadline deadline;  // does not outlive the process
};
BOOST_DESCRIBE_STRUCT(Call, (), (request_id, idempotency, api_version, expand, publishable, client_address))

// Of what the clock does: nobody asked for it, and nobody is answered.
inline Call call_of_clock(const Scope& scope) {
    Call call;
    call.scope = scope;
    call.idempotency.key = IdempotencyKey::for_request("");
    return call;
}

// What an answer is that is no JSON, as a file. It is never stored under an idempotency key.
struct Media {
    std::string type, disposition;  // Content-Type, Content-Disposition
};

// What is stored under an idempotency key and sent.
struct StoredResponse {
    int status = 200;
    std::string body;
    std::optional<Media> media;
    std::optional<bool> should_retry;
    std::string original_request;  // request id of the run that made it
    bool replayed = false;
};

}  // namespace gateway
