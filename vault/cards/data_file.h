// The vault's JSON data files: read whole, with a bound, and parsed strictly.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/result.h"

namespace vault::cards {

common::Result<std::string> read_data_file(const std::string& path, std::size_t bytes_max = 4 << 20);
// An object; 500 otherwise, with the line in the log's detail.
common::Result<boost::json::object> parse_data(std::string_view text);
// The line, from 1, on which the n-th entry (from 1) of the array begins that is the one member of the
// top-level object; `text` has been parsed.
std::size_t line_of_entry(std::string_view text, std::size_t n);

}  // namespace vault::cards
