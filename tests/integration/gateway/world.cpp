#include "world.h"

#include "common/crypto.h"
#include "common/db/migrate.h"
#include "gateway/ledger/ledger.h"
#include "gateway/store/events.h"
#include "gateway/store/payments.h"
#include "support/postgres.h"

namespace tests {

namespace asio = boost::asio;
using State = vault::Exchange::State;

namespace {

Task<vault::Exchange> give(vault::Exchange exchange) {
    co_return exchange;
}
Task<vault::Exchange> give(common::Error error) {
    co_return common::Fail{std::move(error)};
}

common::Error no_such_exchange() {
    return common::Error{404, common::ErrorType::invalid_request, "resource_missing", "No such exchange."}
        .with_cause(Cause::not_found);
}

asio::awaitable<void> wait(std::chrono::milliseconds duration) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_after(duration);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

Task<vault::Exchange> hang() {
    for (;;)
        co_await wait(std::chrono::hours{1});
}

Task<vault::Exchange> later(std::chrono::milliseconds delay, vault::Exchange exchange) {
    co_await wait(delay);
    co_return exchange;
}

Task<vault::Exchange> play(FakeVault::Mode mode, std::chrono::milliseconds delay, vault::Exchange exchange) {
    switch (mode) {
        case FakeVault::Mode::lost:
            return give(common::Error::unavailable("lost", Cause::outcome_unknown));
        case FakeVault::Mode::misreported:
            return give(common::Error::unavailable("not reached"));
        case FakeVault::Mode::silent: {
            exchange.state = State::pending;
            return give(std::move(exchange));
        }
        case FakeVault::Mode::hang_after:
            return hang();
        default:
            break;
    }
    return delay.count() > 0 ? later(delay, std::move(exchange)) : give(std::move(exchange));
}

}  // namespace

Task<vault::Card> FakeVault::create_card(vault::NewCard card, Deadline) {
    if (!card.sandbox_id.empty()) sandbox_ids.push_back(card.sandbox_id);
    static const std::set<std::string> templates{"", "pm_card_visa", "tok_visa",
                                                 "tok_chargeDeclinedIncorrectCvc"};
    if (!templates.contains(card.sandbox_id))
        co_return common::Fail{common::Error::invalid("resource_missing", "sandbox_id", "No such object.")
                                   .with_cause(Cause::not_found)};
    if (card.number.view() == "4242424242424241") {
        common::Error error{402, common::ErrorType::card, "incorrect_number",
                            "Your card number is incorrect."};
        co_return common::Fail{std::move(error).with_param("number")};
    }
    ++cards;
    vault::Card made;
    made.token = "vt_test_" + std::to_string(cards);
    made.brand = "visa";
    made.last4 = "4242";
    made.funding = "credit";
    made.country = "US";
    made.fingerprint = "abcdefghijklmnop";
    made.exp_month = 12;
    made.exp_year = 2034;
    made.cvc_handle = "cvc";
    made.authentication = authentication;
    made.risk = risk;
    co_return made;
}

Task<vault::SecurityCode> FakeVault::hold_security_code(vault::NewSecurityCode, Deadline) {
    co_return vault::SecurityCode{"cvc_alone"};
}

Task<vault::Exchange> FakeVault::authorize(vault::AuthorizationRequest request, Deadline) {
    if (authorize_mode == Mode::unavailable) return give(common::Error::unavailable("not reached"));
    if (authorize_mode == Mode::hang_before) return hang();
    vault::Exchange exchange;
    exchange.request_id = request.request_id;
    if (refused.contains(request.request_id)) {
        exchange.state = State::not_sent;
        return give(std::move(exchange));
    }
    if (const auto found = exchanges.find(request.request_id); found != exchanges.end())
        return give(found->second);
    ++authorizations;
    authorized_codes.push_back(request.cvc_handle);
    exchange.state = authorize_state;
    exchange.response_code = authorize_code;
    exchange.authorization_code = "A1B2C3";
    exchange.rrn = "532900000001";
    exchange.cvc_result = "M";
    exchange.network_transaction_id = "123456789012345";
    exchange.approved_amount = approved_amount > 0 ? approved_amount : request.amount;
    if (authorize_state == State::answered && authorize_code == "00")
        held[request.request_id] = exchange.approved_amount;
    exchanges[request.request_id] = exchange;
    return play(authorize_mode, delay, exchange);
}

Task<vault::Exchange> FakeVault::capture(vault::CaptureRequest request, Deadline) {
    if (capture_mode == Mode::unavailable) return give(common::Error::unavailable("not reached"));
    if (capture_mode == Mode::hang_before) return hang();
    if (const auto found = exchanges.find(request.request_id); found != exchanges.end())
        return give(found->second);
    vault::Exchange exchange;
    exchange.state = State::answered;
    exchange.request_id = request.request_id;
    exchange.response_code = capture_code;
    if (capture_code == "00") {
        ++captures;
        EXPECT_LE(request.amount, held.at(request.authorization_id)) << "captured more than was held";
        captured[request.authorization_id] += request.amount;
        captured_of_[request.request_id] = request.authorization_id;
        auto& left = held[request.authorization_id];
        left = request.sequence == request.count ? 0 : left - request.amount;
    }
    exchanges[request.request_id] = exchange;
    return play(capture_mode, {}, exchange);
}

Task<vault::Exchange> FakeVault::reverse(vault::ReversalRequest request, Deadline) {
    if (reverse_mode == Mode::unavailable) return give(common::Error::unavailable("not reached"));
    if (reverse_mode == Mode::hang_before) return hang();
    if (const auto found = exchanges.find(request.request_id); found != exchanges.end())
        return give(found->second);
    ++reversals;
    vault::Exchange exchange;
    exchange.state = State::answered;
    exchange.request_id = request.request_id;
    exchange.response_code = "00";
    held[request.authorization_id] = 0;
    exchanges[request.request_id] = exchange;
    return play(reverse_mode, {}, exchange);
}

Task<vault::Exchange> FakeVault::refund(vault::RefundRequest request, Deadline) {
    if (refund_mode == Mode::unavailable) return give(common::Error::unavailable("not reached"));
    if (refund_mode == Mode::hang_before) return hang();
    vault::Exchange exchange;
    exchange.kind = vault::Exchange::Kind::refund;
    exchange.request_id = request.request_id;
    if (refused.contains(request.request_id)) {
        exchange.state = State::not_sent;
        return give(std::move(exchange));
    }
    if (const auto found = exchanges.find(request.request_id); found != exchanges.end())
        return give(found->second);
    const auto capture = captured_of_.find(request.capture_id);
    if (capture == captured_of_.end()) return give(no_such_exchange());
    ++refunds;
    auto& already = refunded[capture->second];
    exchange.state = refund_state;
    exchange.rrn = "532900000002";
    if (refund_state == State::answered) {
        const bool too_much = already + request.amount > captured.at(capture->second);
        exchange.response_code = too_much && refund_code == "00" ? "61" : refund_code;
    }
    if (exchange.approved()) already += exchange.approved_amount = request.amount;
    exchanges[request.request_id] = exchange;
    return play(refund_mode, delay, exchange);
}

Task<vault::Exchange> FakeVault::find_exchange(common::AccountId, std::string request_id, Deadline) {
    if (find_unavailable) return give(common::Error::unavailable("not reached"));
    const auto found = exchanges.find(request_id);
    if (found != exchanges.end()) return give(found->second);
    refused.insert(request_id);
    return give(no_such_exchange());
}

boost::json::object json_of(const StoredResponse& response) {
    return boost::json::parse(response.body).as_object();
}

World::World() {
    static const std::string url = [] {
        auto& postgres = Postgres::instance();
        postgres.run("CREATE ROLE gateway LOGIN NOSUPERUSER NOBYPASSRLS");
        postgres.run("CREATE ROLE gateway_owner LOGIN NOSUPERUSER NOBYPASSRLS");
        postgres.create_database("gateway_test");
        postgres.run("ALTER DATABASE gateway_test OWNER TO gateway_owner");
        postgres.run("ALTER SCHEMA public OWNER TO gateway_owner", "gateway_test");
        const auto migrated = common::db::migrate(postgres.url("gateway_test", "gateway_owner"),
                                                  PORTCULLIS_SOURCE_DIR "/gateway/store/migrations");
        if (!migrated) throw std::runtime_error{migrated.error().describe()};
        return postgres.url("gateway_test", "gateway");
    }();
    common::db::Pool::Options options;
    options.url = url;
    options.connections = 4;
    pool = std::make_unique<common::db::Pool>(options, metrics);
    merchants =
        std::make_unique<gateway::Merchants>(*pool, common::SecretBytes::copy_of(pepper.bytes()), clock);
    gateway::Account relaxed;
    relaxed.name = "Relaxed";
    relaxed.authentication_mode = "delegated";
    account = merchants->create_account(relaxed).value().id;
    gateway::Account standard;
    standard.name = "Strict";
    strict = merchants->create_account(standard).value().id;
    restart();
}

World::~World() = default;

void World::restart() {
    service.reset();
    io = std::make_unique<asio::io_context>(1);
    service = std::make_unique<gateway::PaymentService>(*pool, vault, renderer, clock);
}

void World::run_until_hanging_and_crash(Task<StoredResponse> task) {
    bool ended = false;
    asio::co_spawn(*io, std::move(task),
                   [&ended](std::exception_ptr, Result<StoredResponse>) { ended = true; });
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    const auto hangs = [&] {
        const bool before = vault.authorize_mode == FakeVault::Mode::hang_before ||
                            vault.capture_mode == FakeVault::Mode::hang_before ||
                            vault.refund_mode == FakeVault::Mode::hang_before;
        // Rows are committed before the vault is asked, so an open one and a quiet pool mean that it hangs
        // there.
        return (before || !vault.exchanges.empty()) &&
               count("SELECT count(*) FROM acquirer_requests WHERE state = 'open' AND account_id = " +
                     std::to_string(account.value)) > 0;
    };
    io->restart();
    while (!hangs() && std::chrono::steady_clock::now() < until)
        io->run_for(std::chrono::milliseconds{20});
    io->run_for(std::chrono::milliseconds{300});
    ASSERT_FALSE(ended);
    io.reset();  // destroys the coroutine where it stands
    vault.authorize_mode = vault.capture_mode = vault.reverse_mode = vault.refund_mode =
        FakeVault::Mode::normal;
    restart();
}

Call World::call(std::string key, std::string path, std::string parameters) {
    Call made;
    made.scope = scope_of(account);
    made.request_id = "req_" + std::to_string(++calls_);
    if (key.empty()) key = gateway::IdempotencyKey::for_request(made.request_id);
    made.idempotency = {std::move(key), "POST", std::move(path), std::move(parameters)};
    made.api_version = "2026-10-28.endive";
    made.deadline = Deadline::in(std::chrono::seconds{30});
    return made;
}

gateway::CreateIntent World::intent(std::int64_t amount, gateway::CaptureMethod method, bool confirm) {
    gateway::CreateIntent input;
    input.intent.amount = amount;
    input.intent.currency = *common::Currency::find("eur");
    input.intent.capture_method = method;
    if (confirm) input.confirm = with_card();
    return input;
}

gateway::ConfirmIntent World::with_card() const {
    gateway::ConfirmIntent input;
    input.payment_method = "pm_card_visa";
    return input;
}

std::string World::new_intent(std::int64_t amount, gateway::CaptureMethod method) {
    const auto made = run(service->create_intent(call(), intent(amount, method)));
    if (!made) throw std::runtime_error{made.error().describe()};
    return std::string{json_of(*made).at("id").as_string()};
}

std::string World::authorized_intent(std::int64_t amount) {
    const auto made =
        run(service->create_intent(call(), intent(amount, gateway::CaptureMethod::manual, true)));
    if (!made) throw std::runtime_error{made.error().describe()};
    return std::string{json_of(*made).at("id").as_string()};
}

gateway::PaymentView World::find(const std::string& id) {
    return as(account,
              [&](gateway::store::Transaction& tx) -> Result<gateway::PaymentView> {
                  auto view = gateway::payments::find(tx, scope_of(account), id);
                  if (view && view->intent.payment_method)
                      view->method = gateway::store::find<gateway::PaymentMethod>(
                          tx, scope_of(account), *view->intent.payment_method);
                  if (view && view->intent.latest_charge)
                      view->latest_charge = gateway::store::find<gateway::Charge>(
                          tx, scope_of(account), *view->intent.latest_charge);
                  return view;
              })
        .value();
}

int World::recover() {
    clock.advance(std::chrono::seconds{90});
    return run(service->recover(100)).value();
}

std::int64_t World::count(const std::string& sql) {
    pqxx::connection connection{Postgres::instance().url("gateway_test")};
    pqxx::nontransaction work{connection};
    return work.exec(sql)[0][0].as<std::int64_t>();
}

std::vector<std::string> World::event_types() {
    auto job = [this](gateway::store::Transaction& tx) -> Result<std::vector<std::string>> {
        gateway::store::enter(tx, account);
        std::vector<std::string> types;
        for (const auto& event : gateway::store::events_after(tx, scope_of(account), 0, 10'000))
            types.push_back(event.type);
        return types;
    };
    return pool->transaction_blocking(job).value();
}

void World::expect_consistent() {
    const auto of_account = " AND account_id = " + std::to_string(account.value);
    auto job = [this](gateway::store::Transaction& tx) -> Result<std::int64_t> {
        gateway::store::enter(tx, account);
        for (const auto& [currency, total] :
             gateway::ledger::trial_balance(gateway::ledger::balances(tx, scope_of(account))))
            EXPECT_EQ(total.difference(), 0) << currency;
        return std::int64_t{0};
    };
    EXPECT_TRUE(pool->transaction_blocking(job));
    expect_balance();
    EXPECT_EQ(count("SELECT count(*) FROM acquirer_requests WHERE state <> 'done'" + of_account), 0);
    EXPECT_EQ(count("SELECT count(*) FROM payment_intents WHERE in_flight IS NOT NULL" + of_account), 0);
    EXPECT_EQ(count("SELECT count(*) FROM charges WHERE status = 'pending'" + of_account), 0);
    EXPECT_EQ(count("SELECT count(*) FROM setup_intents WHERE in_flight IS NOT NULL" + of_account), 0);
    EXPECT_EQ(count("SELECT count(*) FROM setup_attempts WHERE status = 'processing'" + of_account), 0);
    // What the ledger, the charges and the acquirer say was captured, and what is held.
    const auto captured = vault.captured_sum();
    EXPECT_EQ(count("SELECT coalesce(sum(amount_captured), 0)::bigint FROM charges WHERE true" + of_account),
              captured);
    EXPECT_EQ(count("SELECT coalesce(sum(amount_received), 0)::bigint FROM payment_intents WHERE true" +
                    of_account),
              captured);
    EXPECT_EQ(count("SELECT coalesce(sum(posted), 0)::bigint FROM ledger_transfers"
                    " WHERE debit_account = 'acq_recv'" +
                    of_account),
              captured);
    EXPECT_EQ(count("SELECT coalesce(sum(amount), 0)::bigint FROM ledger_transfers WHERE state = 'pending'" +
                    of_account),
              vault.held_sum());
    // What went back to cards.
    EXPECT_EQ(count("SELECT coalesce(sum(refunds), 0)::bigint FROM charges WHERE true" + of_account),
              vault.refunded_sum());
    EXPECT_EQ(count("SELECT coalesce(sum(refund_pending), 0)::bigint FROM charges WHERE true" + of_account),
              0);
    EXPECT_EQ(count("SELECT coalesce(sum(posted), 0)::bigint FROM ledger_transfers"
                    " WHERE credit_account = 'acq_recv'" +
                    of_account),
              vault.refunded_sum());
    EXPECT_EQ(count("SELECT coalesce(sum(amount), 0)::bigint FROM refunds WHERE status = 'succeeded'"
                    " AND document ->> 'balance_transaction' IS NOT NULL" +
                    of_account),
              vault.refunded_sum());
    EXPECT_EQ(count("SELECT coalesce(sum(amount_capturable), 0)::bigint FROM payment_intents WHERE true" +
                    of_account),
              vault.held_sum());
    EXPECT_EQ(count("SELECT coalesce(max(sequence), 0) - count(*) FROM events WHERE true" + of_account), 0)
        << "a gap";
    EXPECT_EQ(count("SELECT count(*) FROM idempotency_keys WHERE NOT finished" + of_account), 0);
}

void World::expect_balance() {
    const auto of_account = " AND account_id = " + std::to_string(account.value);
    const auto funds =
        as(account,
           [this](gateway::store::Transaction& tx) -> Result<std::map<std::string, gateway::ledger::Funds>> {
               return gateway::ledger::funds(gateway::ledger::balances(tx, scope_of(account)));
           })
            .value();
    std::int64_t available = 0, pending = 0;
    for (const auto& [currency, amounts] : funds) {
        available += amounts.available;
        pending += amounts.pending;
    }
    const auto sum = [&](const std::string& what, const std::string& where) {
        return count("SELECT coalesce(sum(" + what + "), 0)::bigint FROM balance_transactions WHERE " +
                     where + of_account);
    };
    EXPECT_EQ(sum("net", "status = 'available'"), available);
    EXPECT_EQ(sum("net", "status = 'pending'"), pending);
    EXPECT_EQ(sum("amount", "type = 'charge'"), vault.captured_sum());
    EXPECT_EQ(sum("amount", "type = 'refund'"), -vault.refunded_sum());
    // What is on its way to the bank, and what has left for it.
    const auto payouts = [&](const std::string& statuses) {
        return count("SELECT coalesce(sum(amount), 0)::bigint FROM payouts WHERE status IN (" + statuses +
                     ")" + of_account);
    };
    const auto booked = [&](const std::string& name) {
        return count("SELECT coalesce(sum(CASE WHEN credit_account = '" + name +
                     "' THEN posted ELSE -posted END), 0)::bigint FROM ledger_transfers WHERE '" + name +
                     "' IN (debit_account, credit_account)" + of_account);
    };
    EXPECT_EQ(booked("m_hold"), payouts("'pending'"));
    EXPECT_EQ(booked("bank"), payouts("'in_transit', 'paid'"));
    EXPECT_EQ(sum("net", "payout IS NOT NULL"), -payouts("'pending', 'in_transit', 'paid'"));
    EXPECT_EQ(count("SELECT count(*) FROM payouts p WHERE 1 + (status IN ('canceled', 'failed'))::int <>"
                    " (SELECT count(*) FROM balance_transactions b WHERE b.account_id = p.account_id"
                    " AND b.payout = p.id AND b.id IN (p.document ->> 'balance_transaction',"
                    " p.document ->> 'failure_balance_transaction'))" +
                    of_account),
              0);
    // The bank has no order that the gateway does not know to be sent, nor another amount.
    EXPECT_EQ(count("SELECT count(*) FROM sandbox_bank_orders o WHERE NOT EXISTS (SELECT 1 FROM payouts p"
                    " WHERE p.account_id = o.account_id AND p.id = o.payout AND p.amount = o.amount"
                    " AND p.status IN ('in_transit', 'paid', 'failed'))" +
                    of_account),
              0);
    EXPECT_EQ(sum("fee", "true"), count("SELECT coalesce(sum(posted), 0)::bigint FROM ledger_transfers"
                                        " WHERE credit_account = 'fee_inc'" +
                                        of_account));
    EXPECT_EQ(
        count("SELECT count(*) FROM charges c WHERE amount_captured <> (SELECT coalesce(sum(b.amount), 0)"
              " FROM balance_transactions b WHERE b.account_id = c.account_id AND b.source = c.id"
              " AND b.type = 'charge')" +
              of_account),
        0);
    EXPECT_EQ(count("SELECT count(*) FROM charges c WHERE (amount_captured > 0) <> EXISTS (SELECT 1 FROM"
                    " balance_transactions b WHERE b.account_id = c.account_id AND b.source = c.id"
                    " AND b.id = c.document ->> 'balance_transaction')" +
                    of_account),
              0);
}

}  // namespace tests
