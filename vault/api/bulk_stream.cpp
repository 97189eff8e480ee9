#include "vault/api/bulk_stream.h"

#include "common/base62.h"
#include "common/json.h"
#include "vault/api/translate.h"

namespace vault::api {
namespace {

namespace json = boost::json;
using cards::bulk_lines_max;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;

constexpr std::size_t name_size_max = 64;
constexpr std::int64_t lines_max = 1'000'000'000'000;
constexpr std::size_t chunks_under_way_max = 2;  // one is stored while the next one arrives
constexpr std::chrono::seconds chunk_time_max{20};

bool is_bulk_name(std::string_view name) {
    return !name.empty() && name.size() <= name_size_max && std::ranges::all_of(name, [](char c) {
        return c == '_' || c == '-' || common::base62::value_of(c) >= 0;
    });
}

cards::Line line_of(std::string_view text) {
    auto parsed = common::json::parse(text, common::json::wiping_storage());
    if (!parsed) return Fail{parsed.error()};
    if (!parsed->is_object())
        return Fail{Error{400, ErrorType::invalid_request, "", "Each line must be a JSON object."}};
    auto card = wire::bulk_line(parsed->get_object());
    if (!card) return Fail{card.error()};
    return input_of(std::move(*card));
}

std::string rendered(std::int64_t number, const cards::LineResult& result) {
    json::object object{{"line", number}};
    if (result)
        object["card"] = wire::to_json(card_of(*result));
    else
        object["error"] = result.error().to_json().at("error");
    return json::serialize(object) + '\n';
}

}  // namespace

common::Status BulkStream::check() const {
    if (!is_bulk_name(scope_.name))
        return Fail{Error::invalid("parameter_invalid", "name",
                                   "A bulk's name has 1 to 64 letters, digits, '_' and '-'.")};
    if (next_line_ > lines_max || (next_line_ - 1) % static_cast<std::int64_t>(bulk_lines_max) != 0)
        return Fail{Error::invalid("parameter_invalid", "first_line",
                                   "first_line must be 1 more than a multiple of {}: lines are stored in "
                                   "chunks of so many.",
                                   {Safe::number(bulk_lines_max)})};
    return {};
}

Task<bool> BulkStream::run() {
    executor_ = co_await boost::asio::this_coro::executor;
    auto done = co_await take_all();
    under_way_.clear();  // goes on by itself
    co_return done;
}

Task<bool> BulkStream::take_all() {
    for (bool more = true; more;) {
        const auto came = co_await stream_.read(buffer_);
        if (!came) {
            co_await finish_all();  // a caller who is only too slow still learns what became of his lines
            co_return Fail{came.error()};
        }
        more = *came;
        if (more && stream_.stopping()) {
            const auto finished = co_await finish_all();
            if (!finished || !*finished) co_return finished;
            co_return co_await give_up(next_line_, Error::unavailable("the vault is stopping"));
        }
        for (bool full = true; full;) {
            const auto taken = take_lines(!more);
            if (!taken) {
                const auto finished = co_await finish_all();
                if (!finished || !*finished) co_return finished;
                co_return co_await give_up(next_line_, taken.error());
            }
            full = *taken;
            if (full || (!more && !chunk_.empty())) begin_chunk();
            while (under_way_.size() > (more ? chunks_under_way_max - 1 : 0)) {
                auto finished = co_await finish_oldest();
                if (!finished || !*finished) co_return finished;
            }
        }
    }
    const json::object summary{{"done", true}, {"stored", stored_}, {"refused", refused_}};
    co_return co_await stream_.write(json::serialize(summary) + '\n');
}

// True: a chunk is full.
Result<bool> BulkStream::take_lines(bool ended) {
    const auto text = buffer_.view();
    std::size_t at = 0;
    while (chunk_.size() < bulk_lines_max && at < text.size()) {
        auto end = text.find('\n', at);
        if (end == text.npos && !ended && text.size() - at <= line_bytes_max) break;
        if (end == text.npos) end = text.size();
        if (end - at > line_bytes_max)
            return Fail{Error::invalid(
                "parameter_invalid", "line", "Line {} is longer than {} bytes.",
                {Safe::number(next_line_ + std::ssize(chunk_)), Safe::number(line_bytes_max)})};
        chunk_.push_back(line_of(text.substr(at, end - at)));
        at = std::min(end + 1, text.size());
    }
    common::SecretText rest{text.substr(at)};
    buffer_ = std::move(rest);
    return chunk_.size() == bulk_lines_max;
}

void BulkStream::begin_chunk() {
    const auto size = chunk_.size();
    cards::BulkLines lines{next_line_, std::exchange(chunk_, {})};
    under_way_.push_back({next_line_,
                          size,
                          {executor_, vault_.store(scope_, std::move(lines), Deadline::in(chunk_time_max))}});
    next_line_ += static_cast<std::int64_t>(size);
}

Task<bool> BulkStream::finish_all() {
    while (!under_way_.empty()) {
        auto finished = co_await finish_oldest();
        if (!finished || !*finished) co_return finished;
    }
    co_return true;
}

// False: nothing more can be done, and the caller has been told.
Task<bool> BulkStream::finish_oldest() {
    auto oldest = std::move(under_way_.front());
    under_way_.pop_front();
    const auto results = co_await oldest.results.wait(Deadline::in(chunk_time_max + chunk_time_max));
    if (!results) co_return co_await give_up(oldest.first, results.error());
    std::string text;
    auto number = oldest.first;
    for (const auto& result : *results) {
        (result ? stored_ : refused_) += 1;
        text += rendered(number++, result);
    }
    co_return co_await stream_.write(text);
}

// What is under way may still be stored: sent again, it is answered.
Task<bool> BulkStream::give_up(std::int64_t line, Error error) {
    const json::object last{{"line", line}, {"error", error.to_json().at("error")}, {"done", false}};
    const auto written = co_await stream_.write(json::serialize(last) + '\n');
    if (!written) co_return Fail{written.error()};
    co_return false;
}

}  // namespace vault::api
