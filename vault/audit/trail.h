// Who did what to which card or key. PCI DSS 4.0.1 requirements 10.2.1, 10.2.2, 10.3.
#pragma once

#include <string>
#include <vector>

#include "common/task.h"

namespace vault::audit {

enum class Outcome : std::uint8_t {
    begun,    // written before the act; nothing follows when it succeeds at once
    done,     // of an act that takes long
    refused,  // not allowed
    failed,
};

// Never holds a card number, a code, a PIN or a key. No field is longer than 1024 bytes.
struct Entry {
    std::string actor;   // "spiffe://portcullis/gateway", "custodian:alice+bob", "vault" for its own timers
    std::string action;  // "card.create", "card.open", "key.rotate", …
    std::string object;  // a token, the label of a key, the id of an act
    std::string origin;  // address of the caller, "relay", "command line"
    Outcome outcome = Outcome::begun;
    std::string detail;  // a few words or a JSON object
};

class Trail {
  public:
    virtual ~Trail() = default;
    // Durable when it returns true. After an error the act that the entry describes must not happen.
    common::Task<bool> record(Entry entry, common::Deadline deadline) {
        std::vector<Entry> one;
        one.push_back(std::move(entry));
        return record_all(std::move(one), deadline);
    }
    // All of them or none, in this order.
    virtual common::Task<bool> record_all(std::vector<Entry> entries, common::Deadline deadline) = 0;
};

}  // namespace vault::audit
