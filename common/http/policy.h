// Which request heads are let in. Stricter than RFC 9112: whatever two HTTP implementations could read
// differently is refused, so that a proxy in front cannot be made to see other message boundaries than this
// server.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/error.h"
#include "common/http/message.h"

namespace common::http {

// Why a request was refused; all of them end the connection.
struct Reject {
    int status;
    std::string_view reason;  // label of http_rejected_total
    Text message;
};

namespace reject {
inline constexpr Reject malformed{400, "malformed", "The request is not valid HTTP/1.1."};
inline constexpr Reject line_end{
    400, "line_end", "Lines of the request head must end in CR LF, and it must not begin with an empty one."};
inline constexpr Reject folded{400, "folded", "A header field must not span lines."};
inline constexpr Reject field{400, "field", "A header field is malformed."};
inline constexpr Reject duplicate_field{400, "duplicate_field",
                                        "A header field that may be given once was given twice."};
inline constexpr Reject target{400, "target", "The request target must be a path in printable ASCII."};
inline constexpr Reject host{400, "host", "The request needs exactly one valid Host field."};
inline constexpr Reject content_length{400, "content_length", "The Content-Length is not one plain number."};
inline constexpr Reject ambiguous_length{400, "ambiguous_length",
                                         "Content-Length and Transfer-Encoding must not be given together."};
inline constexpr Reject chunked_in_1_0{400, "chunked_in_1_0", "HTTP/1.0 has no chunked bodies."};
inline constexpr Reject chunk{400, "chunk", "The chunked body is malformed."};
inline constexpr Reject trailer{400, "trailer", "Trailer fields are not accepted."};
inline constexpr Reject body_unexpected{400, "body_unexpected",
                                        "A request with this method must not have a body."};
inline constexpr Reject upgrade{400, "upgrade", "This server does not switch protocols."};
inline constexpr Reject timeout{408, "timeout", "The request did not arrive in time."};
inline constexpr Reject body_too_large{413, "body_too_large", "The request body is too large."};
inline constexpr Reject line_too_long{414, "line_too_long", "The request line is too long."};
inline constexpr Reject expectation{417, "expectation",
                                    "The only expectation this server meets is 100-continue."};
inline constexpr Reject header_too_large{431, "header_too_large",
                                         "The request has too many or too long header fields."};
inline constexpr Reject large_bodies{503, "large_bodies",
                                     "Too many large bodies are being received at once."};
inline constexpr Reject transfer_encoding{501, "transfer_encoding", "The only transfer encoding is chunked."};
inline constexpr Reject method{501, "method", "This server does not know the request's method."};
inline constexpr Reject version{505, "version", "This server speaks HTTP/1.1."};
}  // namespace reject

Error error_of(const Reject& why);

struct HeadLimits {
    std::size_t request_line_max;  // bytes without the line end
    std::size_t header_bytes_max;  // bytes of all fields with their line ends
    std::size_t fields_max;
};

struct RequestLine {
    std::string_view method, target;
    int version = 11;  // 10 or 11
};

// How the body is framed and the connection goes on.
struct Framing {
    bool chunked = false;
    std::uint64_t length = 0;  // when not chunked
    bool keep_alive = true;
    bool expects_continue = false;
};

// Finds the end of the head and checks every line of it as it completes.
class HeadScanner {
  public:
    enum class State : std::uint8_t { need_more, complete, refused };
    // `bytes` begins where the head begins and grows from call to call.
    State scan(std::string_view bytes, const HeadLimits& limits);
    std::size_t head_size() const { return scanned_; }  // with the empty line, once complete
    const Reject* why() const { return why_; }

  private:
    State refuse(const Reject& why);
    const Reject* take_line(std::string_view line, const HeadLimits& limits);
    std::size_t scanned_ = 0;  // start of the present line
    std::size_t looked_ = 0;   // no line feed before this place
    std::size_t lines_ = 0;
    std::size_t fields_begin_ = 0;
    const Reject* why_ = nullptr;
};

Method method_of(std::string_view name);  // Method::other for unknown ones; names are case-sensitive
// nullptr when the head may pass, with `framing` filled.
const Reject* check_head(const RequestLine& line, const Headers& headers, Framing& framing);

}  // namespace common::http
