// HTTP/1.1 messages from bytes, without sockets. Boost.Beast parses; what it lets through is narrowed by
// policy.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/http/message.h"
#include "common/http/policy.h"

namespace common::http {

enum class Parsed : std::uint8_t { need_more, complete, refused };

// One request: first `head` until complete, then `begin_body`, then `body` until complete.
class RequestParser {
  public:
    explicit RequestParser(HeadLimits limits);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    // Forgets the last request; the next one goes into `request`, which must outlive its parsing.
    void start(Request& request);
    // `bytes` is everything of this request that has arrived, and grows; nothing is consumed before the head
    // is whole.
    Parsed head(std::string_view bytes);
    // `bytes` is what has not been consumed yet.
    void begin_body(std::size_t body_max);
    Parsed body(std::string_view bytes);
    std::size_t consumed() const { return consumed_; }  // by the last call
    const Reject& why() const { return *why_; }         // after `refused`
    const Framing& framing() const { return framing_; }

  private:
    struct Impl;
    Parsed refuse(const Reject& why);
    std::unique_ptr<Impl> impl_;
    HeadLimits limits_;
    HeadScanner scanner_;
    Framing framing_;
    std::size_t consumed_ = 0;
    const Reject* why_ = nullptr;
};

// One answer on the client's side. Interim answers (1xx) are passed over.
class ResponseParser {
  public:
    explicit ResponseParser(std::size_t body_max);
    ~ResponseParser();
    ResponseParser(const ResponseParser&) = delete;
    ResponseParser& operator=(const ResponseParser&) = delete;

    void start(Response& response, bool to_head_request);
    Parsed feed(std::string_view bytes);  // refused: malformed or larger than body_max
    Parsed end_of_stream();
    std::size_t consumed() const { return consumed_; }
    bool too_large() const;
    bool has_head()
        const;  // of the final answer: its status and fields are there, whatever becomes of the body
    bool keep_alive() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::size_t body_max_;
    std::size_t consumed_ = 0;
};

}  // namespace common::http
