// One gateway before two vaults on one database, of which one dies.
#include <future>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/vault/processes.h"
#include "program.h"
#include "vault/client/group.h"

namespace gateway_program {
namespace {

using common::http::Method;
using common::http::Response;
using ::testing::HasSubstr;

boost::json::object json(const std::string& text) {
    return boost::json::parse(text).as_object();
}

std::string text(const boost::json::value& value) {
    return value.is_string() ? std::string{value.as_string()} : boost::json::serialize(value);
}

class GatewayOfTwoVaults : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(gateway.run({"migrate"}).code, 0);
        const auto made = gateway.run({"provision", "--name", "Test shop", "--mode", "delegated"});
        ASSERT_EQ(made.code, 0) << made.err;
        key = text(json(made.out).at("secret_key"));
        const auto peers = peer("one", *one) + ',' + peer("two", *two);
        const auto file = [this](const char* name) { return vaults.identities.file(name); };
        gateway.serve({"--set", "rate_limit.requests_per_second=0", "--set", "vault.peers=" + peers, "--set",
                       "vault.ca=" + file("ca.pem"), "--set", "vault.certificate=" + file("gateway.pem"),
                       "--set", "vault.key=" + file("gateway.key")});
        wait_until_linked();
    }
    static std::string peer(const std::string& name, const support::Process& vault) {
        return name + "=localhost:" + std::to_string(vault_test::Vaults::port_of(vault));
    }
    Response post(const std::string& path, const std::string& form, const std::string& idempotency_key = "") {
        return gateway.send(Method::post, "/v1/" + path, form, key, idempotency_key);
    }
    // A card with its security code, and the vault that has the code.
    struct CodedCard {
        std::string id, vault;
    };
    CodedCard payment_method() {
        const auto made = post("payment_methods",
                               "type=card&card[number]=4242424242424242&card[exp_month]=12&"
                               "card[exp_year]=2034&card[cvc]=123");
        if (made.status != 200) throw std::runtime_error{made.body};
        const auto id = text(json(made.body).at("id"));
        pqxx::connection connection{tests::Postgres::instance().url("gateway")};
        pqxx::work work{connection};
        const std::string handle = work.exec1(
                                           "SELECT document::jsonb #>> '{card,cvc_handle}' "
                                           "FROM payment_methods WHERE id = " +
                                           work.quote(id))[0]
                                       .c_str();
        return {id, std::string{vault::vault_of_cvc_handle(handle)}};
    }
    Response pay(const std::string& method, const std::string& idempotency_key = "") {
        return post("payment_intents",
                    "amount=1099&currency=eur&confirm=true&expand[]=latest_charge&payment_method=" + method,
                    idempotency_key);
    }
    static std::string status(const Response& response) {
        return response.status == 200 ? text(json(response.body).at("status")) : response.body;
    }
    static std::string cvc_check(const Response& response) {
        const auto paid = json(response.body);
        return text(
            paid.at("latest_charge").at("payment_method_details").at("card").at("checks").at("cvc_check"));
    }
    // How a payment ends for a client that asks again, under the same key, until it has an answer.
    std::string settled(const std::string& idempotency_key) {
        const auto method = payment_method();
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{120};
        auto answer = pay(method.id, idempotency_key);
        while (answer.status == 503 || answer.status == 409 || status(answer) == "processing") {
            if (std::chrono::steady_clock::now() > until) return "never definite: " + answer.body;
            std::this_thread::sleep_for(std::chrono::milliseconds{200});
            answer = answer.status == 200
                         ? gateway.send(Method::get,
                                        "/v1/payment_intents/" + text(json(answer.body).at("id")), {}, key)
                         : pay(method.id, idempotency_key);
        }
        if (answer.status != 402) return status(answer);
        return text(json(answer.body).at("error").at("payment_intent").at("status"));
    }
    // Authorizations that stand at the acquirer.
    static int approved() {
        return std::stoi(
            vault_test::value_of("SELECT count(*) FROM exchange WHERE kind = 'authorization' "
                                 "AND state = 'answered' AND response_code = '00'"));
    }
    // Each vault has a line to the acquirer when it has authorized something.
    void wait_until_linked() {
        std::set<std::string> linked;
        for (int tries = 0; tries < 200; ++tries) {
            const auto method = payment_method();
            if (status(pay(method.id)) == "succeeded") linked.insert(method.vault);
            if (linked.size() == 2) return;
        }
        throw std::runtime_error{"a vault has no link to the acquirer"};
    }

    Program gateway;
    vault_test::Vaults vaults;
    std::unique_ptr<support::Process> one = vaults.start("one"), two = vaults.start("two");
    std::string key;
};

TEST_F(GatewayOfTwoVaults, GoesOnWithOneOfThemAndLosesNoPayment) {
    // Each gets cards, and each security code is asked for where it is.
    std::set<std::string> used;
    for (int i = 0; i < 4; ++i) {
        const auto method = payment_method();
        used.insert(method.vault);
        const auto paid = pay(method.id);
        EXPECT_EQ(status(paid), "succeeded");
        EXPECT_EQ(cvc_check(paid), "pass");
    }
    EXPECT_EQ(used, (std::set<std::string>{"one", "two"}));

    auto doomed = payment_method();
    while (doomed.vault != "one")
        doomed = payment_method();
    one->signal(SIGKILL);
    one->wait();
    EXPECT_EQ(gateway.send(Method::get, "/healthz").status, 200);
    EXPECT_EQ(gateway.send(Method::get, "/readyz").status, 200) << "one vault is enough";
    const auto without = pay(doomed.id);
    EXPECT_EQ(status(without), "succeeded") << "the code went with its vault, the payment goes on";
    EXPECT_EQ(cvc_check(without), "unchecked");
    for (int i = 0; i < 4; ++i) {
        const auto method = payment_method();
        EXPECT_EQ(method.vault, "two");
        EXPECT_EQ(cvc_check(pay(method.id)), "pass");
    }

    two->signal(SIGKILL);
    two->wait();
    const auto ready = gateway.send(Method::get, "/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_THAT(ready.body, HasSubstr("\"vault\":\"unusable\""));
}

TEST_F(GatewayOfTwoVaults, EndsEachPaymentOnceWhenOneDiesUnderLoad) {
    constexpr int callers = 4, payments = 8;
    const auto before = approved();
    std::atomic<int> begun{0};
    std::vector<std::future<std::vector<std::string>>> load;
    for (int caller = 0; caller < callers; ++caller)
        load.push_back(std::async(std::launch::async, [&, caller] {
            std::vector<std::string> ends;
            for (int i = 0; i < payments; ++i) {
                ++begun;
                const auto name = "payment-" + std::to_string(caller) + '-' + std::to_string(i);
                ends.push_back(settled(name));
            }
            return ends;
        }));
    while (begun < callers * 2)
        std::this_thread::yield();
    one->signal(SIGKILL);
    one->wait();
    int succeeded = 0;
    for (auto& ends : load)
        for (const auto& end : ends.get()) {
            EXPECT_TRUE(end == "succeeded" || end == "requires_payment_method") << end;
            if (end == "succeeded") ++succeeded;
        }
    EXPECT_GT(succeeded, 0);
    EXPECT_EQ(approved() - before, succeeded) << "each was authorized once, whichever vault began it";
}

}  // namespace
}  // namespace gateway_program
