#include "hsm/module.h"

#include <dlfcn.h>

namespace hsm {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

constexpr std::size_t tokens_max = 256;

// Text of a fixed size, padded with blanks.
std::string unpadded(std::span<const unsigned char> text) {
    std::string plain{text.begin(), text.end()};
    plain.erase(plain.find_last_not_of(' ') + 1);
    return plain;
}

}  // namespace

Result<std::unique_ptr<Module>> Module::load(const std::string& path, const std::string& parameters,
                                             common::Metrics& metrics) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* reason = dlerror();
        return Fail{Error::internal("cannot load the PKCS#11 module: {}",
                                    {Safe::param(reason != nullptr ? reason : path)})};
    }
    const auto get_list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    CK_FUNCTION_LIST* functions = nullptr;
    if (get_list == nullptr || get_list(&functions) != CKR_OK || functions == nullptr)
        return Fail{Error::internal("{} is not a PKCS#11 module", {Safe::param(path)})};
    if (functions->version.major < 2 || (functions->version.major == 2 && functions->version.minor < 20))
        return Fail{Error::internal("{} is older than PKCS#11 2.20", {Safe::param(path)})};
    return std::unique_ptr<Module>{new Module{functions, parameters, metrics}};
}

Module::~Module() {
    finalize();
}

Call Module::initialize() {
    // NSS keeps a text where the standard has pReserved, and its own reserved pointer after that.
    struct {
        CK_C_INITIALIZE_ARGS standard{};
        void* reserved = nullptr;
    } arguments;
    arguments.standard.flags = CKF_OS_LOCKING_OK;
    if (!parameters_.empty()) arguments.standard.pReserved = parameters_.data();
    auto done = call("C_Initialize", [&](auto& f) { return f.C_Initialize(&arguments.standard); });
    if (done.ok()) ours_ = initialized_ = true;
    if (done.value == CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        initialized_ = ours_;  // a C_Finalize that did not do what it said
        done.value = CKR_OK;
    }
    return done;
}

void Module::finalize() {
    if (!initialized_) return;
    const auto done = call("C_Finalize", [](auto& f) { return f.C_Finalize(nullptr); });
    // One that failed leaves it ours to end, unless there is nothing to end any more.
    if (done.ok() || done.value == CKR_CRYPTOKI_NOT_INITIALIZED) initialized_ = false;
}

void Module::note(const char* name, CK_RV value, std::chrono::nanoseconds duration) {
    metrics_.count("hsm_calls_total", {{"function", name}, {"result", name_of(value)}});
    metrics_.observe("hsm_call_seconds", duration, {{"function", name}});
}

Result<std::vector<Module::Token>> Module::tokens() {
    // A first call without a buffer makes the library look for new slots.
    CK_ULONG count = 0;
    auto done = call("C_GetSlotList", [&](auto& f) { return f.C_GetSlotList(CK_TRUE, nullptr, &count); });
    if (!done.ok()) return Fail{error_of(done)};
    std::vector<CK_SLOT_ID> slots(tokens_max);
    count = tokens_max;
    done = call("C_GetSlotList", [&](auto& f) { return f.C_GetSlotList(CK_TRUE, slots.data(), &count); });
    if (!done.ok()) return Fail{error_of(done)};
    slots.resize(std::min<std::size_t>(count, tokens_max));
    std::vector<Token> found;
    for (const auto slot : slots) {
        CK_TOKEN_INFO info{};
        // One broken token must not hide the others.
        if (!call("C_GetTokenInfo", [&](auto& f) { return f.C_GetTokenInfo(slot, &info); }).ok()) continue;
        found.push_back({slot, unpadded(info.label), info.flags});
    }
    return found;
}

Result<Module::Token> Module::find_token(const std::string& label, bool initialized) {
    auto all = tokens();
    if (!all) return Fail{std::move(all.error())};
    std::erase_if(*all, [&](const Token& token) {
        return token.label != label || (initialized && (token.flags & CKF_TOKEN_INITIALIZED) == 0);
    });
    if (all->empty())
        return Fail{
            Error::unavailable("HSM: no token is labelled {}; is it there, and is the module's configuration "
                               "(SOFTHSM2_CONF) the right one?",
                               common::Cause::not_found, {Safe::param(label)})};
    if (all->size() > 1)
        return Fail{Error::internal("HSM: more than one token is labelled {}; remove the wrong one",
                                    {Safe::param(label)})};
    return all->front();
}

}  // namespace hsm
