// A fresh SoftHSM2 token in a temporary directory, with the keys of the table. One at a time in a process:
// SoftHSM2 reads SOFTHSM2_CONF, which this sets, whenever it is initialised.
#pragma once

#include <string>

#include "hsm/hsm.h"
#include "hsm/provision.h"

namespace support {

class SoftHsm {
  public:
    // Aborts with the reason when the token cannot be made.
    SoftHsm();
    ~SoftHsm();
    SoftHsm(const SoftHsm&) = delete;
    SoftHsm& operator=(const SoftHsm&) = delete;

    hsm::Options options() const;   // for Hsm::open
    hsm::TokenSetup setup() const;  // for the functions of hsm/provision.h
    const std::string& folder() const { return folder_; }
    const std::string& pin_file() const { return pin_file_; }
    void set_pin_file(std::string_view pin);  // writes another PIN to the file; the token keeps its own

    void move_token_away();
    void move_token_back();

    static constexpr const char* module = "/usr/lib/softhsm/libsofthsm2.so";
    static constexpr const char* label = "portcullis-test";
    static constexpr const char* pin = "test-pin-0815";

  private:
    std::string folder_;
    std::string pin_file_;
};

// The module that fails on demand. Its state is the process's: `heal` after each test.
class FaultModule {
  public:
    FaultModule();
    ~FaultModule() { heal(); }
    static std::string path();
    // The next `times` calls of the function give `value` and do nothing else (before SoftHSM2 sees them).
    void fail(const char* function, unsigned long value, int times = 1);
    void delay(const char* function, std::chrono::milliseconds duration);
    void heal();

  private:
    using Set = void (*)(const char*, unsigned long, int, int);
    Set set_;
};

}  // namespace support
