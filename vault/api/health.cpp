#include "vault/api/health.h"

namespace vault::api {

common::Task<HealthReport> HealthProbe::report(common::Deadline deadline) {
    constexpr std::chrono::seconds fresh{1};
    HealthReport report;
    bool ask = false;
    {
        const std::lock_guard lock{mutex_};
        ask = !known_ || Steady::now() - asked_ >= fresh;
        if (ask) asked_ = Steady::now();
        report = last_;
    }
    if (ask) {
        const auto hsm = co_await hsm_.self_test(deadline);
        const auto database = co_await rows_.ping(deadline);
        report.hsm = hsm && *hsm;
        report.database = database.has_value();
        const std::lock_guard lock{mutex_};
        last_ = report;
        known_ = true;
    }
    report.hsm = report.hsm && hsm_.health().usable;  // a request may have found out since it was asked
    report.acquirer = relay_.health().signed_on;
    report.audit = log_.health().trouble == audit::Trouble::none;
    report.draining = draining_;
    co_return report;
}

}  // namespace vault::api
