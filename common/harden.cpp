#include <csignal>

#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/runtime.h"

namespace common {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PORTCULLIS_SANITIZED 1
#endif
#endif
#ifdef PORTCULLIS_SANITIZED
constexpr bool sanitized = true;  // LeakSanitizer attaches to its own process, which needs it dumpable
#else
constexpr bool sanitized = false;
#endif

void raise_lock_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_MEMLOCK, &limit);  // failing shows up when the heap is locked
}

Status open_secure_heap(std::size_t size) {
    constexpr std::size_t smallest_block = 32;
    constexpr int made_and_locked = 1;
    if (CRYPTO_secure_malloc_initialized() == 1) return {};
    raise_lock_limit();
    const int made = CRYPTO_secure_malloc_init(size, smallest_block);
    if (made == made_and_locked) return {};
    return Fail{
        Error::internal("the secure heap of {} bytes cannot be locked into memory; raise RLIMIT_MEMLOCK",
                        {Safe::number(static_cast<std::int64_t>(size))})};
}

}  // namespace

Status harden_process(std::size_t secure_heap_bytes) {
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return Fail{Error::internal("core files cannot be turned off")};
    if (!sanitized && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return Fail{Error::internal("the process cannot be made undumpable")};
    umask(S_IRWXG | S_IRWXO);
    if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return Fail{Error::internal("SIGPIPE cannot be ignored")};
    return open_secure_heap(secure_heap_bytes);
}

}  // namespace common
