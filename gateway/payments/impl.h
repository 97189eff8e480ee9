// The inside of PaymentService: what its use cases, one a file, share.
#pragma once

#include "gateway/acquirer/responses.h"
#include "gateway/events/events.h"
#include "gateway/idempotency/idempotency.h"
#include "gateway/payments/machine.h"
#include "gateway/payments/request.h"
#include "gateway/payments/rules.h"
#include "gateway/payments/service.h"
#include "gateway/refunds/refund.h"
#include "gateway/setups/machine.h"
#include "gateway/tokens/tokens.h"
#include "gateway/transactions.h"

namespace gateway {

using common::Deadline;
using common::Fail;
using common::Result;
using common::Task;
using store::Transaction;

inline constexpr std::chrono::milliseconds answer_within{28'000};   // the merchant's wait for an open outcome
inline constexpr std::chrono::milliseconds advice_wait_max{8'000};  // for the vault to take an advice
inline constexpr std::chrono::milliseconds void_wait_max{5'000};
inline constexpr std::chrono::milliseconds refund_wait_max{6'000};  // then it is pending
inline constexpr std::int64_t lease_ms = 45'000;                    // > answer_within + a transaction
inline constexpr std::int64_t recovery_lease_ms = 30'000;
inline constexpr std::int64_t authorization_life_seconds = 7 * 24 * 3600;
static_assert(lease_ms > answer_within.count() + transaction_max.count());

// What a committed transaction decided.
struct Step {
    std::optional<StoredResponse> response;                    // the merchant's answer
    std::optional<AcquirerRequest> request;                    // to be carried out (before answering)
    std::optional<vault::AuthorizationRequest> authorization;  // the message of `request`
    std::optional<common::Error> refused;  // taken back: answer this, which is stored nowhere
};

// What the vault said.
struct Answer {
    enum class Kind : std::uint8_t {
        known,        // exchange.state is answered, reversed or not_sent
        pending,      // not known yet
        unavailable,  // the vault was not reached, so nothing was sent
    };
    Kind kind = Kind::pending;
    vault::Exchange exchange;
};

// A payment inside a transaction: the rows, and what has to be told about them at its end.
struct Booking {
    Transaction* tx;
    const Call* call;
    PaymentView view;  // intent, the method used, the charge
    EventLog events;
    std::string version;  // of the events
};

struct Prepared;

// A confirmation about to begin.
struct Attempt {
    const Account* account = nullptr;
    const ConfirmIntent* input = nullptr;
    const Prepared* prepared = nullptr;  // what came with it, whose tokens it uses up
    PaymentMethod method;
    bool creates_intent = false;
    std::string request_id, charge_id;
};

// What the acquirer said of a card that somebody wants to keep.
struct Verification {
    PaymentMethod method;  // locked, with the acquirer's checks
    std::string network_transaction_id;
    std::optional<acquirer::Decline> decline;
};

// A set-up inside a transaction.
struct SetupBooking {
    Transaction* tx;
    const Call* call;
    Account account;
    SetupView view;  // intent, the method used
    std::optional<SetupAttempt> attempt;
    EventLog events;
};

// A confirmation of a set-up about to begin.
struct SetupTrial {
    const ConfirmSetup* input = nullptr;
    const Prepared* prepared = nullptr;
    PaymentMethod method;
    bool creates_intent = false;
    std::string request_id;
};

// A card that was made before the first transaction, or why it could not be.
struct Prepared {
    std::optional<PaymentMethod> method;
    std::optional<common::Error> refused;    // of the kind that is stored under the key
    std::optional<StoredResponse> response;  // the key was used before
    std::optional<NewPaymentMethod> data;    // names a token, of which the transaction makes the method
    // What the transaction found, locked and fit for use; begin() uses it up.
    std::optional<ConfirmationToken> confirmation;
    std::optional<Token> code;
};

// What a confirmation that is taken back gives back.
boost::json::array tokens_of(const Prepared& prepared);
// A new method of the card; the rest is what the request says.
PaymentMethod method_of(CardDetails card, const Call& call, const NewPaymentMethod& input,
                        std::int64_t now_ms);
// What any authorization with this card says: who, which card, what the acquirer checks it by.
vault::AuthorizationRequest message_of_card(const PaymentMethod& method, const Account& account,
                                            const std::string& request_id);
// The acquirer's checks of the security code, which is not held any longer, and of the address.
void note_checks(CardDetails& card, const BillingDetails& details, const vault::Exchange& exchange);
// For a snapshot: what the vault alone can use is left out.
CardDetails without_handles(CardDetails card);
std::int64_t backoff_ms(int attempts);
// As the object whose action failed keeps it; `decline` where the error is one.
PaymentError last_error_of(const common::Error& error, const acquirer::Decline* decline,
                           const std::optional<PaymentMethod>& method);
vault::AuthorizationRequest increase_of(const Charge& charge, const PaymentMethod& method,
                                        const Account& account, const AcquirerRequest& request);
vault::AuthorizationRequest verification_of(const PaymentMethod& method, const Account& account,
                                            const AcquirerRequest& request);

struct PaymentService::Impl {
    Impl(common::db::Pool& pool, VaultPort& port, const Renderer& render, const common::Clock& time,
         ledger::Terms agreed)
        : database{&pool}, vault{&port}, renderer{&render}, clock{&time}, terms{std::move(agreed)} {}

    common::db::Pool* database;
    VaultPort* vault;
    const Renderer* renderer;
    const common::Clock* clock;
    ledger::Terms terms;

    std::int64_t now_ms() const { return clock->now().time_since_epoch().count(); }

    // — running —
    // Runs job(tx, again) in a transaction; again with `again` when the outcome of the commit was not learnt,
    // so that the job looks for its own rows first; and again while another request holds the payment, for up
    // to lock_wait.
    template <class Job>
    Task<Step> run(Job job, Deadline deadline);
    // A use case: the answer that the call's key holds, or that of the request that this very call has begun
    // (`request_id`, "" = it makes none), or else of what job(tx) decides.
    template <class Job>
    Task<StoredResponse> serve(const Call& call, const std::string& request_id, Job job);
    Result<std::optional<Step>> begun_before(Transaction& tx, const Call& call, bool again,
                                             const std::string& request_id) const;
    // Carries out the step's request, and what follows from it, until there is an answer.
    Task<StoredResponse> finish(Step step, Deadline deadline);
    // `recovering`: nobody waits, and the vault is asked once.
    Task<Step> carry_out(Step step, Deadline deadline, bool recovering);
    boost::asio::awaitable<Answer> ask(const Step& step, Deadline deadline, bool recovering);
    boost::asio::awaitable<Answer> ask_to_authorize(const Step& step, Deadline deadline);
    boost::asio::awaitable<Answer> ask_what_became(const AcquirerRequest& request, Deadline deadline,
                                                   bool once);
    boost::asio::awaitable<Answer> send_promise(const AcquirerRequest& request, Deadline deadline, bool once);

    // — payment methods —
    Step verify(Transaction& tx, const Call& call, const Account& account, const PaymentMethod& method,
                const std::string& request_id, boost::json::object detail) const;
    Result<Step> book_verification(Transaction& tx, AcquirerRequest& request, const Answer& answer) const;
    Result<Step> book_attachment(Transaction& tx, const AcquirerRequest& request,
                                 Verification& verification) const;
    // The customer keeps the method, unless somebody else has it by now: the error for the merchant.
    common::Status keep_verified(Transaction& tx, Verification& verification, const std::string& customer,
                                 EventLog& events) const;
    void give(Transaction& tx, PaymentMethod& method, const std::string& customer,
              const std::string& network_transaction_id, EventLog& events) const;
    Task<PaymentMethod> tokenize(Call call, NewPaymentMethod input);
    Task<Prepared> prepare(Call call, std::optional<std::string> id, std::optional<NewPaymentMethod> data);
    // The answer that a given key has already.
    Task<std::optional<StoredResponse>> used_before(Call call);

    // — tokens, inside the transaction that uses them up —
    // Makes the method of the token that the request names, if it does.
    common::Status redeem(Transaction& tx, const Call& call, Prepared& prepared) const;
    // The same for all that a confirmation may bring, of a payment or a set-up. What the confirmation token
    // says and the request does not goes into `input`.
    template <class Confirm>
    common::Status bring(Transaction& tx, const Call& call, Prepared& prepared, Confirm& input) const;
    // A method of `prepared`; the token that it was made of is used up.
    static void insert_new(Transaction& tx, const PaymentMethod& method);
    // The security code that came for this method, if one did.
    static void give_code(PaymentMethod& method, const Prepared& prepared);
    // All that came with a confirmation: the new method is written, the tokens are used up for the intent.
    static void take(Transaction& tx, const PaymentMethod& method, const Prepared& prepared,
                     const std::string& intent);
    // As if the request had never been made.
    static void give_tokens_back(Transaction& tx, const AcquirerRequest& request);

    // — steps inside a transaction —
    Result<Step> respond(Transaction& tx, const Call& call, StoredResponse response) const;
    Result<Step> respond(Booking& booking) const;
    StoredResponse show(Transaction& tx, const ObjectRef& object, const Call& call) const {
        return answer(*renderer, tx, renderer->object(object, call), call);
    }
    Result<Step> refuse(Transaction& tx, const Call& call, const common::Error& error,
                        const Subject& subject) const;
    void tell_intent(Booking& booking, std::string_view type) const;
    void tell_charge(Booking& booking, std::string_view type) const;
    void save(Booking& booking, std::optional<std::string> in_flight = std::nullopt) const;

    // An intent that the transaction holds, by any way to confirm it.
    struct Confirmation;
    Result<Step> confirm(Transaction& tx, PaymentIntent row, const Confirmation& given) const;
    Result<Step> confirm(Booking& booking, const Account& account, const Confirmation& given) const;
    Result<Step> begin(Booking& booking, const Attempt& attempt) const;
    Result<Step> send(Booking& booking, const Attempt& attempt, const PaymentIntent& before) const;
    common::Error book_decline(Booking& booking, const acquirer::Decline& decline) const;

    // The request of this very call, when an earlier commit was not learnt of.
    std::optional<Step> resume(Transaction& tx, const Call& call, const std::string& request_id) const;

    // — set-ups —
    // The card that was made for the request, or the one that is named, locked.
    Result<std::optional<PaymentMethod>> method_for(Transaction& tx, const Scope& scope,
                                                    const Prepared& prepared,
                                                    const std::optional<std::string>& id) const;
    Result<SetupBooking> open_setup(Transaction& tx, const Call& call, SetupIntent intent) const;
    Result<Step> begin_setup(SetupBooking& booking, const SetupTrial& trial) const;
    Step send_setup(SetupBooking& booking, const SetupTrial& trial, const SetupIntent& before) const;
    Result<Step> book_setup(Transaction& tx, const AcquirerRequest& request,
                            Verification& verification) const;
    void take_back_setup(Transaction& tx, const AcquirerRequest& request) const;
    // Writes the failure into intent and attempt, and tells it.
    void fail_setup(SetupBooking& booking, const common::Error& error,
                    const acquirer::Decline* decline) const;
    // Writes everything down and answers: with the set-up, or with the error.
    Result<Step> conclude_setup(SetupBooking& booking, const common::Error* error = nullptr) const;
    Result<Step> respond(SetupBooking& booking, const common::Error* error = nullptr) const;
    void tell_setup(SetupBooking& booking, std::string_view type) const;

    // `again`: this may have been committed before.
    Result<Step> book(Transaction& tx, const AcquirerRequest& asked, const Answer& answer, bool again) const;
    Result<Booking> open(Transaction& tx, const AcquirerRequest& request) const;
    Result<Step> book_authorization(Booking& booking, AcquirerRequest& request, const Answer& answer) const;
    Result<Step> book_approval(Booking& booking, AcquirerRequest& request,
                               const vault::Exchange& exchange) const;
    Result<Step> book_settlement(Booking& booking, AcquirerRequest& request, const Answer& answer) const;
    Result<Step> book_capture(Booking& booking, AcquirerRequest& request, const Answer& answer) const;
    Result<Step> book_increase(Booking& booking, AcquirerRequest& request, const Answer& answer) const;
    void replace_authorization(Booking& booking, const AcquirerRequest& request,
                               const vault::Exchange& exchange) const;
    // Of the charge and in the ledger: the acquirer pays what the request says.
    void mark_captured(Booking& booking, const AcquirerRequest& request) const;
    Result<Step> book_open(Booking& booking, AcquirerRequest& request) const;
    // A refund with its charge inside a transaction.
    struct Refunding;
    Result<Step> book_refund(Transaction& tx, AcquirerRequest& request, const Answer& answer) const;
    void settle_refund(Transaction& tx, Refunding& refunding, AcquirerRequest& request,
                       const vault::Exchange& exchange) const;
    void fail_refund(Transaction& tx, Refunding& refunding, std::string reason) const;
    void try_refund_again(Transaction& tx, Refunding& refunding, AcquirerRequest& request) const;
    Result<Step> conclude_refund(Transaction& tx, Refunding& refunding, AcquirerRequest& request) const;
    Result<Step> take_back(Booking& booking, AcquirerRequest& request) const;
    Result<Step> close_void(Transaction& tx, AcquirerRequest& request, const Answer& answer) const;
    Result<Step> close_abandoned(Transaction& tx, AcquirerRequest& request, const Answer& answer) const;
    Result<Step> answer_again(Transaction& tx, const AcquirerRequest& request, bool again) const;
    // Writes everything down, ends the request, and answers unless that was done.
    Result<Step> conclude(Booking& booking, AcquirerRequest& request, const common::Error* error) const;
    // What the merchant asked to see.
    StoredResponse shown(Booking& booking, const AcquirerRequest& request) const;
    void note_exchange(Booking& booking, const vault::Exchange& exchange) const;
    // Somebody should look at it when the risk is elevated; the payment goes on.
    void open_review(Booking& booking) const;
    // The customer keeps the method, where the payment was to set it up.
    void keep_method(Booking& booking) const;
    AcquirerRequest void_of(const std::string& authorization_id, const AcquirerRequest& request) const;
};

// What a confirmation comes with.
struct PaymentService::Impl::Confirmation {
    const Call* call = nullptr;
    ConfirmIntent* input = nullptr;  // to which a confirmation token adds
    Prepared* prepared = nullptr;
    std::string request_id, charge_id;
    EventLog* events = nullptr;  // of what was made for it in the same transaction
};

template <class Job>
Task<StoredResponse> PaymentService::Impl::serve(const Call& call, const std::string& request_id, Job job) {
    auto whole = [this, &call, &request_id, &job](Transaction& tx, bool again) -> Result<Step> {
        store::enter(tx, call.scope.account);
        auto begun = begun_before(tx, call, again, request_id);
        if (!begun) return Fail{begun.error()};
        if (*begun) return **std::move(begun);
        return job(tx);
    };
    auto step = co_await run(whole, call.deadline);
    if (!step) co_return Fail{step.error()};
    co_return co_await finish(*std::move(step), call.deadline);
}

template <class Job>
Task<Step> PaymentService::Impl::run(Job job, Deadline deadline) {
    return run_transaction<Result<Step>>(*database, std::move(job), deadline);
}

}  // namespace gateway
