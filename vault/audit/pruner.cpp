#include "vault/audit/pruner.h"

#include <algorithm>

#include <boost/json.hpp>

#include "vault/audit/checkpoint_file.h"
#include "vault/audit/reader.h"

namespace vault::audit {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Safe;
using common::Status;
using common::Task;
namespace json = boost::json;

constexpr std::int64_t page = 2000;
constexpr std::string_view key_actions[] = {"merchant_key.", "hsm_key."};

Deadline step() {
    return Deadline::in(std::chrono::seconds{60});
}

Fail not_sound(std::string_view what) {
    return Fail{
        Error::internal("audit: the log is not sound, nothing more was removed: {}", {Safe::param(what)})
            .with_cause(Cause::integrity)};
}

bool is_of_a_key(const Entry& entry) {
    return std::ranges::any_of(key_actions, [&](auto begin) { return entry.action.starts_with(begin); });
}

}  // namespace

Task<bool> Pruner::record(std::string action, std::string object, Outcome outcome, std::string detail) {
    Entry entry{parts_.actor,  std::move(action), std::move(object),
                parts_.origin, outcome,           std::move(detail)};
    return parts_.trail.record(std::move(entry), step());
}

// `keys verify` compares each key of the registry with what was recorded of it last.
Task<Pruner::Marks> Pruner::read_marks() {
    Marks marks;
    const auto take = [&marks](const Record& record) {
        const auto& entry = record.entry;
        if (is_of_a_key(entry))
            marks[entry.object] = {entry.action, entry.detail, record.stream, record.sequence};
    };
    const auto read = co_await read_entries(parts_.rows, {}, "", take);
    if (!read) co_return Fail{read.error()};
    co_return marks;
}

// What is about to go and is the last record of a key is recorded again.
Task<bool> Pruner::carry_marks(const Checkpoint& until, Marks& marks) {
    for (auto& [key, mark] : marks) {
        if (mark.stream != until.stream || mark.sequence > until.sequence) continue;
        const auto prefix = mark.action.substr(0, mark.action.find('.'));
        auto done = co_await record(prefix + ".carry", key, Outcome::done, mark.detail);
        if (!done) co_return done;
        mark.stream.clear();
    }
    co_return true;
}

// The entry that must stay: the file's last checkpoint is looked for in the database at each start.
Task<std::int64_t> Pruner::bound_of(const std::string& stream) {
    const auto last = co_await parts_.rows.last_checkpoint(stream, step());
    if (!last) co_return Fail{last.error()};
    const auto file = CheckpointFile::open(parts_.checkpoint_directory, stream);
    if (!file) co_return Fail{file.error()};
    if (!*last || !file->last()) co_return 0;
    co_return std::min((*last)->sequence, file->last()->sequence);
}

// The last checkpoint of the next entries that are all older; nothing: there is none.
Task<std::optional<Checkpoint>> Pruner::next_place(const Cut& from, std::int64_t before, std::int64_t bound) {
    for (auto reach = from.sequence; reach + 1 < bound;) {
        const auto seen = reach;
        reach += parts_.entries_max;
        const auto young = co_await parts_.cuts.first_since(from.stream, seen, reach, before, step());
        if (!young) co_return Fail{young.error()};
        const auto most = std::min({reach, bound - 1, *young == 0 ? reach : *young - 1});
        auto found = co_await parts_.cuts.checkpoint_in(
            from.stream, {from.checkpoint, reach - from.sequence, from.sequence, most, before}, step());
        if (!found || *found || *young != 0) co_return found;
    }
    co_return std::nullopt;
}

// Each is held against the chain once more, so that what is archived is what was written.
Task<bool> Pruner::tell_entries(const Cut& from, const Checkpoint& until, const Order& order) {
    auto hash = from.hash;
    for (auto position = from.sequence; position < until.sequence;) {
        const auto limit = std::min(page, until.sequence - position);
        const auto records = co_await parts_.rows.entries(from.stream, position, limit, step());
        if (!records) co_return Fail{records.error()};
        if (records->empty()) co_return not_sound("entries are missing");
        for (const auto& record : *records) {
            if (record.sequence != ++position || record.previous != hash || hash_of(record) != record.hash)
                co_return not_sound("an entry does not follow the one before; see audit verify");
            hash = record.hash;
            if (!order.entry) continue;
            if (auto told = order.entry(record); !told) co_return Fail{std::move(told).error()};
        }
    }
    if (hash != until.hash) co_return not_sound("a checkpoint saw other entries; see audit verify");
    if (!order.checkpoint) co_return true;
    if (auto told = order.checkpoint(until); !told) co_return Fail{std::move(told).error()};
    co_return true;
}

