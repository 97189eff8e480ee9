#include "support/softhsm/softhsm.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

namespace support {
namespace {

[[noreturn]] void give_up(const std::string& reason) {
    std::fprintf(stderr, "no SoftHSM2 token for the test: %s\n", reason.c_str());
    std::abort();
}

}  // namespace

SoftHsm::SoftHsm() {
    // SoftHSM2 syncs every file that it writes, which takes most of a test's time on a disk.
    const bool in_memory = access("/dev/shm", W_OK) == 0;
    const auto parent =
        in_memory ? std::filesystem::path{"/dev/shm"} : std::filesystem::temp_directory_path();
    auto pattern = (parent / "portcullis-token-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) give_up("cannot make a temporary directory");
    folder_ = pattern;
    pin_file_ = folder_ + "/pin";
    std::filesystem::create_directory(folder_ + "/tokens");
    std::ofstream{folder_ + "/softhsm2.conf"} << "directories.tokendir = " << folder_
                                              << "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n";
    set_pin_file(pin);
    setenv("SOFTHSM2_CONF", (folder_ + "/softhsm2.conf").c_str(), 1);
    common::Metrics metrics;
    if (const auto made = hsm::init_token(setup(), metrics); !made) give_up(made.error().describe());
    if (const auto made = hsm::make_keys(setup(), {}, {}, metrics); !made) give_up(made.error().describe());
}

SoftHsm::~SoftHsm() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

hsm::Options SoftHsm::options() const {
    return {.module = module, .token_label = label, .pin_file = pin_file_};
}
hsm::TokenSetup SoftHsm::setup() const {
    return {.module = module, .token_label = label, .pin_file = pin_file_};
}

void SoftHsm::set_pin_file(std::string_view text) {
    std::ofstream{pin_file_} << text << '\n';
    chmod(pin_file_.c_str(), 0600);
}

void SoftHsm::move_token_away() {
    std::filesystem::rename(folder_ + "/tokens", folder_ + "/away");
}
void SoftHsm::move_token_back() {
    std::filesystem::rename(folder_ + "/away", folder_ + "/tokens");
}

std::string FaultModule::path() {
    return PORTCULLIS_FAULT_MODULE;
}

FaultModule::FaultModule() {
    void* library = dlopen(path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) give_up(path() + " cannot be loaded");
    set_ = reinterpret_cast<Set>(dlsym(library, "portcullis_fault_set"));
    if (set_ == nullptr) give_up(path() + " has no controls");
    heal();
}

void FaultModule::fail(const char* function, unsigned long value, int times) {
    set_(function, value, times, 0);
}
void FaultModule::delay(const char* function, std::chrono::milliseconds duration) {
    set_(function, 0, 0, static_cast<int>(duration.count()));
}
void FaultModule::heal() {
    set_("", 0, 0, 0);
}

}  // namespace support
