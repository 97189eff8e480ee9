#include "gateway/store/files.h"

#include "common/utf8.h"
#include "gateway/api/file_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/files/kinds.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;

constexpr std::size_t filename_max = 255;  // characters that are kept

// The last piece of a path, not longer than is kept; nothing when that is empty.
std::optional<std::string> file_name(std::string_view claimed) {
    const auto slash = claimed.find_last_of("/\\");
    if (slash != claimed.npos) claimed.remove_prefix(slash + 1);
    std::size_t size = 0;
    for (std::size_t characters = 0; size < claimed.size() && characters < filename_max; ++characters)
        size += common::utf8_sequence_size(claimed.substr(size));
    if (size == 0) return std::nullopt;
    return std::string{claimed.substr(0, size)};
}

std::optional<FileLinkChanges> link_data(const Parameters& parameters) {
    const auto wanted = parameters.hash("file_link_data");
    if (!wanted || wanted->boolean("create") != true) return std::nullopt;
    FileLinkChanges link;
    if (const auto until = wanted->integer("expires_at")) link.expires_at.emplace(until);
    link.metadata = wanted->metadata_change();
    return link;
}

// With the newest links to it, ten at most.
Result<object> with_links(Work& work, const File& file) {
    ListQuery query;
    query.equal = {{"file", file.id}};
    const auto links = store::list<FileLink>(work.tx, work.scope(), query);
    if (!links) return Fail{links.error()};
    auto shown = work.show(&file);
    shown["links"] = envelope(work, *links, "/v1/file_links?file=" + file.id);
    return shown;
}

// The plain name for any client, the true one for those that can read it (RFC 6266).
std::string disposition_of(const File& file) {
    auto text = "attachment; filename=\"" + file.id + '.' + file.type + '"';
    if (file.filename) text += "; filename*=UTF-8''" + common::form::percent_encode(*file.filename);
    return text;
}

Task<StoredResponse> opened(files::KeyPort& keys, files::SealedFile sealed, common::Deadline deadline) {
    const auto kind = files::kind_of_name(sealed.file.type);
    const std::string_view type = kind ? files::media_type_of(*kind) : "application/octet-stream";
    StoredResponse response;
    response.media = Media{std::string{type}, disposition_of(sealed.file)};
    const auto content = co_await files::open(keys, std::move(sealed), deadline);
    if (!content) co_return Fail{content.error()};
    response.body = content->view();
    co_return response;
}

}  // namespace

Task<StoredResponse> create_file(Context& context) {
    const auto parameters = context.parameters();
    const auto* purpose = files::find_purpose(parameters.text("purpose").value_or(""));
    if (context.upload == nullptr || purpose == nullptr)
        co_return Fail{Error::invalid(
            "", "file", "Invalid file: send it as a part of a multipart/form-data body, with a file name.")};
    const auto content = context.upload->content;
    const auto kind = files::judge(content, *purpose);
    if (!kind) co_return Fail{kind.error()};
    if (context.call.idempotency.is_given()) {  // what was done already needs no key of the vault
        auto used = co_await context.backend->look(context.call);
        if (!used) co_return Fail{used.error()};
        if (*used) co_return **std::move(used);
    }
    File file;
    file.scope = context.call.scope;
    file.purpose = purpose->name;
    file.type = files::name_of(*kind);
    file.filename = file_name(context.upload->name);
    auto sealed =
        co_await files::seal(context.backend->file_keys(), std::move(file), content, context.call.deadline);
    if (!sealed) co_return Fail{sealed.error()};
    co_return co_await context.change(
        [sealed = *std::move(sealed), link = link_data(parameters)](Work& work) -> Result<object> {
            const auto made = files::create(work, sealed, link);
            if (!made) return Fail{made.error()};
            return with_links(work, *made);
        });
}

Task<StoredResponse> list_files(Context& context) {
    co_return co_await list_of<File>(context, filters_of(context.parameters(), {"purpose"}));
}

Task<StoredResponse> read_file(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        const auto file = store::require<File>(work.tx, work.scope(), context.id);
        if (!file) return Fail{file.error()};
        return with_links(work, *file);
    });
}

Task<StoredResponse> read_file_contents(Context& context) {
    std::optional<files::SealedFile> sealed;
    auto found = co_await context.read([&context, &sealed](Work& work) -> Result<object> {
        auto loaded = files::load(work.tx, work.scope(), context.id);
        if (!loaded) return Fail{loaded.error()};
        sealed = *std::move(loaded);
        return object{};
    });
    if (!found || !sealed) co_return found;
    co_return co_await opened(context.backend->file_keys(), *std::move(sealed), context.call.deadline);
}

Task<StoredResponse> read_linked_file(Backend& backend, common::AccountId owner, std::string link,
                                      const common::http::Request& request) {
    Call call;
    call.scope.account = owner;
    call.request_id = request.request_id;
    call.deadline = request.deadline;
    Account account;
    account.id = owner;
    std::optional<files::SealedFile> sealed;
    auto found = co_await backend.read(call, account, [&link, &sealed](Work& work) -> Result<object> {
        const auto open = files::find_open_link(work, link);
        if (!open) return Fail{no_such("file_link", link, work.scope(), false)};
        auto loaded = files::load(work.tx, open->scope, open->file);
        if (!loaded) return Fail{loaded.error()};
        sealed = *std::move(loaded);
        return object{};
    });
    if (!found || !sealed) co_return found;
    co_return co_await opened(backend.file_keys(), *std::move(sealed), request.deadline);
}

}  // namespace gateway::api
