#include "vault/audit/chain_writer.h"

#include "common/log.h"
#include "common/runtime.h"

namespace vault::audit {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Safe;
using common::Task;
using std::chrono::milliseconds;

constexpr int collisions_max = 32;
constexpr milliseconds pause_before_reading{100};

Error gave_up() {
    return Error::unavailable("audit: whether entries were written is unknown", Cause::outcome_unknown);
}

}  // namespace

Task<ChainWriter::Head> ChainWriter::open() {
    auto head = co_await rows_.head(stream_, Deadline::in(write_max_));
    if (head) head_ = *head;
    co_return head;
}

store::AuditRows::Records ChainWriter::chain(std::vector<Entry> entries) const {
    auto records = std::make_shared<std::vector<Record>>();
    records->reserve(entries.size());
    const auto now = clock_.now().time_since_epoch().count();
    auto head = head_;
    for (auto& entry : entries) {
        Record record{stream_, head.sequence + 1, now, std::move(entry), head.hash, {}};
        record.hash = hash_of(record);
        head = {record.sequence, record.hash};
        records->push_back(std::move(record));
    }
    return records;
}

// One transaction wrote all of a batch or nothing, so its first entry speaks for it.
Task<ChainWriter::Found> ChainWriter::find_out(const Record& first) {
    for (;;) {
        const auto there = co_await rows_.hash_at(stream_, first.sequence, Deadline::in(write_max_));
        if (there) {
            uncertain_ = false;
            if (!*there) co_return Found::absent;
            co_return **there == first.hash ? Found::written : Found::taken;
        }
        uncertain_ = true;  // only now: a collision is settled by one read, and nobody need be refused for it
        if (giving_up_) co_return Fail{gave_up()};
        boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor, pause_before_reading};
        co_await pause.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
}

Task<bool> ChainWriter::write(std::vector<Entry> entries) {
    auto records = chain(std::move(entries));
    bool sent = false;  // a COMMIT of these records had no answer
    for (int collisions = 0;;) {
        const auto done = co_await rows_.append(records, Deadline::in(write_max_));
        auto found = Found::written;
        if (!done) {
            const auto cause = done.error().cause();
            if (cause != Cause::conflict && cause != Cause::outcome_unknown) co_return Fail{done.error()};
            sent = sent || cause == Cause::outcome_unknown;
            // Another writer's entry can look just like ours; ours it is only if it can have got there.
            common::Result<Found> known = Found::taken;
            if (sent) known = co_await find_out(records->front());
            if (!known) co_return Fail{known.error()};
            found = *known;
        }
        if (found == Found::written) {
            head_ = {records->back().sequence, records->back().hash};
            co_return true;
        }
        if (giving_up_) co_return Fail{gave_up()};
        // Absent: the same entries again. If their COMMIT is still under way, the key makes one of both fail.
        if (found == Found::absent) continue;
        metrics_.count("audit_collisions_total");
        common::log::warning("audit_stream_has_another_writer", {{"stream", Safe::param(stream_)}});
        if (++collisions > collisions_max)
            co_return Fail{Error::unavailable("audit: another process writes the same stream")};
        if (const auto head = co_await open(); !head) co_return Fail{head.error()};
        std::vector<Entry> again;
        for (const auto& record : *records)
            again.push_back(record.entry);
        records = chain(std::move(again));
        sent = false;
    }
}

}  // namespace vault::audit
