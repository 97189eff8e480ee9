// A PKCS#11 module that forwards to another, and on demand fails, dawdles or answers wrong:
// `portcullis_fault_set`, `portcullis_fault_spoil`. It counts the calls: `portcullis_fault_count`.
#include <chrono>
#include <cstring>
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
    int spoil = 0;  // how the answer is made wrong, as FaultModule::Spoil
    int spoil_times = 0;
};

std::mutex mutex;
std::map<std::string, Fault> faults;
std::map<std::string, long> counts;
CK_FUNCTION_LIST* real = nullptr;
CK_FUNCTION_LIST ours;

// The value to give in place of the call; CKR_OK = go on.
CK_RV before(const char* function) {
    int delay_ms = 0;
    CK_RV value = CKR_OK;
    {
        const std::lock_guard lock{mutex};
        ++counts[function];
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

int spoil_next(const char* function) {
    const std::lock_guard lock{mutex};
    const auto found = faults.find(function);
    if (found == faults.end() || found->second.spoil_times <= 0) return 0;
    --found->second.spoil_times;
    return found->second.spoil;
}

void spoil_size(CK_ULONG& size, int how) {
    if (how == 1 && size > 0) --size;
    if (how == 2) ++size;
    if (how == 3) size = 1UL << 40;
}
void spoil_bytes(CK_BYTE* bytes, CK_ULONG size, int how) {
    if (bytes == nullptr) return;
    if (how == 4 && size > 0) bytes[0] ^= 1;
    if (how == 5) std::memset(bytes, 0, size);
}

// What a function answers, made wrong; most have nothing to spoil.
template <class... Arguments>
void spoil(int, Arguments...) {}
void spoil(int how, CK_SESSION_HANDLE, CK_BYTE* /*in*/, CK_ULONG, CK_BYTE* out, CK_ULONG* size) {
    spoil_bytes(out, *size, how);
    spoil_size(*size, how);
}
void spoil(int how, CK_SESSION_HANDLE, CK_BYTE* random, CK_ULONG size) {
    spoil_bytes(random, size, how);
}
void spoil(int how, CK_SESSION_HANDLE, CK_OBJECT_HANDLE* objects, CK_ULONG, CK_ULONG* count) {
    if (how == 4 && *count > 0) objects[0] += 100'000;
    spoil_size(*count, how);
}
void spoil(int how, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE* asked, CK_ULONG) {
    spoil_bytes(static_cast<CK_BYTE*>(asked->pValue), asked->ulValueLen, how);
    spoil_size(asked->ulValueLen, how);
}
void spoil(int how, CK_BBOOL, CK_SLOT_ID*, CK_ULONG* count) {
    spoil_size(*count, how);
}

template <class Function>
struct Wrapped;
template <class... Arguments>
struct Wrapped<CK_RV (*)(Arguments...)> {
    template <auto member, const char* name>
    static CK_RV call(Arguments... arguments) {
        CK_RV value = before(name);
        if (value != CKR_OK) return value;
        value = (real->*member)(arguments...);
        if (const int how = spoil_next(name); how != 0 && value == CKR_OK) spoil(how, arguments...);
        return value;
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
    PORTCULLIS_WRAP(C_Finalize);
    PORTCULLIS_WRAP(C_GetSlotList);
    PORTCULLIS_WRAP(C_GetTokenInfo);
    PORTCULLIS_WRAP(C_OpenSession);
    PORTCULLIS_WRAP(C_CloseSession);
    PORTCULLIS_WRAP(C_GetSessionInfo);
    PORTCULLIS_WRAP(C_Login);
    PORTCULLIS_WRAP(C_FindObjectsInit);
    PORTCULLIS_WRAP(C_FindObjects);
    PORTCULLIS_WRAP(C_FindObjectsFinal);
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

#define PORTCULLIS_EXPORT extern "C" __attribute__((visibility("default")))

// An empty name takes all faults back and sets the counts to nought.
PORTCULLIS_EXPORT void portcullis_fault_set(const char* function, unsigned long value, int times,
                                            int delay_ms) {
    const std::lock_guard lock{mutex};
    if (*function == '\0') {
        faults.clear();
        counts.clear();
        return;
    }
    auto& fault = faults[function];
    fault.value = value;
    fault.times = times;
    fault.delay_ms = delay_ms;
}

PORTCULLIS_EXPORT void portcullis_fault_spoil(const char* function, int how, int times) {
    const std::lock_guard lock{mutex};
    faults[function].spoil = how;
    faults[function].spoil_times = times;
}

PORTCULLIS_EXPORT long portcullis_fault_count(const char* function) {
    const std::lock_guard lock{mutex};
    return counts[function];
}

// Which module it forwards to, from the next C_GetFunctionList on.
PORTCULLIS_EXPORT int portcullis_fault_target(const char* path) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const auto get = library != nullptr
                         ? reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"))
                         : nullptr;
    if (get == nullptr || get(&real) != CKR_OK) return 0;
    wrap_all();
    return 1;
}

PORTCULLIS_EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
    *list = &ours;
    return real != nullptr ? CKR_OK : CKR_GENERAL_ERROR;
}
