// Security codes between tokenization and the first authorization: in memory only, sealed under a key that
// dies with the process, for a quarter of an hour at most, given out once. PCI DSS 4.0.1
// requirements 3.3.1.2, 3.3.2.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "vault/cards/pan.h"

namespace vault::cards {

class CvcStore {
  public:
    struct Limits {
        std::chrono::milliseconds life{std::chrono::minutes{15}};
        std::size_t codes_max = 100'000;  // the oldest goes first
    };
    // `vault`: name of this process in its group, at the end of each handle; "" = it is alone.
    CvcStore(const common::Clock& clock, Limits limits, std::string_view vault = "");
    explicit CvcStore(const common::Clock& clock, std::string_view vault = "")
        : CvcStore{clock, Limits{}, vault} {}

    // An opaque handle, "cvc_" + 22 characters, and "." + the name of the vault that holds the code.
    // `owner`: token of the card that the code was given with, or who gave it without a card.
    std::string put(std::string_view owner, const Cvc& cvc);
    // Once, and for its owner only. Nothing otherwise, or when its time is over.
    std::optional<Cvc> take(std::string_view handle, std::string_view owner);
    void purge();
    std::size_t size() const;

  private:
    struct Entry {
        std::vector<std::uint8_t> sealed;
        common::TimePoint expires;
    };
    void drop_expired();  // under the lock

    const common::Clock& clock_;
    Limits limits_;
    std::string suffix_;  // of each handle
    common::SecretBytes key_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::pair<common::TimePoint, std::string>> by_age_;
};

}  // namespace vault::cards
