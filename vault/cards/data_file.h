// The vault's JSON data files: read whole, with a bound, and parsed strictly.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/result.h"

namespace vault::cards {

common::Result<std::string> read_data_file(const std::string& path);    // at most 4 MiB
common::Result<boost::json::object> parse_data(std::string_view text);  // an object; 500 otherwise

}  // namespace vault::cards
