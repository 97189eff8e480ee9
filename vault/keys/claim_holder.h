// Which run carries an act out: so that a second one beside it is refused, and the next one after a crash is
// not.
#pragma once

#include <string>
#include <string_view>

#include <unistd.h>

namespace vault::keys {

// "boot/pid-namespace/pid/start-time/instance": no two runs have the same, ever.
std::string new_claim_holder(pid_t process = ::getpid());

enum class HolderState : std::uint8_t {
    gone,     // that process has ended
    alive,    // it runs on this machine
    unknown,  // it ran on another machine, in another container or before the last boot, or may not be seen
};
HolderState state_of_holder(std::string_view holder);
// "process 4711", "a process on another machine"; for messages.
std::string holder_in_words(std::string_view holder);

}  // namespace vault::keys
