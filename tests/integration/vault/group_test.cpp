// Two vaults as processes on one database, with the simulated acquirer behind them.
#include "vault/client/group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/vault/environment.h"
#include "support/process.h"

namespace {

using namespace std::chrono_literals;
using common::Deadline;
using support::Process;
using vault::Exchange;
using vault_test::value_of;

unsigned short port_in(const Process& process, std::string_view event) {
    if (!process.says(event)) throw std::runtime_error{"not started: " + process.err()};
    const auto log = process.err();
    constexpr std::string_view mark = "\"port\":\"";
    return static_cast<unsigned short>(std::stoi(log.substr(log.find(mark, log.find(event)) + mark.size())));
}

class VaultGroup : public testing::Test {
  protected:
    static std::vector<std::string> words(const char* program, const std::vector<std::string>& settings) {
        std::vector<std::string> all{program, "serve"};
        for (const auto& setting : settings)
            all.insert(all.end(), {"--set", setting});
        return all;
    }
    std::vector<std::string> acquirer_settings() const {
        return {"server.port=0",
                "server.certificate=" + identities.file("acquirer.pem"),
                "server.key=" + identities.file("acquirer.key"),
                "server.ca=" + identities.file("ca.pem"),
                std::string{"simulator.cards_file="} + PORTCULLIS_SIMULATOR_CARDS,
                "simulator.journal_file=" + identities.file("journal")};
    }
    std::vector<std::string> vault_settings(const std::string& name) const {
        auto settings = vault_test::vault_settings(identities, token);
        std::erase(settings, "acquirer.port=1");
        settings.push_back("acquirer.port=" + std::to_string(acquirer_port));
        settings.push_back("vault.name=" + name);
        return settings;
    }
    std::unique_ptr<Process> start_vault(const std::string& name) const {
        return std::make_unique<Process>(words(PORTCULLIS_VAULT_PROGRAM, vault_settings(name)));
    }
    vault::Group group_of(std::vector<vault::Group::Vault> members) {
        return vault::Group{io, std::move(members), identities.client("gateway"), metrics};
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
    support::SoftHsm token;
    vault_test::Identities identities;
    common::Metrics metrics;
    boost::asio::io_context io;
    unsigned short acquirer_port = 0;
};

TEST_F(VaultGroup, ServesAsOneAndSurvivesAnyOne) {
    vault_test::make_database();
    const Process acquirer{words(PORTCULLIS_ACQUIRER_PROGRAM, acquirer_settings())};
    acquirer_port = port_in(acquirer, "\"acquirer ready\"");
    auto first = start_vault("one");
    const auto second = start_vault("two");
    const auto first_port = port_in(*first, "\"vault listens\""),
               second_port = port_in(*second, "\"vault listens\"");
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

    // It comes back, and is asked again.
    first = start_vault("three");
    auto again =
        group_of({member("three", port_in(*first, "\"vault listens\"")), member("two", second_port)});
    const auto back = got(again.create_card(typed(), soon()));
    EXPECT_EQ(vault::vault_of_cvc_handle(back.cvc_handle), "three");
}

}  // namespace
