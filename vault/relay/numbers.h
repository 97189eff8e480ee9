// System trace audit numbers (ISO 8583 field 11): 000001–899999, from blocks of 1000 that the database hands
// out, so that a restart skips numbers and never repeats one.
#pragma once

#include <string>

#include "common/task.h"

namespace vault::store {
class ExchangeStore;
}

namespace vault::relay {

inline constexpr std::int64_t numbers_a_block = 1000;
inline constexpr std::int64_t number_max = 899'999;

// [first, past) of a block; blocks begin anew after the 900th.
struct NumberRange {
    std::int64_t first = 0, past = 0;
    static NumberRange of_block(std::int64_t block);
};

// On one executor.
class Numbers {
  public:
    explicit Numbers(store::ExchangeStore& store) : store_{store} {}
    // Six digits. 503 when a new block is needed and the database does not give one.
    common::Task<std::string> next(common::Deadline deadline);

  private:
    store::ExchangeStore& store_;
    NumberRange range_;
};

}  // namespace vault::relay
