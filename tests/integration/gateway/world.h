// A gateway's domain on a real database, with a vault, a renderer and a clock that the tests play.
#pragma once

#include <set>

#include <gtest/gtest.h>

#include "common/db/pool.h"
#include "gateway/api/renderer.h"
#include "gateway/merchants/merchants.h"
#include "gateway/payments/service.h"

namespace tests {

using common::Cause;
using common::Deadline;
using common::Result;
using common::Task;
using gateway::Call;
using gateway::StoredResponse;

// Plays the vault and the acquirer behind it, with a journal of what the acquirer holds.
class FakeVault final : public gateway::VaultPort {
  public:
    enum class Mode : std::uint8_t {
        normal,
        unavailable,  // not reached
        hang_before,  // the process dies before the vault sees the request …
        hang_after,   // … or after it has carried it out
        lost,         // carried out, but the answer is lost
        silent,       // stays pending
        misreported,  // carried out, though it seems not to have been reached
    };
    Mode authorize_mode = Mode::normal;
    Mode capture_mode = Mode::normal;
    Mode reverse_mode = Mode::normal;
    Mode refund_mode = Mode::normal;
    bool find_unavailable = false;
    std::string authorize_code = "00", capture_code = "00", refund_code = "00";
    std::chrono::milliseconds delay{0};
    vault::Exchange::State authorize_state = vault::Exchange::State::answered;
    vault::Exchange::State refund_state = vault::Exchange::State::answered;  // reversed: no answer came
    std::int64_t approved_amount = 0;                                        // 0 = as asked
    std::string authentication = "optional", risk = "normal";

    std::map<std::string, vault::Exchange> exchanges;
    std::map<std::string, std::int64_t> held, captured, refunded;  // by authorization
    std::set<std::string> refused;
    std::vector<std::string> sandbox_ids, authorized_codes;  // as they were asked for
    int cards = 0, authorizations = 0, captures = 0, reversals = 0, refunds = 0;

    std::int64_t held_sum() const { return sum(held); }
    std::int64_t captured_sum() const { return sum(captured); }
    std::int64_t refunded_sum() const { return sum(refunded); }

    Task<vault::Card> create_card(vault::NewCard card, Deadline deadline) override;
    Task<vault::SecurityCode> hold_security_code(vault::NewSecurityCode code, Deadline deadline) override;
    Task<vault::Exchange> authorize(vault::AuthorizationRequest request, Deadline deadline) override;
    Task<vault::Exchange> capture(vault::CaptureRequest request, Deadline deadline) override;
    Task<vault::Exchange> reverse(vault::ReversalRequest request, Deadline deadline) override;
    Task<vault::Exchange> refund(vault::RefundRequest request, Deadline deadline) override;
    Task<vault::Exchange> find_exchange(common::AccountId account, std::string request_id,
                                        Deadline deadline) override;

  private:
    std::map<std::string, std::string> captured_of_;  // capture to authorization

    static std::int64_t sum(const std::map<std::string, std::int64_t>& amounts) {
        std::int64_t total = 0;
        for (const auto& [id, amount] : amounts)
            total += amount;
        return total;
    }
};

class World : public testing::Test {
  protected:
    World();
    ~World() override;

    // Runs job(tx) as that account.
    template <class Job>
    auto as(common::AccountId id, Job job) {
        return pool->transaction_blocking([&](gateway::store::Transaction& tx) {
            gateway::store::enter(tx, id);
            return job(tx);
        });
    }
    // Runs a task to its end on the I/O context.
    template <class T>
    Result<T> run(Task<T> task) {
        auto outcomes = run_all<T>(one(std::move(task)));
        return std::move(outcomes.front());
    }
    template <class T>
    std::vector<Result<T>> run_all(std::vector<Task<T>> tasks) {
        std::vector<Result<T>> outcomes(tasks.size());
        for (std::size_t i = 0; i < tasks.size(); ++i)
            boost::asio::co_spawn(*io, std::move(tasks[i]),
                                  [&outcomes, i](std::exception_ptr failed, Result<T> got) {
                                      if (failed) std::rethrow_exception(failed);
                                      outcomes[i] = std::move(got);
                                  });
        io->restart();
        io->run();
        return outcomes;
    }
    // Starts a task that hangs in the vault, and kills the process there.
    void run_until_hanging_and_crash(Task<StoredResponse> task);
    void restart();  // a new process, on the same database

    gateway::Scope scope_of(common::AccountId id) const { return {id, false}; }
    Call call(std::string key = "", std::string path = "/v1/payment_intents", std::string parameters = "p");
    gateway::CreateIntent intent(std::int64_t amount, gateway::CaptureMethod method, bool confirm = false);
    gateway::ConfirmIntent with_card() const;
    // Creates an intent without confirming it; its id.
    std::string new_intent(std::int64_t amount = 1000,
                           gateway::CaptureMethod method = gateway::CaptureMethod::automatic_async);
    // A payment that was authorized to be captured; its id.
    std::string authorized_intent(std::int64_t amount = 1000);
    gateway::PaymentView find(const std::string& id);
    // After the leases have run out.
    int recover();
    std::int64_t count(const std::string& sql);  // as the superuser
    std::vector<std::string> event_types();
    // Money here and at the acquirer agree, events have no gap, the ledger balances.
    void expect_consistent();
    // What a merchant can see of the balance is what the ledger holds.
    void expect_balance();

    common::Metrics metrics;
    common::ManualClock clock{common::TimePoint{std::chrono::milliseconds{1'790'000'000'000}}};
    FakeVault vault;
    const common::SecretBytes pepper =
        common::SecretBytes::copy_of(std::string_view{"pepper of thirty-two characters."});
    gateway::api::JsonRenderer renderer{"https://pay.example", "", pepper, clock};
    std::unique_ptr<common::db::Pool> pool;
    std::unique_ptr<boost::asio::io_context> io;
    std::unique_ptr<gateway::PaymentService> service;
    std::unique_ptr<gateway::Merchants> merchants;
    common::AccountId account, strict;

  private:
    template <class T>
    static std::vector<Task<T>> one(Task<T> task) {
        std::vector<Task<T>> tasks;
        tasks.push_back(std::move(task));
        return tasks;
    }
    int calls_ = 0;
};

boost::json::object json_of(const StoredResponse& response);

}  // namespace tests
