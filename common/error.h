// The one error type. Its text is a literal plus arguments that were made safe to show, so an error can be
// logged and sent to a caller without a second thought: no free text, and so no card number, gets into it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace common {

// A string literal; anything made at run time does not compile.
class Text {
  public:
    consteval Text(const char* literal)
        : text_{literal} {}  // NOLINT(google-explicit-constructor): literals only
    constexpr std::string_view view() const { return text_; }

  private:
    std::string_view text_;
};

// An argument of an error or log line. Each maker cuts its input down to what cannot carry card data: at most
// 255 characters, printable ASCII, and no run of twelve or more digits.
class Safe {
  public:
    static Safe id(std::string_view id);  // object ids: letters, digits, '_' and '-'; the rest becomes '?'
    static Safe param(std::string_view name);  // parameter names, methods, paths
    static Safe number(std::int64_t value);    // amounts, counts
    static Safe word(Text text) { return Safe{std::string{text.view()}}; }
    const std::string& text() const { return text_; }

  private:
    explicit Safe(std::string text) : text_{std::move(text)} {}
    std::string text_;
};

// `type` of the API's error object.
enum class ErrorType : std::uint8_t { invalid_request, card, idempotency, api };

// What code branches on; callers over the network see status, type and code instead.
enum class Cause : std::uint8_t {
    none,
    not_found,          // no such row, object, key
    conflict,           // the state or row is not what the caller assumed; a duplicate
    lock_timeout,       // another request holds the row
    unavailable,        // database, HSM, vault or acquirer cannot be used; nothing was changed
    outcome_unknown,    // a commit or exchange may or may not have happened
    deadline_exceeded,  // ran out of time before anything was changed
    overloaded,         // a bounded queue is full
    integrity,          // stored data failed authentication
};

class [[nodiscard]] Error {
  public:
    // `message` may hold "{}" once per argument. `code` "" = no code in the API's object.
    Error(int status, ErrorType type, Text code, Text message, std::initializer_list<Safe> arguments = {});

    // 500 api_error. `what` goes to the log only; the caller is told nothing but that it was our fault.
    static Error internal(Text what, std::initializer_list<Safe> arguments = {});
    // 503 api_error with Stripe-Should-Retry: true. `what` goes to the log only.
    static Error unavailable(Text what, Cause cause = Cause::unavailable,
                             std::initializer_list<Safe> arguments = {});
    // 400 invalid_request_error.
    static Error invalid(Text code, std::string_view param, Text message,
                         std::initializer_list<Safe> arguments = {});

    Error&& with_cause(Cause cause) &&;
    Error&& with_param(std::string_view name) &&;               // bracketed name of the parameter at fault
    Error&& with_retry(bool should_retry) &&;                   // Stripe-Should-Retry
    Error&& with_field(Text key, boost::json::value value) &&;  // decline_code, charge, payment_intent …

    int status() const { return status_; }
    ErrorType type() const { return type_; }
    std::string_view code() const { return code_; }
    const std::string& message() const { return message_; }        // for the caller
    const std::string& log_detail() const { return log_detail_; }  // for the log; never sent
    const std::string& param() const { return param_; }
    Cause cause() const { return cause_; }
    std::optional<bool> should_retry() const { return should_retry_; }

    // {"error": {"type", "message", "code"?, "param"?, …fields}}; absent rather than null.
    boost::json::object to_json() const;
    // "status type code: message (detail)" for logs.
    std::string describe() const;

  private:
    std::int16_t status_;
    ErrorType type_;
    Cause cause_ = Cause::none;
    std::optional<bool> should_retry_;
    std::string_view code_;
    std::string message_;
    std::string log_detail_;
    std::string param_;
    std::shared_ptr<boost::json::object> fields_;
};

std::string_view to_string(
    ErrorType type);  // "invalid_request_error", "card_error", "idempotency_error", "api_error"

}  // namespace common
