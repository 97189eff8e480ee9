// Bulks of cards as they come over the network, in parts of any size: every line has its answer, in order,
// and the end says how many there were.
#include <cstdlib>
#include <sstream>

#include "common/wait.h"
#include "vault/api/bulk_stream.h"

namespace {

using common::Fail;
using common::Task;
using vault::cards::LineResult;

class Stream final : public common::http::BodyStream {
  public:
    explicit Stream(std::string_view bytes)
        : part_{bytes.empty() ? 1U : 1U + static_cast<unsigned char>(bytes[0])} {
        rest_ = bytes.substr(bytes.empty() ? 0 : 1);
    }
    Task<bool> read(common::SecretText& into) override {
        if (rest_.empty()) co_return false;
        into.append(rest_.substr(0, part_));
        rest_.remove_prefix(std::min<std::size_t>(part_, rest_.size()));
        co_return true;
    }
    bool stopping() const override { return false; }
    Task<bool> write(std::string_view part) override {
        written += part;
        co_return true;
    }
    std::string written;

  private:
    std::size_t part_;
    std::string_view rest_;
};

class Vault final : public vault::cards::BulkVault {
  public:
    Task<std::vector<LineResult>> store(vault::cards::BulkScope, vault::cards::BulkLines given,
                                        common::Deadline) override {
        std::vector<LineResult> results;
        for (const auto& line : given.lines)
            results.push_back(line ? LineResult{vault::cards::CardFacts{}} : LineResult{Fail{line.error()}});
        lines += results.size();
        co_return results;
    }
    std::size_t lines = 0;
};

void check(const Stream& stream, std::size_t lines) {
    std::istringstream text{stream.written};
    std::int64_t expected = 1;
    bool ended = false;
    for (std::string line; std::getline(text, line);) {
        const auto answer = boost::json::parse(line).as_object();
        if (ended) std::abort();
        ended = answer.contains("done");
        if (!ended && answer.at("line").as_int64() != expected++) std::abort();
    }
    if (!ended || static_cast<std::size_t>(expected - 1) != lines) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Stream stream{{reinterpret_cast<const char*>(data), size}};
    Vault vault;
    vault::api::BulkStream bulk{
        vault, stream, {common::AccountId{1}, false, 1}, {common::AccountId{1}, false, "fuzz"}};
    if (!bulk.check() || !common::wait_for(bulk.run())) std::abort();
    check(stream, vault.lines);
    return 0;
}
