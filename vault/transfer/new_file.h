// A file that is there as a whole or not at all. Until it is published it has no name where the file system
// can do that, so nothing is left of it even when the process is killed; elsewhere it is called PATH.….part.
#pragma once

#include <span>
#include <string>

#include "common/result.h"

namespace vault::transfer {

class NewFile {
  public:
    // Of mode 0600. 500 naming the reason; also when there is a file of that name already. `nameless` false:
    // as on a file system that cannot do it, for tests.
    static common::Result<NewFile> create(std::string path, bool nameless = true);
    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile();

    common::Status append(std::span<const std::uint8_t> data);
    common::Status sync();
    // Gives it its name, durably; what is there by now is not replaced.
    common::Status publish();

  private:
    NewFile(int file, std::string path, std::string draft)
        : file_{file}, path_{std::move(path)}, draft_{std::move(draft)} {}
    common::Fail failed() const;

    int file_;
    std::string path_, draft_;  // draft_ "": it has no name
};

}  // namespace vault::transfer
