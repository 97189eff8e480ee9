#include "vault/audit/checkpoint_writer.h"

#include "common/log.h"

namespace vault::audit {
namespace {

using boost::asio::awaitable;
using common::Cause;
using common::Deadline;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;

constexpr int collisions_max = 8;
constexpr std::int64_t copied_at_once = 1000;

Trouble trouble_of(const common::Error& error, Trouble trouble) {
    common::log::failure("audit_checkpoint_failed", error);
    return trouble;
}

Trouble behind(const Checkpoint& of_file) {
    common::log::error("audit_database_is_behind_its_checkpoints",
                       {{"stream", Safe::param(of_file.stream)},
                        {"checkpoint", Safe::number(of_file.number)},
                        {"entry", Safe::number(of_file.sequence)}});
    return Trouble::behind;
}

}  // namespace

Task<CheckpointWriter::File> CheckpointWriter::open_file() {
    auto job = [directory = options_.checkpoint_directory, stream = options_.stream]() -> Result<File> {
        auto file = CheckpointFile::open(directory, stream);
        if (!file) return Fail{std::move(file).error()};
        return std::make_shared<CheckpointFile>(std::move(*file));
    };
    return files_.run(std::move(job));
}

awaitable<Trouble> CheckpointWriter::compare() {
    std::optional<Checkpoint> kept;
    {
        const auto file = co_await open_file();
        if (!file) co_return trouble_of(file.error(), Trouble::checkpoint_file);
        kept = (*file)->last();
    }
    if (!kept) co_return Trouble::none;
    const auto there =
        co_await rows_.hash_at(options_.stream, kept->sequence, Deadline::in(options_.write_max));
    if (!there) co_return trouble_of(there.error(), Trouble::database);
    co_return *there == kept->hash ? Trouble::none : behind(*kept);
}

Task<bool> CheckpointWriter::load_last() {
    auto last = co_await rows_.last_checkpoint(options_.stream, Deadline::in(options_.write_max));
    if (!last) co_return Fail{std::move(last).error()};
    last_ = std::move(*last);
    loaded_ = true;
    co_return true;
}

// false: the number was taken, or the COMMIT had no answer. Whatever is there now is looked at again.
Task<bool> CheckpointWriter::add(Head head) {
    const auto key = newest_audit_key(hsm_);
    Checkpoint made{options_.stream,
                    1,
                    head.sequence,
                    head.hash,
                    clock_.now().time_since_epoch().count(),
                    key.version,
                    {},
                    {}};
    if (last_) {
        made.number = last_->number + 1;
        made.previous = last_->mac;
    }
    const auto mac = co_await hsm_.mac(key, signed_part(made), Deadline::in(options_.write_max));
    if (!mac) co_return Fail{mac.error()};
    made.mac = *mac;
    auto added = co_await rows_.add_checkpoint(made, Deadline::in(options_.write_max));
    if (added) last_ = std::move(made);
    if (added ||
        (added.error().cause() != Cause::conflict && added.error().cause() != Cause::outcome_unknown))
        co_return added;
    if (auto loaded = co_await load_last(); !loaded) co_return loaded;
    co_return false;
}

// Also what an earlier process left out when it was killed, or another one of this stream has made.
awaitable<Trouble> CheckpointWriter::copy() {
    const auto file = co_await open_file();
    if (!file) co_return trouble_of(file.error(), Trouble::checkpoint_file);
    for (bool fresh = false;;) {
        const auto& kept = (*file)->last();
        const auto number = kept ? kept->number : 0, newest = last_ ? last_->number : 0;
        if (number == newest && (number == 0 || kept->mac == last_->mac)) co_return Trouble::none;
        if (number >= newest) {
            if (fresh) co_return behind(*kept);
            // Another process of this stream may have been here.
            if (const auto loaded = co_await load_last(); !loaded)
                co_return trouble_of(loaded.error(), Trouble::unsealed);
            fresh = true;
            continue;
        }
        auto missing = co_await rows_.checkpoints(options_.stream, number, copied_at_once,
                                                  Deadline::in(options_.write_max));
        if (!missing) co_return trouble_of(missing.error(), Trouble::unsealed);
        if (missing->empty()) co_return Trouble::unsealed;
        auto job = [held = *file, lines = std::move(*missing)] { return held->append(lines); };
        if (const auto done = co_await files_.run(std::move(job)); !done)
            co_return trouble_of(done.error(), Trouble::checkpoint_file);
    }
}

awaitable<Trouble> CheckpointWriter::seal(Head head) {
    if (!loaded_)
        if (const auto loaded = co_await load_last(); !loaded)
            co_return trouble_of(loaded.error(), Trouble::unsealed);
    for (int tries = 0; sealed() < head.sequence; ++tries) {
        if (tries == collisions_max) co_return Trouble::unsealed;
        if (const auto added = co_await add(head); !added)
            co_return trouble_of(added.error(), Trouble::unsealed);
    }
    co_return co_await copy();
}

}  // namespace vault::audit
