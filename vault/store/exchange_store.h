// Rows of `exchange` and `number_block`: what was asked of the acquirer, what it answered, and the queue of
// advices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/relay/records.h"

namespace vault::store {

using common::AccountId;
using common::Deadline;
using common::Task;
using relay::Answer;
using relay::Record;
using relay::State;

class ExchangeStore {
  public:
    struct Kept {
        bool fresh = false;  // inserted by this call
        Record record;       // as it stands
    };
    struct Queue {
        std::int64_t size = 0;
        std::int64_t oldest = 0;  // created_at; 0 = empty
    };
    struct Key {
        AccountId account;
        std::string request_id;
    };

    explicit ExchangeStore(common::db::Pool& pool) : pool_{pool} {}

    // An intent, unless the id is taken. 503, Cause::unavailable: another refund of the payment is open.
    Task<Kept> insert_intent(Record record, Deadline deadline);
    // Ends an intent in one transaction, with its reversal when there is one. What has ended before stays as
    // it is, and is what comes back.
    Task<Record> end_intent(Record record, State state, Answer answer, std::optional<Record> reversal,
                            std::int64_t now, Deadline deadline);
    // Queues an advice behind those of the same payment, unless the id is taken. 404: no such authorization;
    // 409: it is a refund, or a capture of what was not approved. `compose` makes the advice of the
    // authorization.
    Task<Kept> insert_advice(AccountId account, std::string request_id, std::string authorization_id,
                             std::function<Record(const Record&)> compose, Deadline deadline);
    // An unknown id is marked so that it is refused from now on (Kind::refused).
    Task<Record> find_or_refuse(AccountId account, std::string request_id, std::int64_t now,
                                Deadline deadline);
    Task<Record> find(AccountId account, std::string request_id, Deadline deadline);

    // Intents whose lease has run out, and those that `owner` made before `started`.
    Task<std::vector<Key>> abandoned_intents(std::int64_t now, std::string owner, std::int64_t started,
                                             Deadline deadline);
    // Gives back the advices that `owner` was sending when it died. Returns how many.
    Task<std::int64_t> release_leases(std::string owner, Deadline deadline);

    // Accounts with advices to be sent, the longest waiting first.
    Task<std::vector<AccountId>> due_accounts(std::int64_t now, Deadline deadline);
    // Leases advices that are due, at most one of a payment, and counts the attempt.
    Task<std::vector<Record>> lease_advices(AccountId account, std::string owner, std::int64_t now,
                                            std::int64_t lease_until, int limit, Deadline deadline);
    // answered or parked. An advice that has ended before stays as it is, and is what comes back.
    Task<Record> end_advice(Record record, State state, Answer answer, std::int64_t now, Deadline deadline);
    Task<bool> put_back(Record record, int attempts, std::int64_t next_at, Deadline deadline);
    Task<Queue> queue(Deadline deadline);

    // A number that no process was given before under this name, counted from 0.
    Task<std::int64_t> next_block(std::string name, Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
