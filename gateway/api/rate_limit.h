// Token buckets, in memory: one process's share of the limits.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

namespace gateway::api {

class RateLimit {
  public:
    using Time = std::chrono::steady_clock::time_point;
    // `per_second` tokens flow in, up to `burst`. 0 per second = no limit. At most `buckets_max` callers are
    // told apart; full buckets are forgotten first, and beyond that newcomers share one bucket.
    RateLimit(double per_second, double burst, std::size_t buckets_max = 100'000);
    // Takes a token.
    bool allow(const std::string& who, Time now = std::chrono::steady_clock::now());
    // Whether there is one, without taking it.
    bool exhausted(const std::string& who, Time now = std::chrono::steady_clock::now());

  private:
    struct Bucket {
        double tokens;
        Time at;
    };
    Bucket& bucket(const std::string& who, Time now);
    void forget_full(Time now);
    double per_second_, burst_;
    std::size_t buckets_max_;
    std::mutex mutex_;
    std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace gateway::api
