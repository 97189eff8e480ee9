// An append-only file of lines. A line is durable before its callback runs; lines that arrive together share
// one fdatasync. A line cut short by a crash is dropped at the next start: its answer was never sent.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "common/result.h"

namespace simulator {

class Journal {
  public:
    using Replay = std::function<bool(std::string_view line)>;
    // Hands every whole line to `replay` first; 500 when one is refused. `failed` runs on `io` when writing
    // fails: no callback runs any more.
    static common::Result<std::unique_ptr<Journal>> open(const std::string& path, const Replay& replay,
                                                         boost::asio::io_context& io,
                                                         std::function<void()> failed);
    ~Journal();
    // Callbacks run on the io_context in the order of the calls. An empty line only waits for those before
    // it.
    void append(std::string line, std::function<void()> durable);

  private:
    struct Entry {
        std::string line;
        std::function<void()> durable;
    };
    Journal(int file, boost::asio::io_context& io, std::function<void()> failed);
    void work();

    int file_;
    boost::asio::io_context& io_;
    std::function<void()> failed_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Entry> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace simulator
