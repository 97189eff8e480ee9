// On whose behalf something is done, on its way to the entry that says so.
#pragma once

#include <string>

namespace vault::audit {

struct Caller {
    std::string actor;        // as in Entry
    std::string origin;       // as in Entry
    std::string detail = {};  // what ties the entry to more: the id of a request
};

}  // namespace vault::audit
