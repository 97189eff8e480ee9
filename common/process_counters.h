// Counts of events that happen where no Metrics object is at hand; Metrics exports them under these names.
#pragma once

#include <atomic>
#include <cstdint>

namespace common {

struct ProcessCounters {
    std::atomic<std::uint64_t> log_redactions{0};  // log_redactions_total: card numbers masked in log lines
    std::atomic<std::uint64_t> escaped_exceptions{
        0};  // exceptions_total: exceptions that reached a thread's loop
};

inline ProcessCounters& process_counters() {
    static ProcessCounters counters;
    return counters;
}

}  // namespace common
