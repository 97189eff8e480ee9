// How a request is carried out that one transaction suffices for: the tenant is entered, the idempotency key
// claimed, the change made, its events written, the answer stored and then sent. Every resource but payments,
// which have to wait for the acquirer between two transactions, is made of such requests.
#pragma once

#include <functional>

#include "common/clock.h"
#include "gateway/events/events.h"
#include "gateway/merchants/merchants.h"
#include "gateway/object.h"
#include "gateway/renderer.h"

namespace gateway {

// For events, of a copy of the object as it is now.
EventLog::Rendering rendering_of(const Renderer& renderer, const ObjectRef& object);

// What a job has to work with. It judges before it writes: an error that it returns undoes the transaction.
struct Work {
    store::Transaction& tx;
    const Call& call;
    const Account& account;
    const Renderer& renderer;
    std::int64_t now_ms;
    EventLog events;

    std::int64_t now() const { return now_ms / 1000; }
    const Scope& scope() const { return call.scope; }
    // A new object's identity: id behind `prefix`, tenant, time.
    void stamp(Object& object, std::string_view prefix) const;
    boost::json::object show(const ObjectRef& object) const { return renderer.object(object, call); }
    void tell(std::string_view type, const ObjectRef& object);
    // The same with what the object's members were before, as far as they changed; says nothing when none
    // did.
    void tell_changed(std::string_view type, const ObjectRef& before, const ObjectRef& after);
};

// The body of the answer: status 200.
using Job = std::function<common::Result<boost::json::object>(Work&)>;

// What the clock does for an account and mode, as part of a transaction that has entered the account: the
// job's events are written when it returns, so let it be the transaction's last act.
void act_by_clock(store::Transaction& tx, const Scope& scope, const Renderer& renderer, std::int64_t now_ms,
                  const std::function<void(Work&)>& job);

class Works {
  public:
    Works(common::db::Pool& database, const Renderer& renderer, const common::Clock& clock)
        : database_{&database}, renderer_{&renderer}, clock_{&clock} {}

    // A refusal by the rules (400, 402, 404) is an answer like any other and stored under the key; what comes
    // back as an Error is not, and changed nothing.
    common::Task<StoredResponse> change(Call call, Account account, Job job);
    common::Task<StoredResponse> read(Call call, Account account, Job job);

  private:
    common::Task<StoredResponse> attempt(const Call& call, const Account& account, const Job& job);
    common::Task<StoredResponse> store_refusal(const Call& call, const common::Error& error);

    common::db::Pool* database_;
    const Renderer* renderer_;
    const common::Clock* clock_;
};

}  // namespace gateway
