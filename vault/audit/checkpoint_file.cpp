#include "vault/audit/checkpoint_file.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/audit/record.h"

namespace vault::audit {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

constexpr std::string_view suffix = ".jsonl";
constexpr std::size_t line_bytes_max = 1024;
constexpr std::size_t block_size = 64 * 1024;
constexpr std::chrono::seconds lock_max{2};

Error failed(const std::string& path, common::Text what) {
    return Error::internal("audit: the checkpoint file {} cannot be {} (error {})",
                           {Safe::param(path), Safe::word(what), Safe::number(errno)})
        .with_cause(common::Cause::unavailable);
}

std::optional<std::int64_t> size_of(int file) {
    struct stat facts{};
    if (::fstat(file, &facts) != 0) return std::nullopt;
    return facts.st_size;
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool sync_directory(const std::string& directory) {
    const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return false;
    const bool synced = ::fsync(opened) == 0;
    ::close(opened);
    return synced;
}

}  // namespace

std::string checkpoint_path(const std::string& directory, const std::string& stream) {
    return (std::filesystem::path{directory} / stream).string() + std::string{suffix};
}

Result<std::vector<std::string>> streams_of_directory(const std::string& directory) {
    std::error_code failure;
    std::vector<std::string> streams;
    for (std::filesystem::directory_iterator entry{directory, failure}, end; !failure && entry != end;
         entry.increment(failure)) {
        auto name = entry->path().filename().string();
        if (!name.ends_with(suffix)) continue;
        name.resize(name.size() - suffix.size());
        if (is_stream_name(name)) streams.push_back(std::move(name));
    }
    if (failure)
        return Fail{Error::internal("audit: the directory {} cannot be read", {Safe::param(directory)})
                        .with_cause(common::Cause::unavailable)};
    std::ranges::sort(streams);
    return streams;
}

Result<CheckpointFile> CheckpointFile::open(const std::string& directory, const std::string& stream) {
    const auto path = checkpoint_path(directory, stream);
    const bool fresh = ::access(path.c_str(), F_OK) != 0;
    const int opened = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0) return Fail{failed(path, "opened")};
    CheckpointFile file{opened, 0};
    if (fresh && !sync_directory(directory)) return Fail{failed(path, "synced")};
    if (auto locked = file.lock(path); !locked) return Fail{std::move(locked).error()};
    if (auto found = file.find_last(path); !found) return Fail{std::move(found).error()};
    return file;
}

CheckpointFile::~CheckpointFile() {
    if (file_ >= 0) ::close(file_);
}

CheckpointFile::CheckpointFile(CheckpointFile&& other) noexcept
    : file_{std::exchange(other.file_, -1)}, size_{other.size_}, last_{std::move(other.last_)} {}

Status CheckpointFile::lock(const std::string& path) const {
    const auto until = std::chrono::steady_clock::now() + lock_max;
    while (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return Fail{failed(path, "locked")};
        if (std::chrono::steady_clock::now() > until) return Fail{failed(path, "locked")};
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return {};
}

Status CheckpointFile::find_last(const std::string& path) {
    const auto size = size_of(file_);
    if (!size) return Fail{failed(path, "read")};
    const auto length = static_cast<std::size_t>(std::min<std::int64_t>(*size, 2 * line_bytes_max));
    std::string tail(length, '\0');
    if (::pread(file_, tail.data(), length, *size - static_cast<std::int64_t>(length)) !=
        static_cast<ssize_t>(length))
        return Fail{failed(path, "read")};
    const auto end = tail.rfind('\n');
    const auto whole = end == std::string::npos ? 0 : end + 1;
    if (whole == 0 && length > line_bytes_max) return Fail{failed(path, "understood")};
    size_ = *size - static_cast<std::int64_t>(length - whole);
    if (whole < length && ::ftruncate(file_, size_) != 0) return Fail{failed(path, "cut")};
    if (whole == 0) return {};
    const auto before = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
    const auto begin = before == std::string::npos ? 0 : before + 1;
    auto parsed = checkpoint_of_line(std::string_view{tail}.substr(begin, end - begin));
    if (!parsed) return Fail{failed(path, "understood")};
    last_ = std::move(*parsed);
    return {};
}

Status CheckpointFile::append(const std::vector<Checkpoint>& checkpoints) {
    std::string text;
    for (const auto& checkpoint : checkpoints)
        text += to_line(checkpoint);
    if (!write_all(file_, text) || ::fsync(file_) != 0) {
        const int reason = errno;
        // What a full disk took of it goes again; if that fails too, the next one to open the file does it.
        [[maybe_unused]] const int cut = ::ftruncate(file_, size_);
        return Fail{
            Error::internal("audit: a checkpoint file cannot be written (error {})", {Safe::number(reason)})
                .with_cause(common::Cause::unavailable)};
    }
    size_ += static_cast<std::int64_t>(text.size());
    if (!checkpoints.empty()) last_ = checkpoints.back();
    return {};
}

Result<std::optional<CheckpointReader>> CheckpointReader::open(const std::string& directory,
                                                               const std::string& stream) {
    const auto path = checkpoint_path(directory, stream);
    const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0 && errno == ENOENT) return std::nullopt;
    if (opened < 0) return Fail{failed(path, "opened")};
    CheckpointReader reader{opened, 0};
    const auto size = size_of(opened);
    if (!size) return Fail{failed(path, "read")};
    reader.left_ = *size;
    return std::optional<CheckpointReader>{std::move(reader)};
}

CheckpointReader::~CheckpointReader() {
    if (file_ >= 0) ::close(file_);
}

CheckpointReader::CheckpointReader(CheckpointReader&& other) noexcept
    : file_{std::exchange(other.file_, -1)},
      left_{other.left_},
      lines_{other.lines_},
      buffer_{std::move(other.buffer_)} {}

Result<std::optional<CheckpointReader::Line>> CheckpointReader::next() {
    auto end = buffer_.find('\n');
    while (end == std::string::npos && left_ > 0 && buffer_.size() <= line_bytes_max) {
        std::string block(std::min<std::size_t>(block_size, static_cast<std::size_t>(left_)), '\0');
        const auto got = ::read(file_, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return Fail{
                Error::internal("audit: a checkpoint file cannot be read (error {})", {Safe::number(errno)})
                    .with_cause(common::Cause::unavailable)};
        if (got == 0) break;  // it was cut since
        left_ -= got;
        buffer_.append(block, 0, static_cast<std::size_t>(got));
        end = buffer_.find('\n');
    }
    const bool endless = end == std::string::npos && buffer_.size() > line_bytes_max;
    if (end == std::string::npos && !endless) return std::nullopt;
    Line line{++lines_, std::nullopt};
    if (endless || end > line_bytes_max) {
        if (endless) buffer_.clear();  // what follows is no line of ours either
    } else if (auto parsed = checkpoint_of_line(std::string_view{buffer_}.substr(0, end))) {
        line.checkpoint = std::move(*parsed);
    }
    if (!endless) buffer_.erase(0, end + 1);
    return line;
}

}  // namespace vault::audit
