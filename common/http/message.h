// HTTP requests and answers without Beast, as handlers and callers see them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/secret.h"
#include "common/task.h"

namespace common::http {

enum class Method : std::uint8_t { get, post, del, options, head, put, patch, other };
std::string_view to_string(Method method);  // "GET", "DELETE" …

class Headers {
  public:
    // First value of a field, by case-insensitive name; "" when absent.
    std::string_view find(std::string_view name) const;
    bool has(std::string_view name) const;
    void set(std::string_view name, std::string_view value);  // replaces
    void add(std::string_view name, std::string_view value);
    const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
    Method method = Method::get;
    std::string path;   // as sent, still percent-encoded, without the query
    std::string query;  // behind '?', still encoded
    Headers headers;    // from the header block only; trailer fields never get here
    SecretText body;
    std::string request_id;     // "req_" + 18 base62, made by the server for each request
    std::string peer_address;   // textual IP address
    std::string peer_identity;  // URI SAN of the verified client certificate; "" without one
    Deadline deadline;          // of the whole request
};

struct Response {
    int status = 200;
    Headers headers;
    std::string content_type = "application/json; charset=utf-8";
    std::string body;
    bool close = false;  // end the connection after this answer
};

// The body of a request, read bit by bit, and an answer that is written while it is still being read. Whoever
// sends such a body must read the answer meanwhile.
class BodyStream {
  public:
    virtual ~BodyStream() = default;
    // Appends what came; false: that was all, and it was whole. An error: the caller is gone, too slow, or
    // sent what is no body.
    virtual Task<bool> read(SecretText& into) = 0;
    // Whether the server wants to end, and the handler should, soon and in good order.
    virtual bool stopping() const = 0;
    // The first part begins the answer: 200 and this type. An error: the caller is gone or does not read.
    virtual Task<bool> write(std::string_view part) = 0;
};

Response json_response(int status, std::string body);
// Status, JSON body and Stripe-Should-Retry of an error.
Response error_response(const Error& error);

}  // namespace common::http
