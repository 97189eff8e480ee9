// A PKCS#11 library, loaded once for the life of the process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/metrics.h"
#include "common/result.h"
#include "hsm/cryptoki.h"
#include "hsm/error.h"

namespace hsm {

// Never copied or moved: the destructor ends the library for everyone in the process.
class Module {
  public:
    // 500 naming the file and reason. The library stays loaded: unloading it under its own threads is not
    // safe.
    // `parameters`: Profile::library_parameters.
    static common::Result<std::unique_ptr<Module>> load(const std::string& path,
                                                        const std::string& parameters,
                                                        common::Metrics& metrics);
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    // C_Initialize with the system's locks and the profile's parameters. Fine when the library is initialised
    // already.
    Call initialize();
    // C_Finalize, if this object initialised it. Every session and handle is void after it.
    void finalize();

    // Makes one call, counted and timed: hsm_calls_total{function,result}, hsm_call_seconds{function}.
    template <class Function>
    Call call(const char* name, Function function) {
        const auto begun = std::chrono::steady_clock::now();
        const CK_RV value = function(*functions_);
        note(name, value, std::chrono::steady_clock::now() - begun);
        return Call{value, name};
    }
    // Without numbers; for attacks and repairs in tests, and for closing down.
    const CK_FUNCTION_LIST& raw() const { return *functions_; }

    struct Token {
        CK_SLOT_ID slot = 0;
        std::string label;  // without its padding
        CK_FLAGS flags = 0;
    };
    // Every slot with a token; an uninitialised one has no CKF_TOKEN_INITIALIZED.
    common::Result<std::vector<Token>> tokens();
    // 500 saying what is missing when there is none with that label, or more than one.
    common::Result<Token> find_token(const std::string& label, bool initialized = true);

  private:
    Module(CK_FUNCTION_LIST* functions, std::string parameters, common::Metrics& metrics)
        : functions_{functions}, parameters_{std::move(parameters)}, metrics_{metrics} {}
    void note(const char* name, CK_RV value, std::chrono::nanoseconds duration);
    CK_FUNCTION_LIST* functions_;
    std::string parameters_;
    common::Metrics& metrics_;
    bool initialized_ = false;  // by this object
    bool ours_ = false;         // has been, once
};

}  // namespace hsm
