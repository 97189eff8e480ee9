#include "vault/keys/claim_holder.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include <unistd.h>

#include "common/crypto.h"

namespace vault::keys {
namespace {

std::string first_line(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

std::string boot() {
    return first_line("/proc/sys/kernel/random/boot_id");
}

std::string pid_namespace() {
    std::array<char, 64> target{};
    const auto size = ::readlink("/proc/self/ns/pid", target.data(), target.size());
    return size > 0 ? std::string{target.data(), static_cast<std::size_t>(size)} : "";
}

struct Process {
    bool runs = false;
    std::string started;  // in clock ticks since boot
};

// Fields 3 and 22 of proc(5) stat; nothing when there is no such file. The command's name, field 2, is in
// parentheses and may itself hold any of them. A process that has ended keeps its file until its parent asks.
std::optional<Process> process_of(const std::string& pid) {
    const auto line = first_line("/proc/" + pid + "/stat");
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream rest{line.substr(name_end + 1)};
    constexpr int fields_between = 18;
    Process process;
    std::string state;
    rest >> state;
    for (int i = 0; i < fields_between; ++i)
        rest >> process.started;
    rest >> process.started;
    process.runs = state != "Z" && state != "X";
    return process;
}

// Without a file of its own a process may yet run, for /proc may hide those of other users.
bool is_nowhere(const std::string& pid) {
    return ::kill(static_cast<pid_t>(std::strtol(pid.c_str(), nullptr, 10)), 0) != 0 && errno == ESRCH;
}

std::vector<std::string> parts_of(std::string_view holder) {
    std::vector<std::string> parts;
    std::istringstream text{std::string{holder}};
    for (std::string part; std::getline(text, part, '/');)
        parts.push_back(part);
    parts.resize(5);
    return parts;
}

}  // namespace

std::string new_claim_holder(pid_t process) {
    const auto pid = std::to_string(process);
    const auto found = process_of(pid);
    return boot() + '/' + pid_namespace() + '/' + pid + '/' + (found ? found->started : "") + '/' +
           common::crypto::random_base62(12);
}

HolderState state_of_holder(std::string_view holder) {
    const auto parts = parts_of(holder);
    const auto &pid = parts[2], &started = parts[3];
    if (parts[0].empty() || parts[0] != boot() || parts[1] != pid_namespace()) return HolderState::unknown;
    if (pid.empty() || started.empty()) return HolderState::unknown;
    const auto process = process_of(pid);
    if (!process) return is_nowhere(pid) ? HolderState::gone : HolderState::unknown;
    return process->runs && process->started == started ? HolderState::alive : HolderState::gone;
}

std::string holder_in_words(std::string_view holder) {
    if (state_of_holder(holder) == HolderState::unknown) return "a process on another machine";
    return "process " + parts_of(holder)[2];
}

}  // namespace vault::keys
