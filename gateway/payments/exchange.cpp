// Talking to the vault about a request that is committed, and going on with what it said.
#include "common/failpoint.h"
#include "common/log.h"
#include "gateway/payments/impl.h"

namespace gateway {
namespace {

using common::Cause;
using State = vault::Exchange::State;

constexpr int captures_unknown = 99;  // how many there will be (ISO 8583 field 48 tag CS)

bool nothing_was_sent(Cause cause) {
    return cause == Cause::unavailable || cause == Cause::overloaded || cause == Cause::deadline_exceeded;
}

Answer answer_of(vault::Exchange exchange) {
    Answer answer;
    answer.kind = exchange.state == State::pending ? Answer::Kind::pending : Answer::Kind::known;
    answer.exchange = std::move(exchange);
    return answer;
}

Answer without_answer(Answer::Kind kind) {
    Answer answer;
    answer.kind = kind;
    return answer;
}

vault::CaptureRequest capture_message(const AcquirerRequest& request) {
    vault::CaptureRequest message;
    message.request_id = request.id;
    message.authorization_id = request.authorization_id;
    message.account = request.scope.account;
    message.amount = request.amount;
    if (const auto* sequence = request.detail.if_contains("sequence")) {
        message.sequence = sequence->to_number<int>();
        message.count = request.detail.at("final").as_bool() ? message.sequence : captures_unknown;
    }
    return message;
}

vault::ReversalRequest reversal_message(const AcquirerRequest& request) {
    vault::ReversalRequest message;
    message.request_id = request.id;
    message.authorization_id = request.authorization_id;
    message.account = request.scope.account;
    return message;
}

vault::RefundRequest refund_message(const AcquirerRequest& request) {
    vault::RefundRequest message;
    message.request_id = request.id;
    message.capture_id = request.authorization_id;
    message.account = request.scope.account;
    message.amount = request.amount;
    message.reason = std::string{request.detail.at("reason").as_string()};
    return message;
}

}  // namespace

Task<StoredResponse> PaymentService::Impl::finish(Step step, Deadline deadline) {
    if (step.response && !step.request) co_return *std::move(step.response);
    auto last = co_await carry_out(std::move(step), deadline.at_most(answer_within), false);
    if (!last) co_return Fail{last.error()};
    if (last->refused) co_return Fail{*last->refused};
    if (!last->response)
        co_return Fail{
            common::Error::unavailable("another process took the payment over and is at work on it")};
    co_return *std::move(last->response);
}

Task<Step> PaymentService::Impl::carry_out(Step step, Deadline deadline, bool recovering) {
    // An answer that is stored already must not wait for long, nor fail, for the void that follows it.
    std::optional<StoredResponse> settled;
    while (step.request) {
        if (step.response) settled = std::exchange(step.response, std::nullopt);
        const auto patience = settled ? deadline.at_most(void_wait_max) : deadline;
        const auto act = to_string(step.request->action);
        common::failpoint(act, "ask");
        auto answer = co_await ask(step, patience, recovering);
        common::failpoint(act, "book");
        const auto request = *std::move(step.request);
        if (recovering && answer.kind == Answer::Kind::unavailable)
            co_return Fail{common::Error::unavailable("the vault cannot be asked what became of a request")};
        auto job = [this, &request, &answer](Transaction& tx, bool again) -> Result<Step> {
            store::enter(tx, request.scope.account);
            return book(tx, request, answer, again);
        };
        // What is known must be booked, however late it is.
        auto booked = co_await run(job, Deadline::in(transaction_max));
        if (!booked && settled) break;
        if (!booked) {
            common::log::failure("an outcome could not be booked yet", booked.error(),
                                 request.call.request_id);
            co_return Fail{booked.error()};
        }
        step = *std::move(booked);
        common::failpoint(act, "done");
    }
    if (settled) step.response = std::move(settled);
    co_return step;
}

boost::asio::awaitable<Answer> PaymentService::Impl::ask(const Step& step, Deadline deadline,
                                                         bool recovering) {
    const auto& request = *step.request;
    if (request.state == RequestState::abandoned) co_return co_await ask_what_became(request, deadline, true);
    if (request.purpose != Purpose::authorization)
        co_return co_await send_promise(request, deadline, recovering);
    if (step.authorization) co_return co_await ask_to_authorize(step, deadline);
    co_return co_await ask_what_became(request, deadline, recovering);
}

boost::asio::awaitable<Answer> PaymentService::Impl::ask_to_authorize(const Step& step, Deadline deadline) {
    auto message = *step.authorization;
    auto reply = co_await vault->authorize(std::move(message), deadline);
    if (reply) co_return answer_of(*std::move(reply));
    if (nothing_was_sent(reply.error().cause())) co_return without_answer(Answer::Kind::unavailable);
    common::log::failure("an authorization's answer was lost", reply.error(), step.request->call.request_id);
    auto answer = co_await ask_what_became(*step.request, deadline, false);
    if (answer.kind == Answer::Kind::unavailable) answer.kind = Answer::Kind::pending;
    co_return answer;
}

boost::asio::awaitable<Answer> PaymentService::Impl::ask_what_became(const AcquirerRequest& request,
                                                                     Deadline deadline, bool once) {
    std::chrono::milliseconds pause{50};
    for (;;) {
        auto reply = co_await vault->find_exchange(request.scope.account, request.id, deadline);
        auto kind = Answer::Kind::unavailable;
        if (reply && reply->state != State::pending) co_return answer_of(*std::move(reply));
        if (reply) kind = Answer::Kind::pending;
        if (!reply && reply.error().cause() == Cause::not_found) {
            // The vault never saw it, and from now on refuses it.
            vault::Exchange never;
            never.state = State::not_sent;
            never.request_id = request.id;
            co_return answer_of(std::move(never));
        }
        if (once || deadline.passed()) co_return without_answer(kind);
        co_await pause_for(std::min(pause, std::max(deadline.left(), std::chrono::milliseconds{1})));
        pause = std::min(pause * 2, std::chrono::milliseconds{1000});
    }
}

// An advice or a refund is never taken back: the same id is given to the vault until it has it.
boost::asio::awaitable<Answer> PaymentService::Impl::send_promise(const AcquirerRequest& request,
                                                                  Deadline deadline, bool once) {
    const bool refunds = request.purpose == Purpose::refund;
    const auto patience = deadline.at_most(refunds ? refund_wait_max : advice_wait_max);
    std::chrono::milliseconds pause{50};
    for (;;) {
        common::Result<vault::Exchange> reply;
        if (request.purpose == Purpose::capture) {
            auto message = capture_message(request);
            reply = co_await vault->capture(std::move(message), deadline);
        } else if (refunds) {
            auto message = refund_message(request);
            reply = co_await vault->refund(std::move(message), patience);
        } else {
            auto message = reversal_message(request);
            reply = co_await vault->reverse(std::move(message), deadline);
        }
        if (reply) co_return answer_of(*std::move(reply));
        if (once) co_return without_answer(Answer::Kind::unavailable);
        if (patience.passed()) co_return without_answer(Answer::Kind::pending);
        co_await pause_for(pause);
        pause = std::min(pause * 2, std::chrono::milliseconds{1000});
    }
}

}  // namespace gateway
