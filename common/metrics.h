// Prometheus metrics, and the plain HTTP listener on loopback that serves them at /metrics.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace common {

class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    // Label values come from closed sets (route patterns, error names), never from a caller.
    using Labels = std::initializer_list<std::pair<const char*, std::string_view>>;
    void count(const char* name, Labels labels = {}, double by = 1);
    void gauge(const char* name, double value, Labels labels = {});
    void observe(const char* name, std::chrono::nanoseconds duration,
                 Labels labels = {});                                  // seconds, 0.5 ms … 30 s
    double counter_value(const char* name, Labels labels = {}) const;  // for tests
    // Binds 127.0.0.1:port (0 = any free one) and returns the port.
    Result<unsigned short> serve(unsigned short port);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace common
