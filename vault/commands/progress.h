// Shows on standard error how far a long piece of work is: a bar on a terminal, a line now and then
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace vault::commands {

class Progress {
  public:
    // `total` 0: not known.
    Progress(std::string what, std::int64_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void add(std::int64_t rows);
    void at(std::int64_t done, std::int64_t total);

    // "card keys  [=====>    ]  52 %  1040/2000  310/s  3 s left"; for tests.
    static std::string line(const std::string& what, std::int64_t done, std::int64_t total,
                            std::chrono::milliseconds since);

  private:
    void show();
    std::string what_;
    std::int64_t total_;
    std::int64_t done_ = 0;
    bool is_terminal_;
    std::chrono::steady_clock::time_point begun_, shown_;
};

}  // namespace vault::commands
