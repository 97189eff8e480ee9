#include "common/metrics.h"

#include <mutex>
#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "common/assert.h"
#include "common/process_counters.h"

namespace common {
namespace {

const prometheus::Histogram::BucketBoundaries buckets_seconds{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

// A name's label sets come from closed lists; more than this is a mistake that must not eat the memory.
constexpr std::size_t series_max = 1000;

std::string key_of(const char* name, Metrics::Labels labels) {
    std::string key = name;
    for (const auto& [label, value] : labels) {
        key += '\x1f';
        key += label;
        key += '\x1e';
        key += value;
    }
    return key;
}

std::map<std::string, std::string> label_map(Metrics::Labels labels) {
    std::map<std::string, std::string> map;
    for (const auto& [label, value] : labels)
        map.emplace(label, value);
    return map;
}

// One kind of metric: families by name, series by name and labels.
template <class Metric>
class Series {
  public:
    template <class MakeFamily, class MakeMetric>
    Metric* find_or_make(const char* name, Metrics::Labels labels, MakeFamily make_family,
                         MakeMetric make_metric) {
        const auto key = key_of(name, labels);
        const std::lock_guard lock{mutex_};
        if (const auto found = series_.find(key); found != series_.end()) return found->second;
        auto& family = families_[name];
        if (family.made == nullptr) family.made = &make_family();
        if (family.size == series_max) return nullptr;
        ++family.size;
        return series_[key] = &make_metric(*family.made, label_map(labels));
    }
    const Metric* find(const char* name, Metrics::Labels labels) const {
        const std::lock_guard lock{mutex_};
        const auto found = series_.find(key_of(name, labels));
        return found != series_.end() ? found->second : nullptr;
    }

  private:
    struct Family {
        prometheus::Family<Metric>* made = nullptr;
        std::size_t size = 0;
    };
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Family> families_;
    std::unordered_map<std::string, Metric*> series_;
};

prometheus::MetricFamily process_counter(const char* name, std::uint64_t value) {
    prometheus::ClientMetric metric;
    metric.counter.value = static_cast<double>(value);
    return {name, name, prometheus::MetricType::Counter, {metric}};
}

// What is counted where no Metrics object is at hand.
class ProcessCollector final : public prometheus::Collectable {
  public:
    std::vector<prometheus::MetricFamily> Collect() const override {
        const auto& counters = process_counters();
        return {process_counter("log_redactions_total", counters.log_redactions.load()),
                process_counter("exceptions_total", counters.escaped_exceptions.load())};
    }
};

}  // namespace

struct Metrics::Impl {
    std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
    std::shared_ptr<ProcessCollector> process = std::make_shared<ProcessCollector>();
    Series<prometheus::Counter> counters;
    Series<prometheus::Gauge> gauges;
    Series<prometheus::Histogram> histograms;
    std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics() : impl_{std::make_unique<Impl>()} {}
Metrics::~Metrics() = default;

void Metrics::count(const char* name, Labels labels, double by) {
    auto* const counter = impl_->counters.find_or_make(
        name, labels,
        [&]() -> auto& {
            return prometheus::BuildCounter().Name(name).Help(name).Register(*impl_->registry);
        },
        [](auto& family, const auto& with) -> auto& { return family.Add(with); });
    if (counter != nullptr) counter->Increment(by);
}

void Metrics::gauge(const char* name, double value, Labels labels) {
    auto* const gauge = impl_->gauges.find_or_make(
        name, labels,
        [&]() -> auto& { return prometheus::BuildGauge().Name(name).Help(name).Register(*impl_->registry); },
        [](auto& family, const auto& with) -> auto& { return family.Add(with); });
    if (gauge != nullptr) gauge->Set(value);
}

void Metrics::observe(const char* name, std::chrono::nanoseconds duration, Labels labels) {
    auto* const histogram = impl_->histograms.find_or_make(
        name, labels,
        [&]() -> auto& {
            return prometheus::BuildHistogram().Name(name).Help(name).Register(*impl_->registry);
        },
        [](auto& family, const auto& with) -> auto& { return family.Add(with, buckets_seconds); });
    if (histogram != nullptr) histogram->Observe(std::chrono::duration<double>(duration).count());
}

double Metrics::counter_value(const char* name, Labels labels) const {
    const auto* counter = impl_->counters.find(name, labels);
    return counter != nullptr ? counter->Value() : 0;
}

Result<unsigned short> Metrics::serve(unsigned short port) {
    PORTCULLIS_ASSERT(!impl_->exposer);
    const std::vector<std::string> options{"listening_ports",    "127.0.0.1:" + std::to_string(port),
                                           "num_threads",        "2",
                                           "request_timeout_ms", "5000"};
    try {
        impl_->exposer = std::make_unique<prometheus::Exposer>(options);
    } catch (const std::exception&) {
        return Fail{Error::internal("cannot listen on metrics port {}", {Safe::number(port)})};
    }
    impl_->exposer->RegisterCollectable(impl_->registry);
    impl_->exposer->RegisterCollectable(impl_->process);
    const auto ports = impl_->exposer->GetListeningPorts();
    PORTCULLIS_ASSERT(!ports.empty());
    return static_cast<unsigned short>(ports.front());
}

}  // namespace common
