#include "common/failpoint.h"

#include <csignal>
#include <cstdlib>
#include <string>

namespace common {

#ifdef PORTCULLIS_FAILPOINTS

void failpoint(std::string_view act, std::string_view moment) {
    static const char* const wanted = std::getenv("FAILPOINT");
    if (wanted == nullptr || std::string{act}.append(".").append(moment) != wanted) return;
    std::raise(SIGKILL);
}

#else

void failpoint(std::string_view, std::string_view) {}

#endif

}  // namespace common
