#include "vault/audit/reader.h"

#include <algorithm>
#include <ctime>
#include <deque>

namespace vault::audit {
namespace {

using common::Deadline;
using common::Fail;
using common::Task;

constexpr std::int64_t range = 5'000;  // sequences of one query, however few of them are selected

// The selected entries of one stream, read ahead by a range.
struct Cursor {
    std::string stream;
    std::int64_t head = 0, position = 0;
    std::deque<Record> ahead;

    Task<bool> fill(store::AuditRows& rows, const store::AuditFilter& filter) {
        while (ahead.empty() && position < head) {
            const auto until = std::min(head, position + range);
            auto found = co_await rows.matching(stream, position, until, filter,
                                                Deadline::in(std::chrono::seconds{30}));
            if (!found) co_return Fail{std::move(found).error()};
            ahead.assign(std::move_iterator{found->begin()}, std::move_iterator{found->end()});
            position = until;
        }
        co_return true;
    }
};

}  // namespace

Task<std::int64_t> read_entries(store::AuditRows& rows, store::AuditFilter filter, std::string only_stream,
                                std::function<void(const Record&)> tell) {
    const auto limit = [] { return Deadline::in(std::chrono::seconds{30}); };
    const auto streams = co_await rows.streams(limit());
    if (!streams) co_return Fail{streams.error()};
    std::vector<Cursor> cursors;
    for (const auto& stream : *streams) {
        if (!only_stream.empty() && stream != only_stream) continue;
        const auto head = co_await rows.head(stream, limit());
        if (!head) co_return Fail{head.error()};
        // What was pruned is not looked for.
        const auto first = co_await rows.entries(stream, 0, 1, limit());
        if (!first) co_return Fail{first.error()};
        cursors.push_back({stream, head->sequence, first->empty() ? 0 : first->front().sequence - 1, {}});
    }
    for (std::int64_t told = 0;; ++told) {
        Cursor* earliest = nullptr;
        for (auto& cursor : cursors) {
            if (auto filled = co_await cursor.fill(rows, filter); !filled) co_return Fail{filled.error()};
            if (cursor.ahead.empty()) continue;
            if (!earliest || cursor.ahead.front().recorded_at < earliest->ahead.front().recorded_at)
                earliest = &cursor;
        }
        if (!earliest) co_return told;
        tell(earliest->ahead.front());
        earliest->ahead.pop_front();
    }
}

std::optional<std::int64_t> time_of(const std::string& text) {
    for (const char* form : {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"}) {
        std::tm parts{};
        const char* end = ::strptime(text.c_str(), form, &parts);
        if (end != nullptr && *end == '\0') return static_cast<std::int64_t>(::timegm(&parts)) * 1000;
    }
    return std::nullopt;
}

std::string time_text(std::int64_t milliseconds) {
    const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
    std::tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return std::to_string(milliseconds);
    char text[40];
    const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    auto fraction = std::to_string(1000 + milliseconds % 1000);
    fraction.front() = '.';
    return std::string{text, size} + fraction + 'Z';
}

}  // namespace vault::audit
