// portcullis-vault as a process: how it starts, hears signals and ends.
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/vault/environment.h"
#include "support/process.h"
#include "vault/client/client.h"

namespace {

using namespace std::chrono_literals;
using common::Deadline;
using support::Process;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

// The tables of cards are locked, so that who stores one waits.
class LockedCards {
  public:
    LockedCards() { work_.exec("LOCK TABLE card IN ACCESS EXCLUSIVE MODE"); }
    static bool somebody_waits() {
        return vault_test::value_of("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0";
    }

  private:
    pqxx::connection connection_{tests::Postgres::instance().url("vault")};
    pqxx::work work_{connection_};
};

class VaultProgram : public testing::Test {
  protected:
    VaultProgram() { vault_test::make_database(); }

    std::vector<std::string> words(const std::string& command,
                                   const std::vector<std::string>& more = {}) const {
        std::vector<std::string> all{PORTCULLIS_VAULT_PROGRAM, command};
        for (const auto& list : {vault_test::vault_settings(identities, token), more})
            for (const auto& setting : list)
                all.insert(all.end(), {"--set", setting});
        return all;
    }
    static unsigned short port_of(const Process& vault) {
        if (!vault.says("\"vault listens\"")) throw std::runtime_error{"no vault: " + vault.err()};
        const auto log = vault.err();
        const auto mark = log.find("\"port\":\"", log.find("\"vault listens\""));
        return static_cast<unsigned short>(std::stoi(log.substr(mark + 8)));
    }
    static vault::NewCard card() {
        vault::NewCard made;
        made.account = common::AccountId{4711};
        made.number = common::SecretText{"4242424242424242"};
        made.cvc = common::SecretText{"123"};
        made.exp_month = 12, made.exp_year = 40;
        return made;
    }
    common::Result<vault::Card> store(vault::Client& client) {
        return vault_test::wait_on(io, client.create_card(card(), Deadline::in(10s)));
    }

