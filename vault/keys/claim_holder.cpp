#include "vault/keys/claim_holder.h"

#include <array>
#include <fstream>
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

// Field 22 of proc(5) stat, in clock ticks since boot; "" = no such process. The command's name, field 2, is
// in parentheses and may itself hold any of them.
std::string start_time(const std::string& pid) {
    const auto line = first_line("/proc/" + pid + "/stat");
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return "";
    std::istringstream rest{line.substr(name_end + 1)};
    constexpr int fields_between = 20;
    std::string field;
    for (int i = 0; i < fields_between; ++i)
        rest >> field;
    return field;
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

std::string new_claim_holder() {
    const auto pid = std::to_string(::getpid());
    return boot() + '/' + pid_namespace() + '/' + pid + '/' + start_time(pid) + '/' +
           common::crypto::random_base62(12);
}

HolderState state_of_holder(std::string_view holder) {
    const auto parts = parts_of(holder);
    if (parts[0].empty() || parts[0] != boot() || parts[1] != pid_namespace()) return HolderState::unknown;
    return start_time(parts[2]) == parts[3] ? HolderState::alive : HolderState::gone;
}

std::string holder_in_words(std::string_view holder) {
    if (state_of_holder(holder) == HolderState::unknown) return "a process on another machine";
    return "process " + parts_of(holder)[2];
}

}  // namespace vault::keys
