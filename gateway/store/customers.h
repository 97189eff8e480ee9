#pragma once

#include "gateway/customers/customer.h"
#include "gateway/search/fields.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<Customer> {
    static constexpr common::Text kind = "customer";
    static constexpr const char* table = "customers";
    static constexpr std::array columns{"email", "deleted"};
    static constexpr auto resource = search::Resource::customers;
};

}  // namespace gateway::store
