#include "support/softhsm/softhsm.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

namespace support {
namespace {

[[noreturn]] void give_up(const std::string& reason) {
    std::fprintf(stderr, "no token for the test: %s\n", reason.c_str());
    std::abort();
}

template <class Token>
void make_keys(const Token& token) {
    common::Metrics metrics;
    if (const auto made = hsm::init_token(token, metrics); !made) give_up(made.error().describe());
    if (const auto made = hsm::make_keys(token, {}, metrics); !made) give_up(made.error().describe());
}

// Changes bytes of a file in place; they must be there.
void patch(const std::string& file, std::string_view from, std::string_view to) {
    std::stringstream content;
    content << std::ifstream{file, std::ios::binary}.rdbuf();
    auto bytes = content.str();
    const auto at = bytes.find(from);
    if (at == bytes.npos || from.size() != to.size()) give_up(file + " is not as SoftHSM2 2.6 writes it");
    bytes.replace(at, from.size(), to);
    std::ofstream{file, std::ios::binary} << bytes;
}

std::string padded(std::string text) {
    text.resize(32, ' ');
    return text;
}

template <class Function>
Function control(void* library, const char* name) {
    const auto found = reinterpret_cast<Function>(dlsym(library, name));
    if (found == nullptr) give_up(std::string{"the fault module has no "} + name);
    return found;
}

}  // namespace

TokenFolder::TokenFolder() {
    // SoftHSM2 syncs every file that it writes, which takes most of a test's time on a disk.
    const bool in_memory = access("/dev/shm", W_OK) == 0;
    const auto parent =
        in_memory ? std::filesystem::path{"/dev/shm"} : std::filesystem::temp_directory_path();
    auto pattern = (parent / "portcullis-token-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) give_up("cannot make a temporary directory");
    folder_ = pattern;
    pin_file_ = folder_ + "/pin";
    set_pin_file(token_pin);
}

TokenFolder::~TokenFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void TokenFolder::set_pin_file(std::string_view text) {
    std::ofstream{pin_file_} << text << '\n';
    chmod(pin_file_.c_str(), 0600);
}

SoftHsm::SoftHsm() {
    std::filesystem::create_directory(folder_ + "/tokens");
    std::ofstream{folder_ + "/softhsm2.conf"} << "directories.tokendir = " << folder_
                                              << "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n";
    setenv("SOFTHSM2_CONF", (folder_ + "/softhsm2.conf").c_str(), 1);
    make_keys(setup());
    primary_ = std::filesystem::directory_iterator{folder_ + "/tokens"} -> path().string();
}

hsm::Options SoftHsm::options() const {
    return {.module = module, .token_label = label, .pin_file = pin_file_};
}

void SoftHsm::move_token_away() {
    std::filesystem::rename(folder_ + "/tokens", folder_ + "/away");
}
void SoftHsm::move_token_back() {
    std::filesystem::rename(folder_ + "/away", folder_ + "/tokens");
}
void SoftHsm::move_primary_away() {
    std::filesystem::rename(primary_, folder_ + "/primary");
}
void SoftHsm::move_primary_back() {
    std::filesystem::rename(folder_ + "/primary", primary_);
}

void SoftHsm::copy_token(const std::string& copy_label) const {
    const auto copy = folder_ + "/tokens/copy-" + copy_label;
    std::filesystem::copy(primary_, copy, std::filesystem::copy_options::recursive);
    // The directory is named by the end of the serial number, which makes the number of the slot.
    auto serial = std::filesystem::path{primary_}.filename().string();
    serial = serial.substr(serial.rfind('-') + 1);
    serial = serial.substr(serial.size() - 8);
    patch(copy + "/token.object", padded(label), padded(copy_label));
    auto other = serial;
    other.back() = other.back() == '0' ? '1' : '0';
    patch(copy + "/token.object", serial, other);
}

void SoftHsm::make_token(const std::string& other_label) const {
    auto other = setup();
    other.token_label = other_label;
    make_keys(other);
}

Nss::Nss() {
    std::filesystem::create_directory(folder_ + "/database");
    make_keys(setup());
}

hsm::Options Nss::options() const {
    return {.module = module,
            .token_label = label,
            .pin_file = pin_file_,
            .profile_file = profile(),
            .directory = folder_ + "/database"};
}

std::string Nss::profile() {
    return PORTCULLIS_PROFILES "/nss.toml";
}

std::string FaultModule::path() {
    return PORTCULLIS_FAULT_MODULE;
}

FaultModule::FaultModule(const char* target) : library_{dlopen(path().c_str(), RTLD_NOW | RTLD_LOCAL)} {
    if (library_ == nullptr) give_up(path() + " cannot be loaded");
    if (control<int (*)(const char*)>(library_, "portcullis_fault_target")(target) == 0)
        give_up(std::string{target} + " cannot be loaded");
    heal();
}

void FaultModule::fail(const char* function, unsigned long value, int times) {
    control<void (*)(const char*, unsigned long, int, int)>(library_, "portcullis_fault_set")(function, value,
                                                                                              times, 0);
}
void FaultModule::delay(const char* function, std::chrono::milliseconds duration) {
    control<void (*)(const char*, unsigned long, int, int)>(library_, "portcullis_fault_set")(
        function, 0, 0, static_cast<int>(duration.count()));
}
void FaultModule::spoil(const char* function, Spoil how, int times) {
    control<void (*)(const char*, int, int)>(library_, "portcullis_fault_spoil")(
        function, static_cast<int>(how), times);
}
long FaultModule::count(const char* function) const {
    return control<long (*)(const char*)>(library_, "portcullis_fault_count")(function);
}
void FaultModule::heal() {
    control<void (*)(const char*, unsigned long, int, int)>(library_, "portcullis_fault_set")("", 0, 0, 0);
}

}  // namespace support