    support::SoftHsm token;
    vault_test::Identities identities;
    common::Metrics metrics;
    boost::asio::io_context io;
};

TEST_F(VaultProgram, EndsARequestUnderWayBeforeItEndsItself) {
    Process vault{words("serve")};
    const auto port = port_of(vault);
    vault::Client client{io, vault_test::client_of(port), identities.client("gateway"), metrics};
    ASSERT_TRUE(store(client)) << vault.err();  // also makes the merchant key
    std::optional<LockedCards> locked{std::in_place};
    auto waiting = std::async(std::launch::async, [&] { return store(client); });
    for (int tries = 0; tries < 100 && !LockedCards::somebody_waits(); ++tries)
        std::this_thread::sleep_for(20ms);
    ASSERT_TRUE(LockedCards::somebody_waits());
    vault.signal(SIGTERM);
    ASSERT_TRUE(vault.says("\"terminating\""));
    {
        boost::asio::io_context other;
        vault::Client late{other, vault_test::client_of(port), identities.client("gateway"), metrics};
        EXPECT_FALSE(vault_test::wait_on(other, late.create_card(card(), Deadline::in(500ms))));
    }
    EXPECT_EQ(waiting.wait_for(0s), std::future_status::timeout) << "given up";
    locked.reset();
    const auto stored = waiting.get();
    EXPECT_TRUE(stored) << stored.error().describe();
    EXPECT_EQ(vault.wait(), 0) << vault.err();
    EXPECT_THAT(vault.err(), HasSubstr("\"vault stopped\""));
    EXPECT_THAT(vault.err(), Not(HasSubstr("4242424242424242")));
}

TEST_F(VaultProgram, ReloadsItsCertificateAtSighupWithoutDroppingConnections) {
    Process vault{words("serve")};
    const auto port = port_of(vault);
    vault::Client client{io, vault_test::client_of(port), identities.client("gateway"), metrics};
    ASSERT_TRUE(store(client));
    identities.issue("vault");
    identities.revoke("gateway");
    vault.signal(SIGHUP);
    ASSERT_TRUE(vault.says("\"certificates reloaded\""));
    EXPECT_TRUE(store(client)) << "the connection from before was dropped";
    boost::asio::io_context other;
    vault::Client fresh{other, vault_test::client_of(port), identities.client("gateway"), metrics};
    EXPECT_FALSE(vault_test::wait_on(other, fresh.create_card(card(), Deadline::in(2s))))
        << "the list of revoked certificates was not read again";

    std::ofstream{identities.file("vault.pem")} << "nonsense";
    vault.signal(SIGHUP);
    ASSERT_TRUE(vault.says("\"certificates not reloaded\""));
    EXPECT_TRUE(store(client)) << "a broken file must leave the old certificate in use";
    vault.signal(SIGTERM);
    EXPECT_EQ(vault.wait(), 0);
}

TEST_F(VaultProgram, DoesNotStartASecondTimeOnOnePort) {
    Process first{words("serve")};
    const auto port = port_of(first);
    const auto second = support::run_program(words("serve", {"server.port=" + std::to_string(port)}));
    EXPECT_EQ(second.code, 1);
    EXPECT_THAT(second.err, HasSubstr("Address already in use"));
    EXPECT_THAT(second.err, Not(HasSubstr("acquirer")));  // nothing of the first one's was touched
}

TEST_F(VaultProgram, SaysWhyItDoesNotStart) {
    const auto refused = [&](const std::string& setting) {
        const auto done = support::run_program(words("serve", {setting}));
        EXPECT_NE(done.code, 0) << setting;
        return done.out + done.err;
    };
    EXPECT_THAT(refused("cards.bins_file=/moved/away.json"), HasSubstr("/moved/away.json does not exist"));
    EXPECT_THAT(refused("sandbox.cards_file=/moved/away.json"), HasSubstr("sandbox.cards_file"));
    EXPECT_THAT(refused("hsm.token_label=another"), HasSubstr("another"));
    EXPECT_THAT(refused("server.key=" + identities.file("viewer.key")), HasSubstr("does not match"));
    EXPECT_THAT(refused("server.port=70000"), HasSubstr("server.port"));
    token.set_pin_file("not-the-pin-1");
    const auto pin = refused("server.threads=1");
    EXPECT_THAT(pin, HasSubstr("CKR_PIN_INCORRECT"));
    EXPECT_THAT(pin, Not(HasSubstr("not-the-pin-1")));
}

TEST_F(VaultProgram, ChecksItsConfigurationWithoutStarting) {
    const auto sound = support::run_program(words("check"));
    EXPECT_EQ(sound.code, 0) << sound.err;
    EXPECT_THAT(sound.out, HasSubstr("valid"));
    EXPECT_NE(support::run_program(words("check", {"acquirer.profile=GW99"})).code, 0);
    EXPECT_THAT(support::run_program(words("check", {"vault.name=one two"})).err, HasSubstr("vault.name"));
    EXPECT_EQ(support::run_program(words("check", {"database.migrations=/moved/away"})).code, 0)
        << "only `migrate` reads them";
    const auto lost = support::run_program(
        words("migrate", {"database.migrations=/moved/away",
                          "database.owner_url=" + tests::Postgres::instance().url("vault", "vault_owner")}));
    EXPECT_EQ(lost.code, 1);
    EXPECT_THAT(lost.err, HasSubstr("/moved/away"));
}

TEST_F(VaultProgram, ReadsItsTableOfBinsAgainWithoutDroppingARequest) {
    const auto bins = identities.file("bins.json");
    const auto write = [&](const char* country) {
        std::ofstream{bins} << "{\"bins\": [\n{\"prefix\": \"424242\", \"country\": \"" << country
                            << "\"}\n]}";
    };
    write("US");
    Process vault{words("serve", {"cards.bins_file=" + bins})};
    vault::Client client{io, vault_test::client_of(port_of(vault)), identities.client("gateway"), metrics};
    EXPECT_EQ(store(client)->country, "US");
    write("France");
    vault.signal(SIGHUP);
    ASSERT_TRUE(vault.says("\"table of BINs not reloaded\"")) << vault.err();
    EXPECT_THAT(vault.err(), HasSubstr("line 2:"));
    EXPECT_EQ(store(client)->country, "US");
    write("FR");
    std::optional<LockedCards> locked{std::in_place};
    auto under_way = std::async(std::launch::async, [&] { return store(client); });
    for (int tries = 0; tries < 200 && !LockedCards::somebody_waits(); ++tries)
        std::this_thread::sleep_for(20ms);
    vault.signal(SIGHUP);
    ASSERT_TRUE(vault.says("\"table of BINs reloaded\"")) << vault.err();
    locked.reset();
    EXPECT_EQ(under_way.get()->country, "US") << "it began before";
    EXPECT_EQ(store(client)->country, "FR");
}

TEST_F(VaultProgram, PurgesWhatTheRulesNoLongerAllow) {
    {
        Process vault{words("serve")};
        vault::Client client{io, vault_test::client_of(port_of(vault)), identities.client("gateway"),
                             metrics};
        ASSERT_TRUE(store(client)) << vault.err();
        ASSERT_TRUE(store(client));
        vault.signal(SIGTERM);
        EXPECT_EQ(vault.wait(), 0);
    }
    tests::Postgres::instance().run("UPDATE card SET last_used_day = last_used_day - 2", "vault");
    const auto purge = [&](std::vector<std::string> options, const char* rule) {
        auto all = words("purge", {rule});
        all.insert(all.end(), options.begin(), options.end());
        return support::run_program(all);
    };
    const char* const one_day = "retention.unused_card_days=1";
    EXPECT_THAT(purge({"--json"}, "retention.unused_card_days=3").out, HasSubstr(R"("unused_cards":0)"));
    const auto dry = purge({"--dry-run", "--json"}, one_day);
    EXPECT_EQ(dry.code, 0) << dry.err;
    EXPECT_THAT(dry.out, HasSubstr(R"({"dry_run":true,"unused_cards":2)"));
    EXPECT_EQ(vault_test::value_of("SELECT count(*) FROM card"), "2");
    const auto done = purge({}, one_day);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("2 cards that were not used"));
    EXPECT_EQ(vault_test::value_of("SELECT count(*) FROM card"), "0");
    EXPECT_EQ(vault_test::value_of("SELECT count(*) FROM card_key"), "0");
    EXPECT_NE(
        vault_test::value_of(
            "SELECT count(*) FROM audit_entry WHERE action = 'retention.purge' AND actor LIKE 'operator:%'"),
        "0");
    tests::Postgres::instance().run("UPDATE job_lease SET owner = 'another', until = 9999999999999", "vault");
    const auto refused = purge({}, one_day);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("Another process is purging"));
}

