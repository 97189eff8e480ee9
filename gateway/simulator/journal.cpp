#include "gateway/simulator/journal.h"

#include <cerrno>
#include <filesystem>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace simulator {
namespace {

using common::Error;
using common::Fail;
using common::Safe;

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool sync_folder(const std::string& path) {
    const auto folder = std::filesystem::path{path}.parent_path();
    const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return false;
    const bool done = ::fsync(handle) == 0;
    ::close(handle);
    return done;
}

// Where the last whole line ends.
common::Result<off_t> replay_file(int file, const Journal::Replay& replay) {
    std::string pending;
    std::array<char, 65536> block{};
    off_t end = 0;
    std::int64_t number = 0;
    for (;;) {
        const auto count = ::read(file, block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return Fail{Error::internal("the journal cannot be read")};
        if (count == 0) return end;
        pending.append(block.data(), static_cast<std::size_t>(count));
        std::size_t begin = 0;
        for (auto stop = pending.find('\n'); stop != std::string::npos; stop = pending.find('\n', begin)) {
            ++number;
            if (!replay(std::string_view{pending}.substr(begin, stop - begin)))
                return Fail{Error::internal("line {} of the journal cannot be read", {Safe::number(number)})};
            begin = stop + 1;
        }
        end += static_cast<off_t>(begin);
        pending.erase(0, begin);
    }
}

}  // namespace

common::Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, const Replay& replay,
                                                       boost::asio::io_context& io,
                                                       std::function<void()> failed) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) return Fail{Error::internal("the journal cannot be opened: {}", {Safe::param(path)})};
    std::unique_ptr<Journal> journal{new Journal{file, io, std::move(failed)}};
    if (::flock(file, LOCK_EX | LOCK_NB) != 0)
        return Fail{Error::internal("another process uses the journal: {}", {Safe::param(path)})};
    const auto end = replay_file(file, replay);
    if (!end) return Fail{end.error()};
    if (::ftruncate(file, *end) != 0 || ::lseek(file, *end, SEEK_SET) < 0 || ::fsync(file) != 0 ||
        !sync_folder(path))
        return Fail{Error::internal("the journal cannot be prepared: {}", {Safe::param(path)})};
    journal->thread_ = std::thread{[raw = journal.get()] { raw->work(); }};
    return journal;
}

Journal::Journal(int file, boost::asio::io_context& io, std::function<void()> failed)
    : file_{file}, io_{io}, failed_{std::move(failed)} {}

Journal::~Journal() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    ::close(file_);
}

void Journal::append(std::string line, std::function<void()> durable) {
    {
        const std::lock_guard lock{mutex_};
        waiting_.push_back({std::move(line), std::move(durable)});
    }
    changed_.notify_one();
}

void Journal::work() {
    for (;;) {
        std::vector<Entry> batch;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            batch.swap(waiting_);
        }
        std::string text;
        for (const auto& entry : batch)
            if (!entry.line.empty()) text.append(entry.line).push_back('\n');
        if (!text.empty() && (!write_all(file_, text) || ::fdatasync(file_) != 0)) {
            boost::asio::post(io_, failed_);
            return;
        }
        boost::asio::post(io_, [done = std::move(batch)] {
            for (const auto& entry : done)
                if (entry.durable) entry.durable();
        });
    }
}

}  // namespace simulator
