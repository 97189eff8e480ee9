#include "vault/relay/numbers.h"

#include <algorithm>

#include "vault/store/exchange_store.h"

namespace vault::relay {

NumberRange NumberRange::of_block(std::int64_t block) {
    constexpr std::int64_t blocks = (number_max + 1) / numbers_a_block;
    const std::int64_t first = (block % blocks) * numbers_a_block;
    return {std::max<std::int64_t>(first, 1), first + numbers_a_block};
}

common::Task<std::string> Numbers::next(common::Deadline deadline) {
    if (range_.first == range_.past) {
        const auto block = co_await store_.next_block("stan", deadline);
        if (!block) co_return common::Fail{block.error()};
        // Whoever waited as well has brought a block of its own; the last one is used, the rest skipped.
        range_ = NumberRange::of_block(*block);
    }
    std::string digits = std::to_string(range_.first++);
    digits.insert(0, 6 - digits.size(), '0');
    co_return digits;
}

}  // namespace vault::relay
