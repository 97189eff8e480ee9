#include "vault/keys/custody_anchor.h"

#include <cerrno>
#include <cstring>
#include <sstream>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/crypto.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

struct Mark {
    std::int64_t sequence = 0;
    std::string mac;  // hex
};

// The file, locked against other processes of this machine.
class LockedFile {
  public:
    LockedFile(const std::string& path, int flags) : file_{::open(path.c_str(), flags | O_CLOEXEC, 0600)} {
        if (file_ >= 0 && ::flock(file_, LOCK_EX) != 0) {
            ::close(file_);
            file_ = -1;
        }
    }
    ~LockedFile() {
        if (file_ >= 0) ::close(file_);
    }
    LockedFile(const LockedFile&) = delete;
    LockedFile& operator=(const LockedFile&) = delete;

    bool is_open() const { return file_ >= 0; }
    // Nothing when it is empty; sequence 0 when it cannot be understood.
    std::optional<Mark> read() const {
        char text[256] = {};
        const auto size = ::pread(file_, text, sizeof text - 1, 0);
        if (size == 0) return std::nullopt;
        Mark mark;
        std::istringstream words{text};
        if (size < 0 || !(words >> mark.sequence >> mark.mac) || mark.sequence < 1) return Mark{};
        return mark;
    }
    bool write(const Mark& mark) const {
        const auto text = std::to_string(mark.sequence) + ' ' + mark.mac + '\n';
        const auto size = static_cast<ssize_t>(text.size());
        return ::pwrite(file_, text.data(), text.size(), 0) == size && ::ftruncate(file_, size) == 0 &&
               ::fsync(file_) == 0;
    }

  private:
    int file_;
};

Fail unusable(const std::string& path) {
    return Fail{Error::internal("the file {} of custodians.anchor_file cannot be used: {}",
                                {Safe::param(path), Safe::param(std::strerror(errno))})};
}

Fail behind(const std::string& path) {
    return Fail{
        Error::internal("the database has an older or another register of custodians than {} has seen; "
                        "if the database was restored on purpose, have the custodians agree to it and "
                        "delete that file",
                        {Safe::param(path)})
            .with_cause(Cause::integrity)};
}

}  // namespace

Status CustodyAnchor::check(const std::optional<RegisterRow>& entry) const {
    if (path_.empty()) return {};
    const LockedFile file{path_, O_RDWR};
    if (!file.is_open()) return errno == ENOENT ? Status{} : Status{unusable(path_)};
    const auto seen = file.read();
    if (!seen) return {};
    if (seen->sequence == 0 || !entry || entry->sequence < seen->sequence) return behind(path_);
    if (entry->sequence == seen->sequence && common::crypto::to_hex(entry->mac) != seen->mac)
        return behind(path_);
    return {};
}

Status CustodyAnchor::advance(const RegisterRow& entry) const {
    if (path_.empty()) return {};
    const LockedFile file{path_, O_RDWR | O_CREAT};
    if (!file.is_open()) return unusable(path_);
    const auto seen = file.read();
    if (seen && seen->sequence >= entry.sequence) return {};
    if (!file.write({entry.sequence, common::crypto::to_hex(entry.mac)})) return unusable(path_);
    return {};
}

}  // namespace vault::keys
