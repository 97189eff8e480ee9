#include "gateway/api/renderer.h"
#include "gateway/files/file.h"

namespace gateway::api {

boost::json::object render_file(const File& file, const Style& style) {
    return {{"id", file.id},
            {"object", "file"},
            {"created", file.created},
            {"expires_at", nullptr},
            {"filename", text_or_null(file.filename)},
            {"purpose", file.purpose},
            {"size", file.size},
            {"title", nullptr},
            {"type", file.type},
            {"url", style.files->of_contents(file.id)}};
}

// What has expired has no address any more.
boost::json::object render_file_link(const FileLink& link, const Style& style) {
    const bool expired = link.expired(style.now);
    const auto url = expired ? std::nullopt : std::optional{style.files->of_link(link.id)};
    const bool expires = link.expires_at != FileLink::never;
    return {{"id", link.id},
            {"object", "file_link"},
            {"created", link.created},
            {"expired", expired},
            {"expires_at", expires ? boost::json::value(link.expires_at) : boost::json::value(nullptr)},
            {"file", link.file},
            {"livemode", link.scope.livemode},
            {"metadata", link.metadata},
            {"url", text_or_null(url)}};
}

}  // namespace gateway::api
