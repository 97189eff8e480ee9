#pragma once

#include "gateway/reviews/review.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<Review> {
    static constexpr common::Text kind = "review";
    static constexpr const char* table = "reviews";
    static constexpr std::array columns{"open"};
};

}  // namespace gateway::store
