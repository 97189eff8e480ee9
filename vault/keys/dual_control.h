// Acts that nobody does alone. PCI DSS 4.0.1 requirement 3.7.6.
#pragma once

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "common/task.h"

namespace vault::keys {

// What is approved: exactly this, and no other parameters.
struct CustodialAct {
    std::string kind;                // "hsm_key.create", "hsm_key.destroy", "cards.export", …
    boost::json::object parameters;  // strings, integers and booleans
};

struct ApprovedAct {
    std::string id;                       // "act_…"
    std::vector<std::string> custodians;  // names of those who approved
};

class DualControl {
  public:
    virtual ~DualControl() = default;
    // Takes an approval of this act, so that no other run can use it; the run that was interrupted gets it
    // again. 403 when there is none: the message names the proposal that was filed and how it is approved.
    virtual common::Task<ApprovedAct> claim(CustodialAct act, common::Deadline deadline) = 0;
    // The act is done: its approval is used up.
    virtual common::Task<bool> finish(std::string id, common::Deadline deadline) = 0;
};

}  // namespace vault::keys
