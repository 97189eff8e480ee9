// A line of a checkpoint file is refused, or read, and then its text reads as the same checkpoint again.
#include <cstdlib>

#include "vault/audit/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto read = vault::audit::checkpoint_of_line({reinterpret_cast<const char*>(data), size});
    if (!read) return 0;
    auto line = to_line(*read);
    if (line.find('\n') != line.size() - 1) std::abort();
    line.pop_back();
    const auto again = vault::audit::checkpoint_of_line(line);
    if (!again || *again != *read) std::abort();
    return 0;
}
