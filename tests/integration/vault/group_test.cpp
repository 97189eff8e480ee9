// Two vaults as processes on one database, with the simulated acquirer behind them.
#include "vault/client/group.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/vault/processes.h"
#include "support/scrape.h"

namespace {

using namespace std::chrono_literals;
using common::Deadline;
using testing::HasSubstr;
using vault::Exchange;
using vault_test::value_of;

class VaultGroup : public testing::Test {
  protected:
    vault::Group group_of(std::vector<vault::Group::Vault> members) {
        return vault::Group{io, std::move(members), vaults.identities.client("gateway"), metrics};
    }
    static vault::Group::Vault member(const std::string& name, unsigned short port) {
        return {name, vault_test::client_of(port)};
    }
    static vault::NewCard typed() {
        vault::NewCard card;
        card.account = account;
        card.number = common::SecretText{"4242424242424242"};
        card.cvc = common::SecretText{"123"};
        card.exp_month = 12, card.exp_year = 2040;
        return card;
    }
    static vault::AuthorizationRequest order(const vault::Card& card, const std::string& cvc_handle) {
        vault::AuthorizationRequest request;
        request.request_id = common::new_id("areq_", account);
        request.account = account;
        request.card_token = card.token;
        request.cvc_handle = cvc_handle;
        request.amount = 1099;
        request.currency = "eur";
        request.merchant = {"5734", "276", "TERM0001", "MERCHANT0000001", "Shop", "Berlin", "DE"};
        return request;
    }
    template <class T>
    T got(common::Task<T> task) {
        auto answer = vault_test::wait_on(io, std::move(task));
        if (!answer) throw std::runtime_error{answer.error().describe()};
        return std::move(*answer);
    }
    static Deadline soon() { return Deadline::in(15s); }
    // What the host says of the security code: "M" when there was a good one, "" or "U" when there was none.
    static bool had_code(const Exchange& exchange) { return exchange.cvc_result == "M"; }
    void wait_until_linked(vault::Group& group) {
        for (int tries = 0; tries < 100; ++tries) {
            const auto answer = vault_test::wait_on(
                io, group.authorize(order(got(group.create_card(typed(), soon())), ""), soon()));
            if (answer && answer->approved()) return;
            std::this_thread::sleep_for(100ms);
        }
        throw std::runtime_error{"no link to the acquirer"};
    }

