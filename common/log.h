// Logs: one JSON object a line on standard error, {"time", "level", "process", "event", "request"?, …fields}.
// Values are Safe or numbers, so card data cannot be passed in; the sink still looks for card numbers as a
// last line of defence, masks what it finds and counts it (metric log_redactions_total).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/error.h"

namespace common::log {

enum class Level : std::uint8_t { debug, info, warning, error };
// Written {"name", Safe::id(…)}: an aggregate, since a pair cannot take a literal for Text.
struct Field {
    Text name;
    Safe value;
};

// Called once in main; `process` as in "gateway". `level` is one of debug, info, warning, error.
void open(std::string_view process, std::string_view level);
void write(Level level, Text event, std::initializer_list<Field> fields = {},
           std::string_view request_id = {});

inline void debug(Text event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(Text event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(Text event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(Text event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}
// An Error with its detail for the log.
void failure(Text event, const Error& error, std::string_view request_id = {});
void flush();

// The redactor by itself: runs of 13–19 digits (bare, or in groups split by single spaces or dashes) that
// pass Luhn and start like a card number keep their last four digits. Returns how many were masked.
std::size_t redact(std::string& line);

}  // namespace common::log
