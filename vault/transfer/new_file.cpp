#include "vault/transfer/new_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto.h"

namespace vault::transfer {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

namespace {

constexpr mode_t owner_only = S_IRUSR | S_IWUSR;

std::string folder_of(const std::string& path) {
    const auto folder = std::filesystem::path{path}.parent_path().string();
    return folder.empty() ? "." : folder;
}

Fail cannot_write(const std::string& path, int reason) {
    return Fail{
        Error::internal("cannot write {}: {}", {Safe::param(path), Safe::param(std::strerror(reason))})};
}

}  // namespace

Result<NewFile> NewFile::create(std::string path, bool nameless) {
    struct stat there{};
    if (::lstat(path.c_str(), &there) == 0) return cannot_write(path, EEXIST);
    if (nameless) {
        const int file = ::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, owner_only);
        if (file >= 0) return NewFile{file, std::move(path), ""};
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return cannot_write(path, errno);
    }
    constexpr std::size_t drawn = 8;
    auto draft = path + '.' + common::crypto::random_base62(drawn) + ".part";
    const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only);
    if (file < 0) return cannot_write(path, errno);
    return NewFile{file, std::move(path), std::move(draft)};
}

NewFile::NewFile(NewFile&& other) noexcept
    : file_{std::exchange(other.file_, -1)},
      path_{std::move(other.path_)},
      draft_{std::exchange(other.draft_, "")} {}

NewFile::~NewFile() {
    if (file_ >= 0) ::close(file_);
    if (!draft_.empty()) ::unlink(draft_.c_str());
}

Fail NewFile::failed() const {
    return cannot_write(path_, errno);
}

Status NewFile::append(std::span<const std::uint8_t> data) {
    while (!data.empty()) {
        const auto put = ::write(file_, data.data(), data.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return failed();
        data = data.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Status NewFile::sync() {
    return ::fsync(file_) == 0 ? Status{} : Status{failed()};
}

Status NewFile::publish() {
    if (auto synced = sync(); !synced) return synced;
    const auto from = draft_.empty() ? "/proc/self/fd/" + std::to_string(file_) : draft_;
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path_.c_str(), draft_.empty() ? AT_SYMLINK_FOLLOW : 0) !=
        0)
        return failed();
    const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool durable = folder >= 0 && ::fsync(folder) == 0;
    const int reason = errno;
    if (folder >= 0) ::close(folder);
    return durable ? Status{} : Status{cannot_write(path_, reason)};
}

}  // namespace vault::transfer