class AuditProgram : public VaultProgram {
  protected:
    support::Finished audit(std::vector<std::string> command) {
        auto all = words("audit", {"audit.stream=vault", "audit.operator_stream=operator"});
        all.insert(all.begin() + 2, command.begin(), command.end());
        return support::run_program(all);
    }
    Process serve() {
        return Process{words("serve", {"audit.stream=vault", "audit.operator_stream=operator"})};
    }
    static std::vector<std::string> lines_of(const std::string& text) {
        std::vector<std::string> lines;
        std::istringstream stream{text};
        for (std::string line; std::getline(stream, line);)
            lines.push_back(line);
        return lines;
    }
};

TEST_F(AuditProgram, FindsTheLogSoundAfterAVaultWasKilledUnderLoad) {
    for (int round = 0; round < 2; ++round) {
        Process vault{words("serve", {"audit.stream=vault", "audit.checkpoint_ms=50"})};
        const auto port = port_of(vault);
        std::atomic<int> stored = 0;
        std::vector<std::jthread> callers;
        for (int i = 0; i < 4; ++i)
            callers.emplace_back([&] {
                boost::asio::io_context own;
                vault::Client client{own, vault_test::client_of(port), identities.client("gateway"), metrics};
                while (vault_test::wait_on(own, client.create_card(card(), Deadline::in(2s))))
                    ++stored;
            });
        for (int tries = 0; tries < 400 && stored < 40; ++tries)
            std::this_thread::sleep_for(20ms);
        vault.signal(SIGKILL);
        vault.wait();
        EXPECT_GE(stored, 40);
    }
    Process vault{serve()};
    ASSERT_TRUE(vault.says("\"vault listens\""));
    vault.signal(SIGTERM);
    ASSERT_EQ(vault.wait(), 0);
    const auto verified = audit({"verify"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("sound"));
    EXPECT_EQ(vault_test::value_of("SELECT count(*) FROM card c WHERE NOT EXISTS (SELECT 1 FROM audit_entry e"
                                   " WHERE e.object = c.token AND e.action = 'card.create')"),
              "0");
}

TEST_F(AuditProgram, VerifiesAndShowsAndIsRecordedItself) {
    {
        Process vault{serve()};
        const auto port = port_of(vault);
        vault::Client client{io, vault_test::client_of(port), identities.client("gateway"), metrics};
        ASSERT_TRUE(store(client)) << vault.err();
        vault.signal(SIGTERM);
        ASSERT_EQ(vault.wait(), 0);
    }
    const auto shown = audit({"show", "--action", "card.create", "--json"});
    ASSERT_EQ(shown.code, 0) << shown.err;
    const auto lines = lines_of(shown.out);
    ASSERT_EQ(lines.size(), 1U) << shown.out;
    EXPECT_THAT(lines[0], testing::AllOf(HasSubstr(R"("actor":"spiffe://portcullis/gateway")"),
                                         HasSubstr(R"("stream":"vault")")));
    EXPECT_THAT(audit({"show", "--actor", "vault"}).out,
                testing::AllOf(HasSubstr("audit.start"), HasSubstr("merchant_key.create")));
    EXPECT_EQ(audit({"show", "--from", "2100-01-01"}).out, "");
    EXPECT_EQ(audit({"show", "--from", "tomorrow"}).code, 2);
    EXPECT_THAT(audit({"show", "--stream", "operator"}).out,
                testing::AllOf(HasSubstr("audit.show"), HasSubstr("command line"), HasSubstr("2100-01-01")));
    const auto verified = audit({"verify", "--json"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    EXPECT_THAT(verified.out, HasSubstr(R"("result":"sound")"));
    tests::Postgres::instance().run(
        "UPDATE audit_entry SET actor = 'x' WHERE stream = 'vault' AND sequence = 2", "vault");
    const auto bad = audit({"verify", "--json"});
    EXPECT_EQ(bad.code, 1);
    EXPECT_THAT(bad.out, testing::AllOf(HasSubstr(R"("result":"bad")"),
                                        HasSubstr(R"("defect":"edited","sequence":2)")));
    EXPECT_EQ(audit({"verify", "--stream", "operator"}).code, 0);
    EXPECT_EQ(audit({"verify", "--stream", "nobody"}).code, 2);
    EXPECT_EQ(audit({"verify", "--checkpoints", identities.folder() + "/nowhere"}).code, 2);
    EXPECT_THAT(audit({"show", "--action", "audit.verify"}).out,
                HasSubstr("failed  vault: entry 2: was edited"));
}

}  // namespace
