// Assertions are about us, never about input; they are always on and print no values.
#pragma once

namespace common {
[[noreturn]] void assert_failed(const char* condition, const char* file, int line) noexcept;
}

#define PORTCULLIS_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::common::assert_failed(#condition, __FILE__, __LINE__))
