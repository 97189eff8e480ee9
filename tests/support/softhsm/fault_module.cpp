// A PKCS#11 module that forwards to SoftHSM2 and fails or dawdles on demand: `portcullis_fault_set`.
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#define CK_DISABLE_TRUE_FALSE
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

namespace {

struct Fault {
    CK_RV value = CKR_OK;
    int times = 0;
    int delay_ms = 0;
};

std::mutex mutex;
std::map<std::string, Fault> faults;
CK_FUNCTION_LIST* real = nullptr;
CK_FUNCTION_LIST ours;

// The value to give in place of the call; CKR_OK = go on.
CK_RV before(const char* function) {
    int delay_ms = 0;
    CK_RV value = CKR_OK;
    {
        const std::lock_guard lock{mutex};
        const auto found = faults.find(function);
        if (found == faults.end()) return CKR_OK;
        delay_ms = found->second.delay_ms;
        if (found->second.times > 0) {
            --found->second.times;
            value = found->second.value;
        }
    }
    if (delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds{delay_ms});
    return value;
}

template <class Function>
struct Wrapped;
template <class... Arguments>
struct Wrapped<CK_RV (*)(Arguments...)> {
    template <auto member, const char* name>
    static CK_RV call(Arguments... arguments) {
        const CK_RV value = before(name);
        return value != CKR_OK ? value : (real->*member)(arguments...);
    }
};

#define PORTCULLIS_WRAP(function)                                                        \
    do {                                                                                 \
        static constexpr char name[] = #function;                                        \
        ours.function = Wrapped<CK_##function>::call<&CK_FUNCTION_LIST::function, name>; \
    } while (false)

void wrap_all() {
    ours = *real;
    PORTCULLIS_WRAP(C_Initialize);
    PORTCULLIS_WRAP(C_GetSlotList);
    PORTCULLIS_WRAP(C_OpenSession);
    PORTCULLIS_WRAP(C_Login);
    PORTCULLIS_WRAP(C_FindObjectsInit);
    PORTCULLIS_WRAP(C_FindObjects);
    PORTCULLIS_WRAP(C_GetAttributeValue);
    PORTCULLIS_WRAP(C_EncryptInit);
    PORTCULLIS_WRAP(C_Encrypt);
    PORTCULLIS_WRAP(C_DecryptInit);
    PORTCULLIS_WRAP(C_Decrypt);
    PORTCULLIS_WRAP(C_SignInit);
    PORTCULLIS_WRAP(C_Sign);
    PORTCULLIS_WRAP(C_GenerateRandom);
}

}  // namespace

// An empty name takes all faults back.
extern "C" __attribute__((visibility("default"))) void portcullis_fault_set(const char* function,
                                                                            unsigned long value, int times,
                                                                            int delay_ms) {
    const std::lock_guard lock{mutex};
    if (*function == '\0') {
        faults.clear();
    } else {
        faults[function] = {value, times, delay_ms};
    }
}

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
    static std::once_flag once;
    std::call_once(once, [] {
        void* library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
        const auto get = library != nullptr
                             ? reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"))
                             : nullptr;
        if (get != nullptr && get(&real) == CKR_OK) wrap_all();
    });
    *list = &ours;
    return real != nullptr ? CKR_OK : CKR_GENERAL_ERROR;
}
