// What a later request changes of a payment: values that are given replace, empty ones remove, and what is
// not named stays.
#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "common/result.h"

namespace gateway {

// Nothing = not given; given without a value = to be removed.
template <class T>
using Change = std::optional<std::optional<T>>;

template <class T>
void put_change(std::optional<T>& field, const Change<T>& change) {
    if (change) field = *change;
}

inline constexpr std::size_t metadata_keys_max = 50;

// Hash by hash: a null removes its key. Lists are replaced as a whole.
void merge(boost::json::object& into, const boost::json::object& changes);

// `present` with the changes; all of it goes when the change has no value. 400 when more than
// metadata_keys_max keys would be left.
common::Result<boost::json::object> merged_metadata(boost::json::object present,
                                                    const Change<boost::json::object>& change);
// The same in place; what it refuses it leaves as it was.
common::Status put_metadata(boost::json::object& metadata, const Change<boost::json::object>& change);

}  // namespace gateway
