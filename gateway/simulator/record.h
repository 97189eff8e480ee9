// One line of the journal: an answered request, what it did to the books, and the answer, so that a restart
// neither forgets an effect nor repeats it. Holds hashes of card numbers, never a number or a security code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/simulator/ledger.h"
#include "vault/iso8583/message.h"

namespace simulator {

struct Record {
    std::int64_t at = 0;  // unix seconds
    std::string key;      // of duplicate detection
    std::string digest;   // keyed, of the request's content
    vault::iso8583::Message answer;
    Effect effect;
};

std::string to_line(const Record& record);               // JSON, without line end
std::optional<Record> record_of(std::string_view line);  // nothing when it is no such line

}  // namespace simulator
