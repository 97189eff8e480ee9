#include "common/error.h"

#include <cstdio>
#include <cstdlib>

#include "common/assert.h"
#include "common/log.h"
#include "common/process_counters.h"
#include "common/task.h"

namespace common {
namespace {

constexpr std::size_t shown_max = 255;
constexpr std::size_t digits_in_a_row_max = 11;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Replaces runs of digits that are as long as a card number, and card numbers in groups: what a caller typed
// into the wrong parameter comes back in an error, and may be kept with it.
std::string without_digit_runs(std::string text) {
    std::size_t run = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && is_digit(text[i])) {
            ++run;
            continue;
        }
        if (run > digits_in_a_row_max) text.replace(i - run, run, run, '*');
        run = 0;
    }
    process_counters().log_redactions += log::redact(text);
    return text;
}

std::string filled(Text pattern, std::initializer_list<Safe> arguments) {
    std::string out;
    auto next = arguments.begin();
    const auto text = pattern.view();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '{' && i + 1 < text.size() && text[i + 1] == '}' && next != arguments.end()) {
            out += next->text();
            ++next, ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

Safe Safe::id(std::string_view id) {
    std::string text;
    for (const char c : id.substr(0, shown_max))
        text += is_digit(c) || is_letter(c) || c == '_' || c == '-' ? c : '?';
    return Safe{without_digit_runs(std::move(text))};
}

Safe Safe::param(std::string_view name) {
    std::string text;
    for (const char c : name.substr(0, shown_max))
        text += c >= 0x20 && c < 0x7f ? c : '?';
    return Safe{without_digit_runs(std::move(text))};
}

Safe Safe::number(std::int64_t value) {
    return Safe{std::to_string(value)};
}

Error::Error(int status, ErrorType type, Text code, Text message, std::initializer_list<Safe> arguments)
    : status_{static_cast<std::int16_t>(status)},
      type_{type},
      code_{code.view()},
      message_{filled(message, arguments)} {}

Error Error::internal(Text what, std::initializer_list<Safe> arguments) {
    Error error{500, ErrorType::api, "",
                "Something went wrong on our side. Send the request again with the same idempotency key to "
                "learn its outcome."};
    error.log_detail_ = filled(what, arguments);
    return error;
}

Error Error::unavailable(Text what, Cause cause, std::initializer_list<Safe> arguments) {
    Error error{503, ErrorType::api, "",
                "The service cannot answer right now. Send the request again with the same idempotency key."};
    error.log_detail_ = filled(what, arguments);
    error.cause_ = cause;
    error.should_retry_ = true;
    return error;
}

Error Error::invalid(Text code, std::string_view param, Text message, std::initializer_list<Safe> arguments) {
    Error error{400, ErrorType::invalid_request, code, message, arguments};
    error.param_ = Safe::param(param).text();
    return error;
}

Error&& Error::with_cause(Cause cause) && {
    cause_ = cause;
    return std::move(*this);
}

Error&& Error::with_param(std::string_view name) && {
    param_ = Safe::param(name).text();
    return std::move(*this);
}

Error&& Error::with_retry(bool should_retry) && {
    should_retry_ = should_retry;
    return std::move(*this);
}

Error&& Error::with_field(Text key, boost::json::value value) && {
    auto fields =
        fields_ ? std::make_shared<boost::json::object>(*fields_) : std::make_shared<boost::json::object>();
    fields->insert_or_assign(key.view(), std::move(value));
    fields_ = std::move(fields);
    return std::move(*this);
}

boost::json::object Error::to_json() const {
    boost::json::object body{{"type", to_string(type_)}, {"message", message_}};
    if (!code_.empty()) body["code"] = code_;
    if (!param_.empty()) body["param"] = param_;
    if (fields_)
        for (const auto& field : *fields_)
            body[field.key()] = field.value();
    return boost::json::object{{"error", std::move(body)}};
}

std::string Error::describe() const {
    std::string text = std::to_string(status_) + ' ' + std::string{to_string(type_)};
    if (!code_.empty()) text += ' ' + std::string{code_};
    text += ": " + message_;
    if (!log_detail_.empty()) text += " (" + log_detail_ + ')';
    return text;
}

std::string_view to_string(ErrorType type) {
    switch (type) {
        case ErrorType::invalid_request:
            return "invalid_request_error";
        case ErrorType::card:
            return "card_error";
        case ErrorType::idempotency:
            return "idempotency_error";
        case ErrorType::api:
            return "api_error";
    }
    std::abort();
}

void assert_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "assertion failed: %s at %s:%d\n", condition, file, line);
    std::abort();
}

std::chrono::milliseconds Deadline::left() const {
    if (at_ == Steady::time_point::max()) return std::chrono::hours{24};
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(at_ - Steady::now());
    return rest.count() > 0 ? rest : std::chrono::milliseconds{0};
}

}  // namespace common
