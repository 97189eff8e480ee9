// The second place of a stream's checkpoints: one file of JSON lines, appended to and synced. It tells an
// older copy of the database from the present one. PCI DSS 4.0.1 requirement 10.3.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vault/audit/checkpoint.h"

namespace vault::audit {

std::string checkpoint_path(const std::string& directory, const std::string& stream);
// The streams that have a file in this directory, in order. 500 when it cannot be read.
common::Result<std::vector<std::string>> streams_of_directory(const std::string& directory);

// Opened and locked against other processes for as long as it lives. Blocks.
class CheckpointFile {
  public:
    // Makes the file where there is none, never the directory. Cuts off a last line that has no end, as an
    // interrupted write leaves it. 500 when it cannot be opened, is locked for long, or its last line is
    // none.
    static common::Result<CheckpointFile> open(const std::string& directory, const std::string& stream);
    ~CheckpointFile();
    CheckpointFile(CheckpointFile&& other) noexcept;
    CheckpointFile& operator=(CheckpointFile&&) = delete;

    const std::optional<Checkpoint>& last() const { return last_; }
    // Durable when it returns; after an error the file ends where it did, or with a line without an end.
    common::Status append(const std::vector<Checkpoint>& checkpoints);

  private:
    CheckpointFile(int file, std::int64_t size) : file_{file}, size_{size} {}
    common::Status lock(const std::string& path) const;
    common::Status find_last(const std::string& path);
    int file_;
    std::int64_t size_;
    std::optional<Checkpoint> last_;
};

// From the first line to the end that the file had when it was opened, one at a time. Takes no lock.
class CheckpointReader {
  public:
    // Nothing when there is no such file.
    static common::Result<std::optional<CheckpointReader>> open(const std::string& directory,
                                                                const std::string& stream);
    ~CheckpointReader();
    CheckpointReader(CheckpointReader&& other) noexcept;
    CheckpointReader& operator=(CheckpointReader&&) = delete;

    struct Line {
        std::int64_t number = 0;               // in the file, from 1
        std::optional<Checkpoint> checkpoint;  // nothing: the line is no checkpoint
    };
    // Nothing at the end; a last line without an end is not there yet.
    common::Result<std::optional<Line>> next();

  private:
    CheckpointReader(int file, std::int64_t size) : file_{file}, left_{size} {}
    int file_;
    std::int64_t left_;  // bytes that are not read yet
    std::int64_t lines_ = 0;
    std::string buffer_;
};

}  // namespace vault::audit
