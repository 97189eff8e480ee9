#include "common/log.h"

#include <atomic>
#include <chrono>
#include <ctime>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "common/process_counters.h"

namespace common::log {
namespace {

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    std::abort();
}

std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    std::abort();
}

// The line is complete when it gets here; spdlog serialises the writes.
struct Logger {
    std::string process = "portcullis";
    spdlog::logger out{"portcullis", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    Logger() {
        out.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
        out.set_level(spdlog::level::info);
        out.flush_on(spdlog::level::debug);
    }
};

Logger& logger() {
    static Logger one;
    return one;
}

void append_escaped(std::string& line, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (byte < 0x20 || byte >= 0x7f) {
            line += "\\u00";
            line += hex[byte >> 4];
            line += hex[byte & 15U];
        } else {
            line += c;
        }
    }
}

void append_member(std::string& line, std::string_view name, std::string_view value) {
    line += line.empty() ? "{\"" : ",\"";
    append_escaped(line, name);
    line += "\":\"";
    append_escaped(line, value);
    line += '"';
}

// RFC 3339, UTC, milliseconds.
std::string time_now() {
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
}

std::string line_start(Level level, Text event, std::string_view request_id) {
    std::string line;
    line.reserve(256);
    append_member(line, "time", time_now());
    append_member(line, "level", name_of(level));
    append_member(line, "process", logger().process);
    append_member(line, "event", event.view());
    if (!request_id.empty()) append_member(line, "request", Safe::id(request_id).text());
    return line;
}

void emit(Level level, std::string line) {
    line += '}';
    process_counters().log_redactions += redact(line);
    logger().out.log(level_of(level), spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace

void open(std::string_view process, std::string_view level) {
    auto& to = logger();
    to.process = process;
    to.out.set_level(level == "debug"     ? spdlog::level::debug
                     : level == "warning" ? spdlog::level::warn
                     : level == "error"   ? spdlog::level::err
                                          : spdlog::level::info);
}

void write(Level level, Text event, std::initializer_list<Field> fields, std::string_view request_id) {
    if (!logger().out.should_log(level_of(level))) return;
    auto line = line_start(level, event, request_id);
    for (const auto& [name, value] : fields)
        append_member(line, name.view(), value.text());
    emit(level, std::move(line));
}

void failure(Text event, const Error& error, std::string_view request_id) {
    const auto level = error.status() >= 500 ? Level::error : Level::warning;
    if (!logger().out.should_log(level_of(level))) return;
    auto line = line_start(level, event, request_id);
    append_member(line, "status", std::to_string(error.status()));
    append_member(line, "type", to_string(error.type()));
    if (!error.code().empty()) append_member(line, "code", error.code());
    if (!error.param().empty()) append_member(line, "param", error.param());
    append_member(line, "message", error.message());
    if (!error.log_detail().empty()) append_member(line, "detail", error.log_detail());
    emit(level, std::move(line));
}

void flush() {
    logger().out.flush();
}

}  // namespace common::log