    static constexpr common::AccountId account{4711};
    vault_test::Vaults vaults;
    common::Metrics metrics;
    boost::asio::io_context io;
};

TEST_F(VaultGroup, ServesAsOneAndSurvivesAnyOne) {
    auto first = vaults.start("one");
    const auto second = vaults.start("two");
    const auto first_port = vaults.port_of(*first), second_port = vaults.port_of(*second);
    auto one = group_of({member("one", first_port)}), two = group_of({member("two", second_port)});
    auto both = group_of({member("one", first_port), member("two", second_port)});
    wait_until_linked(one);
    wait_until_linked(two);

    // What one stored the other has.
    const auto card = got(one.create_card(typed(), soon()));
    EXPECT_EQ(got(two.find_card(account, card.token, soon())).last4, "4242");
    EXPECT_TRUE(got(two.authorize(order(card, ""), soon())).approved());
    // The merchant key that both now have in memory is the same.
    EXPECT_EQ(value_of("SELECT count(*) FROM merchant_key"), "1");

    // Both work.
    std::set<std::string> used;
    for (int i = 0; i < 4; ++i)
        used.emplace(vault::vault_of_cvc_handle(got(both.create_card(typed(), soon())).cvc_handle));
    EXPECT_EQ(used, (std::set<std::string>{"one", "two"}));

    // The security code goes to the vault that has it, whichever the group would ask first.
    for (auto* taken_by : {&one, &two}) {
        const auto coded = got(taken_by->create_card(typed(), soon()));
        EXPECT_EQ(vault::vault_of_cvc_handle(coded.cvc_handle), taken_by == &one ? "one" : "two");
        EXPECT_TRUE(had_code(got(both.authorize(order(coded, coded.cvc_handle), soon()))));
        EXPECT_FALSE(had_code(got(both.authorize(order(coded, coded.cvc_handle), soon()))))
            << "given out once";
    }
    // The other vault, and a group without the one that has it, send the authorization without.
    const auto coded = got(one.create_card(typed(), soon()));
    const auto without = got(two.authorize(order(coded, coded.cvc_handle), soon()));
    EXPECT_TRUE(without.approved());
    EXPECT_FALSE(had_code(without));
    EXPECT_EQ(metrics.counter_value("vault_group_cvc_lost_total"), 1);

    const auto lost = got(one.create_card(typed(), soon()));
    first->signal(SIGKILL);
    first->wait();
    const auto after = got(both.authorize(order(lost, lost.cvc_handle), soon()));
    EXPECT_TRUE(after.approved()) << "an authorization goes on without its security code";
    EXPECT_FALSE(had_code(after));
    for (int i = 0; i < 5; ++i) {
        const auto made = got(both.create_card(typed(), soon()));
        EXPECT_EQ(made.fingerprint, card.fingerprint);
        EXPECT_TRUE(had_code(got(both.authorize(order(made, made.cvc_handle), soon()))));
    }
    const auto seen = support::scrape(metrics.serve(0).value());
    EXPECT_THAT(seen, HasSubstr("vault_group_member_up{vault=\"one\"} 0"));
    EXPECT_THAT(seen, HasSubstr("vault_group_member_up{vault=\"two\"} 1"));
    EXPECT_TRUE(got(both.healthy(soon()))) << "one is enough";
    EXPECT_FALSE(vault_test::wait_on(io, one.healthy(soon())));
    vault::CardSearch same;
    same.account = account;
    same.fingerprint = card.fingerprint;
    EXPECT_GE(got(both.search_cards(same, soon())).cards.size(), 8U);
    vault::CardUpdate change;
    change.account = account;
    change.token = card.token;
    change.exp_month = 1, change.exp_year = 2041;
    change.metadata = {{"order", "77"}};
    const auto updated = got(both.update_card(change, soon()));
    EXPECT_EQ(updated.exp_year, 2041);
    EXPECT_EQ(updated.metadata, change.metadata);
    EXPECT_TRUE(got(both.erase_card(account, card.token, soon())));
    EXPECT_TRUE(got(both.erase_card(account, card.token, soon())));
    const auto erased = vault_test::wait_on(io, both.find_card(account, card.token, soon()));
    ASSERT_FALSE(erased);
    EXPECT_EQ(erased.error().to_json().at("error").at("cause"), "erased");

    // The only one of a group has no name, and is asked whatever a handle names.
    auto only = group_of({member("", second_port)});
    const auto named = got(two.create_card(typed(), soon()));
    EXPECT_TRUE(had_code(got(only.authorize(order(named, named.cvc_handle), soon()))));

    // It comes back, and is asked again.
    first = vaults.start("three");
    auto again = group_of({member("three", vaults.port_of(*first)), member("two", second_port)});
    const auto back = got(again.create_card(typed(), soon()));
    EXPECT_EQ(vault::vault_of_cvc_handle(back.cvc_handle), "three");
}

// 200003: the simulated acquirer takes the message and closes the connection.
TEST_F(VaultGroup, RefundsOnceWhateverBecomesOfTheConnection) {
    const auto first = vaults.start("one"), second = vaults.start("two");
    auto both = group_of({member("one", vaults.port_of(*first)), member("two", vaults.port_of(*second))});
    wait_until_linked(both);
    const auto card = got(both.create_card(typed(), soon()));
    auto payment = order(card, card.cvc_handle);
    payment.amount = 500'000;
    ASSERT_TRUE(got(both.authorize(payment, soon())).approved());
    const vault::CaptureRequest capture{common::new_id("areq_", account), payment.request_id, account,
                                        500'000};
    ASSERT_TRUE(got(both.capture(capture, soon())).approved());
    const auto refund = [&](std::int64_t amount) {
        return vault::RefundRequest{common::new_id("areq_", account), capture.request_id, account, amount,
                                    "duplicate"};
    };
    const auto part = refund(1'000);
    const auto refunded = got(both.refund(part, soon()));
    EXPECT_TRUE(refunded.approved());
    EXPECT_EQ(got(both.refund(part, soon())).stan, refunded.stan);
    EXPECT_EQ(got(both.refund(refund(499'001), soon())).response_code, "61");

    const auto failovers = metrics.counter_value("vault_group_failovers_total");
    const auto lost = refund(200'003);
    EXPECT_EQ(got(both.refund(lost, soon())).state, Exchange::State::reversed);
    // The acquirer has all of it again as soon as it has acknowledged the reversal.
    const auto rest = refund(499'000);
    auto last = vault_test::wait_on(io, both.refund(rest, soon()));
    for (int tries = 0; tries < 150 && (!last || last->state == Exchange::State::pending); ++tries) {
        if (!last) EXPECT_EQ(last.error().cause(), common::Cause::unavailable);
        std::this_thread::sleep_for(100ms);
        last = vault_test::wait_on(io, both.refund(rest, soon()));
    }
    ASSERT_TRUE(last) << last.error().describe();
    EXPECT_TRUE(last->approved()) << last->response_code;
    EXPECT_EQ(got(both.find_exchange(account, lost.request_id, soon())).state, Exchange::State::reversed);
    EXPECT_EQ(metrics.counter_value("vault_group_failovers_total"), failovers) << "no vault has failed";
    const auto unknown =
        vault_test::wait_on(io, both.refund({"areq_none", "areq_other", account, 1, ""}, soon()));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().cause(), common::Cause::not_found);
}

}  // namespace
