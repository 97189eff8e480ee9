// From an HTTP request to an answer: who calls, what is asked, whether it may be, then the handler.
#pragma once

#include <memory>

#include "common/http/message.h"
#include "common/metrics.h"
#include "gateway/api/limits.h"
#include "gateway/api/routes.h"

namespace gateway::api {

// One a thread; all of them share the limits.
class Api {
  public:
    // `digest_key` outlives the object; see digest.h.
    Api(Backend& backend, Limits& limits, const JsonRenderer& renderer,
        std::span<const std::uint8_t> digest_key, common::Metrics& metrics);

    boost::asio::awaitable<common::http::Response> handle(common::http::Request& request);

  private:
    struct Progress;  // what is known about a request so far, for its answer and log line
    common::Task<StoredResponse> judge(common::http::Request& request, Progress& progress);
    common::Task<StoredResponse> unless_used(common::Error error, const Progress& progress);
    common::Task<Caller> identify(common::http::Request& request, Progress& progress);
    common::Status admit(const common::http::Request& request, Progress& progress);
    common::Task<bool> check_customer(const Progress& progress, const Context& context);
    common::Status prepare(const common::http::Request& request, Progress& progress, Context& context);
    common::http::Response answer(const common::http::Request& request, const Progress& progress,
                                  StoredResponse stored) const;
    boost::asio::awaitable<common::http::Response> linked_file(const common::http::Request& request);
    boost::asio::awaitable<common::http::Response> readiness(const common::http::Request& request);

    Backend* backend_;
    Limits* limits_;
    const JsonRenderer* renderer_;
    std::span<const std::uint8_t> digest_key_;
    common::Metrics* metrics_;
};

}  // namespace gateway::api