Task<Cut> Pruner::cut_off(const Cut& from, const Checkpoint& until, std::int64_t before) {
    const auto key = newest_audit_key(parts_.hsm);
    const auto now = parts_.clock.now().time_since_epoch().count();
    Cut cut{until.stream, until.number, until.sequence, until.hash, until.mac, before, now, key.version, {}};
    const auto mac = co_await parts_.hsm.mac(key, signed_part(cut), step());
    if (!mac) co_return Fail{mac.error()};
    cut.mac = *mac;
    auto done = co_await parts_.owner_cuts.apply(cut, cut.sequence - from.sequence, step());
    if (!done && done.error().cause() == Cause::outcome_unknown) {
        const auto there = co_await parts_.cuts.find(cut.stream, step());
        if (!there) co_return Fail{there.error()};
        if (*there == cut) done = true;
    }
    if (!done) co_return Fail{done.error()};
    co_return cut;
}

Task<bool> Pruner::prune(Report& report, const Order& order, Marks& marks) {
    auto found = co_await parts_.cuts.find(report.stream, step());
    if (!found) co_return Fail{std::move(found).error()};
    Cut from = *found ? std::move(**found) : Cut{};
    from.stream = report.stream;
    const auto bound = co_await bound_of(report.stream);
    if (!bound) co_return Fail{bound.error()};
    for (;;) {
        const auto place = co_await next_place(from, order.before, *bound);
        if (!place) co_return Fail{place.error()};
        if (!*place) co_return true;
        const auto& until = **place;
        const auto entries = until.sequence - from.sequence;
        if (!order.dry_run) {
            const auto genuine =
                co_await is_signed(parts_.hsm, until.key_version, signed_part(until), until.mac, step());
            if (!genuine) co_return genuine;
            if (!*genuine) co_return not_sound("a checkpoint is forged; see audit verify");
            if (report.entries == 0) {
                auto begun = co_await record("audit.prune", report.stream, Outcome::begun,
                                             "entries from " + std::to_string(from.sequence + 1) +
                                                 " on, older than " + time_text(order.before));
                if (!begun) co_return begun;
            }
            if (auto carried = co_await carry_marks(until, marks); !carried) co_return carried;
            if (auto told = co_await tell_entries(from, until, order); !told) co_return told;
            auto cut = co_await cut_off(from, until, order.before);
            if (!cut) co_return Fail{std::move(cut).error()};
        }
        from.checkpoint = until.number;
        from.sequence = report.until = until.sequence;
        from.hash = until.hash;
        report.entries += entries;
    }
}

Task<std::vector<Pruner::Report>> Pruner::run(Order order) {
    if (order.before > (parts_.clock.now() - keep_min).time_since_epoch().count())
        co_return Fail{Error::invalid("parameter_invalid", "before",
                                      "Entries of the last twelve months have to be kept.")};
    Verifier verifier{parts_.rows, parts_.cuts, parts_.hsm, parts_.checkpoint_directory};
    const auto streams = co_await verifier.run(order.stream);
    if (!streams) co_return Fail{streams.error()};
    for (const auto& stream : *streams)
        if (!stream.findings.empty())
            co_return not_sound(stream.stream + ": " + describe(stream.findings.front()));
    auto marks = co_await read_marks();
    if (!marks) co_return Fail{std::move(marks).error()};
    std::vector<Report> reports;
    for (const auto& stream : *streams) {
        auto& report = reports.emplace_back(Report{stream.stream, 0, 0, stream.unknown});
        if (!stream.unknown.empty()) continue;
        const auto done = co_await prune(report, order, *marks);
        if (report.entries > 0 && !order.dry_run) {
            auto ended = co_await record(
                "audit.prune", report.stream, done ? Outcome::done : Outcome::failed,
                std::to_string(report.entries) + " entries up to " + std::to_string(report.until));
            if (done && !ended) co_return Fail{std::move(ended).error()};
        }
        if (!done) co_return Fail{done.error()};
    }
    co_return reports;
}

}  // namespace vault::audit
