// Places at which a test lets the process die as a crash would. In builds with tests only: elsewhere it does
// nothing, whatever the environment says.
#pragma once

#include <string_view>

namespace common {

// Ends the process by SIGKILL when the environment's FAILPOINT is "<act>.<moment>".
void failpoint(std::string_view act, std::string_view moment);

}  // namespace common
