#include "gateway/api/rate_limit.h"

#include <algorithm>

namespace gateway::api {

RateLimit::RateLimit(double per_second, double burst, std::size_t buckets_max)
    : per_second_{per_second}, burst_{std::max(burst, 1.0)}, buckets_max_{buckets_max} {}

bool RateLimit::allow(const std::string& who, Time now) {
    if (per_second_ <= 0) return true;
    const std::lock_guard lock{mutex_};
    auto& taken = bucket(who, now);
    if (taken.tokens < 1) return false;
    taken.tokens -= 1;
    return true;
}

bool RateLimit::exhausted(const std::string& who, Time now) {
    if (per_second_ <= 0) return false;
    const std::lock_guard lock{mutex_};
    return bucket(who, now).tokens < 1;
}

RateLimit::Bucket& RateLimit::bucket(const std::string& who, Time now) {
    auto found = buckets_.find(who);
    if (found == buckets_.end()) {
        if (buckets_.size() >= buckets_max_) forget_full(now);
        const auto& name = buckets_.size() >= buckets_max_ ? std::string{} : who;
        found = buckets_.try_emplace(name, Bucket{burst_, now}).first;
    }
    auto& known = found->second;
    const std::chrono::duration<double> passed = now - known.at;
    if (passed.count() > 0) {
        known.tokens = std::min(burst_, known.tokens + passed.count() * per_second_);
        known.at = now;
    }
    return known;
}

void RateLimit::forget_full(Time now) {
    std::erase_if(buckets_, [&](const auto& entry) {
        const std::chrono::duration<double> passed = now - entry.second.at;
        return entry.second.tokens + passed.count() * per_second_ >= burst_;
    });
}

}  // namespace gateway::api
