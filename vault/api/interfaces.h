// What the routes need from the rest of the vault, so that they can be tried without it.
#pragma once

#include <string>

#include "common/task.h"
#include "vault/audit/caller.h"
#include "vault/client/client.h"

namespace vault::api {

// The acquirer's side, in the words of the vault's client. Called from any I/O thread.
class Exchanges {
  public:
    virtual ~Exchanges() = default;
    virtual common::Task<Exchange> authorize(AuthorizationRequest request, audit::Caller caller,
                                             common::Deadline deadline) = 0;
    virtual common::Task<Exchange> capture(CaptureRequest request, common::Deadline deadline) = 0;
    virtual common::Task<Exchange> reverse(ReversalRequest request, common::Deadline deadline) = 0;
    virtual common::Task<Exchange> refund(RefundRequest request, audit::Caller caller,
                                          common::Deadline deadline) = 0;
    virtual common::Task<Exchange> find(common::AccountId account, std::string request_id,
                                        common::Deadline deadline) = 0;
};

struct HealthReport {
    bool hsm = false, database = false, acquirer = false, audit = false;
    bool draining = false;
};

class HealthSource {
  public:
    virtual ~HealthSource() = default;
    virtual common::Task<HealthReport> report(common::Deadline deadline) = 0;
};

}  // namespace vault::api
