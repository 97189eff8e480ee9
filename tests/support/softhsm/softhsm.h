// Tokens of a test's own, with the keys of the table, in a temporary directory. One at a time in a process:
// SoftHSM2 reads SOFTHSM2_CONF, which this sets, whenever it is initialised.
#pragma once

#include <string>

#include "hsm/hsm.h"
#include "hsm/provision.h"

namespace support {

inline constexpr const char* token_pin = "test-pin-0815";

// A directory with the PIN's file in it; removed at the end.
class TokenFolder {
  public:
    TokenFolder();
    ~TokenFolder();
    TokenFolder(const TokenFolder&) = delete;
    TokenFolder& operator=(const TokenFolder&) = delete;

    const std::string& folder() const { return folder_; }
    const std::string& pin_file() const { return pin_file_; }
    void set_pin_file(std::string_view pin);  // writes another PIN to the file; the token keeps its own

  protected:
    std::string folder_;
    std::string pin_file_;
};

class SoftHsm : public TokenFolder {
  public:
    // Aborts with the reason when the token cannot be made.
    SoftHsm();

    hsm::Options options() const;  // for Hsm::open
    hsm::TokenSetup setup() const { return hsm::setup_of(options()); }

    // All tokens.
    void move_token_away();
    void move_token_back();
    // The first one alone.
    void move_primary_away();
    void move_primary_back();
    // A token of the same key bytes and CKA_IDs under another label, as an HSM's cloning makes it. Nothing
    // may have the library initialised.
    void copy_token(const std::string& copy_label) const;
    // A further token with keys of its own.
    void make_token(const std::string& other_label) const;

    static constexpr const char* module = "/usr/lib/softhsm/libsofthsm2.so";
    static constexpr const char* label = "portcullis-test";
    static constexpr const char* pin = token_pin;

  private:
    std::string primary_;  // its directory
};

// A key database of NSS softokn, with the profile that comes with Portcullis.
class Nss : public TokenFolder {
  public:
    Nss();
    hsm::Options options() const;
    hsm::TokenSetup setup() const { return hsm::setup_of(options()); }

    static constexpr const char* module = "libsoftokn3.so";  // found by the system's own search
    static constexpr const char* label = "portcullis-test";
    static std::string profile();
};

// The module that fails on demand. Its state is the process's: `heal` after each test.
class FaultModule {
  public:
    explicit FaultModule(const char* target = SoftHsm::module);
    ~FaultModule() { heal(); }
    FaultModule(const FaultModule&) = delete;
    FaultModule& operator=(const FaultModule&) = delete;
    static std::string path();
    // The next `times` calls of the function give `value` and do nothing else (before the target sees them).
    void fail(const char* function, unsigned long value, int times = 1);
    void delay(const char* function, std::chrono::milliseconds duration);
    // The next `times` calls succeed with an answer that is one byte (or object) short or long, endless, or
    // of the right size with a wrong bit, or all nought.
    enum class Spoil : std::uint8_t { shorter = 1, longer, endless, flipped, blank };
    void spoil(const char* function, Spoil how, int times = 1);
    long count(const char* function) const;  // calls since the last `heal`
    void heal();

  private:
    void* library_;
};

}  // namespace support
