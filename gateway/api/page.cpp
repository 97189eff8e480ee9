#include "gateway/api/page.h"

namespace gateway::api {

common::http::Response html_page(int status, std::string_view title, std::string_view content) {
    common::http::Response response;
    response.status = status;
    response.content_type = "text/html; charset=utf-8";
    response.body.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>")
        .append(title)
        .append("</title>\n</head>\n<body>\n<h1>")
        .append(title)
        .append("</h1>\n")
        .append(content)
        .append("</body>\n</html>\n");
    return response;
}

}  // namespace gateway::api
