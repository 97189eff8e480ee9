// Events: written in the transaction that changes the state, numbered without a gap within an account,
// rendered once.
#pragma once

#include <functional>

#include <boost/json/object.hpp>

#include "gateway/scope.h"
#include "gateway/store/session.h"

namespace gateway {

struct Event {
    std::string id;  // "evt_…"
    Scope scope;
    std::int64_t sequence = 0;
    std::int64_t created = 0;  // unix seconds
    std::string type, api_version, object_id;
    boost::json::object object;                   // snapshot, not expanded
    std::optional<boost::json::object> previous;  // previous_attributes, of *.updated only
    std::optional<std::string> request_id, idempotency_key;
};

// What `before` had at the members that `after` has differently; of hashes, such as metadata, only those
// keys. null: there was none.
boost::json::object previous_attributes(const boost::json::object& before, const boost::json::object& after);

// Collects what a transaction has to tell, and writes it as the transaction's last act, since taking the
// numbers makes the account's other writers wait until the commit. With each event goes a delivery for every
// webhook endpoint that wants it.
class EventLog {
  public:
    // The object as a version of the API has it. Holds all that it needs: it may be asked when the object has
    // changed since.
    using Rendering = std::function<boost::json::object(std::string_view version)>;

    EventLog(const Call& call, std::string api_version, std::int64_t now_seconds);
    void add(std::string_view type, const Rendering& rendering,
             std::optional<boost::json::object> previous = std::nullopt);
    // For an object that looks alike in every version.
    void add(std::string_view type, boost::json::object object,
             std::optional<boost::json::object> previous = std::nullopt);
    void write(store::Transaction& tx);

  private:
    void deliver(store::Transaction& tx) const;

    const Call* call_;
    std::string api_version_;
    std::int64_t now_seconds_;
    std::vector<Event> events_;
    std::vector<Rendering> renderings_;  // of each; may be empty
};

}  // namespace gateway
