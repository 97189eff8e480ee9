// Messages to bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http/buffer.h"
#include "common/http/client.h"
#include "common/http/message.h"

namespace common::http {

struct AnswerFrame {
    std::string_view request_id;
    const std::vector<std::pair<std::string, std::string>>& fixed_headers;
    bool keep_alive;
    bool to_head_request;  // no body, though its length is told
};

// Head and body, so that an answer is one write. Line ends inside field values become spaces.
void append_response(WipedBytes& out, const Response& response, const AnswerFrame& frame);
// The head of an answer whose length is not known yet, and the parts that follow it; an empty one is the
// last.
void append_stream_head(WipedBytes& out, std::string_view content_type, const AnswerFrame& frame);
void append_chunk(WipedBytes& out, std::string_view part);
void append_request(WipedBytes& out, const ClientRequest& request, std::string_view host_field);
void append(WipedBytes& out, std::string_view text);

}  // namespace common::http
