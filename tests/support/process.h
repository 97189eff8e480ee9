// Programs as their users start them: arguments in, exit code and output out.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

inline std::string content_of(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

// A program under way; killed when it goes out of scope.
class Process {
  public:
    explicit Process(const std::vector<std::string>& words) {
        std::string pattern = (std::filesystem::temp_directory_path() / "process.XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        folder_ = pattern;
        std::vector<char*> pointers;
        for (const auto& word : words)
            pointers.push_back(const_cast<char*>(word.c_str()));
        pointers.push_back(nullptr);
        const auto out = (folder_ / "out").string(), err = (folder_ / "err").string();
        child_ = ::fork();
        if (child_ != 0) return;
        ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
        ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        ::execv(pointers[0], pointers.data());
        ::_exit(127);
    }
    ~Process() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            wait();
        }
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void signal(int number) const { ::kill(child_, number); }
    // The exit code, or 128 and the number of the signal that ended it.
    int wait() {
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::string out() const { return content_of(folder_ / "out"); }
    std::string err() const { return content_of(folder_ / "err"); }
    // Whether standard error says `text` within half a minute.
    bool says(std::string_view text) const {
        for (int tries = 0; tries < 600; ++tries) {
            if (err().find(text) != std::string::npos) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
        return false;
    }

  private:
    std::filesystem::path folder_;
    pid_t child_ = -1;
};

struct Finished {
    int code = -1;
    std::string out, err;
};

inline Finished run_program(const std::vector<std::string>& words) {
    Process process{words};
    const int code = process.wait();
    return {code, process.out(), process.err()};
}

}  // namespace support
