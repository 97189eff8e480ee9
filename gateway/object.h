// What every object of the merchant API has, and how lists of them are asked for.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/scope.h"

namespace gateway {

struct Object {
    std::string id;
    Scope scope;
    std::int64_t created = 0;   // unix seconds
    std::int64_t position = 0;  // lists go by it, newest first; never changes
};

// Microseconds of the unix epoch: the millisecond, and a count that keeps apart what one process makes within
// it.
inline std::int64_t next_position(std::int64_t now_ms) {
    static std::atomic<std::int64_t> count{0};
    return now_ms * 1000 + count.fetch_add(1, std::memory_order_relaxed) % 1000;
}
// One moment for both, so that a list's bounds of time and its order agree.
inline void set_time(Object& object, std::int64_t now_ms) {
    object.created = now_ms / 1000;
    object.position = next_position(now_ms);
}
inline std::int64_t position_of_second(std::int64_t unix_seconds) {
    return unix_seconds * 1'000'000;
}

// A page of a list, strictly newest first, so that what is made meanwhile neither repeats nor hides older
// objects.
struct ListQuery {
    struct Between {
        const char* column;
        std::optional<std::int64_t> from, before;
    };
    int limit = 10;                                            // 1–100
    std::string starting_after, ending_before;                 // ids; at most one of them
    std::optional<std::int64_t> created_from, created_before;  // unix seconds
    // Columns and what they must equal; names are constants.
    std::vector<std::pair<const char*, std::string>> equal;
    std::vector<Between> between;  // integer columns besides `created`
};

template <class T>
struct Page {
    std::vector<T> items;
    bool has_more = false;
};

}  // namespace gateway
