#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/vault/service.h"

namespace {

using namespace std::chrono_literals;
using common::AccountId;
using common::Cause;
using common::Deadline;
using common::wait_for;
using hsm::KeyRef;
using hsm::Purpose;
using vault::keys::KeyState;
using vault::keys::Rewrapper;
using vault_test::value_of;
using vault_test::Vault;

constexpr AccountId shop{4711};

// One vault on a token of its own; an operator's program that makes keys has the token to itself.
class Keys : public testing::Test {
  protected:
    void SetUp() override {
        vault_test::make_database();
        token = std::make_unique<support::SoftHsm>();
        start();
    }
    void TearDown() override { stop(); }

    void start() {
        auto opened = hsm::Hsm::open(token->options(), {}, metrics);
        ASSERT_TRUE(opened) << opened.error().describe();
        hsm = std::move(*opened);
        vault = std::make_unique<Vault>(*hsm, metrics);
    }
    void stop() {
        vault.reset();
        hsm.reset();
    }
    // What the start says when it is refused.
    std::string refusal() {
        stop();
        auto opened = hsm::Hsm::open(token->options(), {}, metrics);
        if (!opened) return opened.error().log_detail();
        hsm = std::move(*opened);
        try {
            vault = std::make_unique<Vault>(*hsm, metrics);
        } catch (const std::runtime_error& refused) {
            return refused.what();
        }
        return "";
    }
    static Deadline soon() { return Deadline::in(10s); }

    std::string stored(std::string_view number = "4242424242424242", AccountId account = shop) {
        const auto result = store(number, account);
        if (!result) throw std::runtime_error{result.error().describe()};
        return result->facts.token;
    }
    common::Result<vault::cards::NewCardResult> store(std::string_view number = "4242424242424242",
                                                      AccountId account = shop) {
        vault::cards::NewCardInput input;
        input.account = account;
        input.number = common::SecretText{number};
        input.exp_month = 9, input.exp_year = 2031;
        return wait_for(vault->cards.store(std::move(input), soon()));
    }
    common::Result<vault::cards::OpenCard> open(const std::string& card, AccountId account = shop) {
        return wait_for(vault->cards.open(account, false, card, "", {"gateway", "127.0.0.1"}, soon()));
    }
    auto rotate(AccountId account = shop) {
        return wait_for(vault->rotation.rotate({account, false}, false, soon()));
    }
    vault::keys::MerchantKeyRow version(unsigned number) {
        return std::move(*wait_for(vault->merchant_keys.version(shop, false, number, soon())));
    }
    auto rewrap(unsigned number, Rewrapper::Pace pace = {}) {
        return wait_for(vault->rewrapper.card_keys(version(number), std::move(pace)));
    }
    KeyRef replace_on_token(Purpose purpose, bool old_is_compromised = false) {
        const auto next = wait_for(vault->rotation.plan_successor(purpose, soon()));
        EXPECT_TRUE(next) << next.error().describe();
        stop();
        EXPECT_TRUE(hsm::make_key(token->setup(), *next, metrics));
        start();
        const auto active = wait_for(vault->rotation.activate(*next, old_is_compromised, soon()));
        EXPECT_TRUE(active) << active.error().describe();
        return *next;
    }
    static void tamper(const std::string& sql) { tests::Postgres::instance().run(sql, "vault"); }
    static std::string count_under(unsigned number) {
        return value_of("SELECT count(*) FROM card_key WHERE merchant_key_version = " +
                        std::to_string(number));
    }
    double opened_cards() const { return metrics.counter_value("vault_cards_opened_total"); }

    common::Metrics metrics;
    std::unique_ptr<support::SoftHsm> token;
    std::unique_ptr<hsm::Hsm> hsm;
    std::unique_ptr<Vault> vault;
};

TEST_F(Keys, OfTheTokenAreEnteredOnceWhenVaultsStartTogether) {
    tamper("DELETE FROM hsm_key");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] { Vault{*hsm, metrics}; });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(value_of("SELECT count(*) FROM hsm_key"), "8");
    EXPECT_EQ(value_of("SELECT count(*) FROM hsm_key WHERE state = 'active' AND version = 1"), "8");
}

// PCI DSS 4.0.1: 3.7.7
TEST_F(Keys, ThatDifferFromTheRegistryStopTheStart) {
    stop();
    ASSERT_TRUE(hsm::make_key(token->setup(), {Purpose::kek_card, 2}, metrics));
    EXPECT_THAT(refusal(), testing::HasSubstr("KEK-card-v2 is on the token but not in the registry"));
    stop();
    ASSERT_TRUE(hsm::destroy_key(token->setup(), {Purpose::kek_card, 2}, metrics));
    EXPECT_EQ(refusal(), "");
    stop();
    ASSERT_TRUE(hsm::destroy_key(token->setup(), {Purpose::velocity, 1}, metrics));
    EXPECT_THAT(refusal(), testing::HasSubstr("VELK-v1 is in the registry but not on the token"));
    stop();
    ASSERT_TRUE(hsm::make_key(token->setup(), {Purpose::velocity, 1}, metrics));
    EXPECT_THAT(refusal(), testing::HasSubstr("VELK-v1 has another CKA_ID"));
}

// PCI DSS 4.0.1: 3.7.7
TEST_F(Keys, WhoseRegistryRowsWereWrittenByHandStopTheStart) {
    const auto untouched = value_of("SELECT registry_mac FROM hsm_key WHERE purpose = 'KEK-card'");
    for (const std::string change :
         {"state = 'decrypt_only'", "created_at = created_at + 1", "changed_at = changed_at + 1",
          "key_id = (SELECT key_id FROM hsm_key WHERE purpose = 'KEK-pii')",
          "registry_mac = (SELECT registry_mac FROM hsm_key WHERE purpose = 'KEK-pii')"}) {
        tamper("CREATE TABLE kept AS SELECT * FROM hsm_key WHERE purpose = 'KEK-card'");
        tamper("UPDATE hsm_key SET " + change + " WHERE purpose = 'KEK-card'");
        EXPECT_THAT(refusal(), testing::HasSubstr("KEK-card-v1 differs from what the registry signed"))
            << change;
        tamper("DELETE FROM hsm_key WHERE purpose = 'KEK-card'");
        tamper("INSERT INTO hsm_key SELECT * FROM kept");
        tamper("DROP TABLE kept");
    }
    EXPECT_EQ(value_of("SELECT registry_mac FROM hsm_key WHERE purpose = 'KEK-card'"), untouched);
    EXPECT_EQ(refusal(), "");
    tamper("UPDATE hsm_key SET version = 2 WHERE purpose = 'KEK-card'");
    EXPECT_NE(refusal(), "") << "a row that was moved";
}

// PCI DSS 4.0.1: 3.7.4
TEST_F(Keys, OfAMerchantAreReplacedForNewCardsAtOnceAndTheOldCardsStayReadable) {
    const auto old = stored();
    ASSERT_TRUE(rotate());
    const auto fresh = stored();
    EXPECT_EQ(count_under(1), "1");
    EXPECT_EQ(count_under(2), "1");
    EXPECT_TRUE(open(old));
    EXPECT_TRUE(open(fresh));
    EXPECT_EQ(version(1).state, KeyState::decrypt_only);
    EXPECT_EQ(vault->trail.count("merchant_key.rotate"), 1U);
}

// PCI DSS 4.0.1: 3.7.4
TEST_F(Keys, OfAMerchantAreChangedWithoutOpeningOneCard) {
    std::vector<std::string> cards;
    for (int i = 0; i < 20; ++i)
        cards.push_back(stored());
    const auto records = value_of("SELECT md5(string_agg(record::text, '' ORDER BY token)) FROM card");
    ASSERT_TRUE(rotate());
    const auto before = opened_cards();
    // Not even one that no longer opens is in the way: records are not looked at.
    tamper("CREATE TABLE kept AS SELECT token, record FROM card");
    tamper("UPDATE card SET record = decode(repeat('00', 110), 'hex')");
    std::int64_t progress = 0;
    Rewrapper::Pace pace;
    pace.batch = 7;
    pace.progress = [&](std::int64_t rows) { progress += rows; };
    const auto report = rewrap(1, std::move(pace));
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->done, 20);
    EXPECT_EQ(report->refused, 0);
    EXPECT_EQ(progress, 20);
    EXPECT_EQ(opened_cards(), before);
    EXPECT_EQ(count_under(1), "0");
    tamper("UPDATE card SET record = kept.record FROM kept WHERE kept.token = card.token");
    EXPECT_EQ(value_of("SELECT md5(string_agg(record::text, '' ORDER BY token)) FROM card"), records);
    for (const auto& card : cards)
        EXPECT_TRUE(open(card));
}

TEST_F(Keys, AreSealedAnewInPiecesAndByTwoAtOnce) {
    for (int i = 0; i < 60; ++i)
        stored();
    ASSERT_TRUE(rotate());
    Rewrapper::Pace interrupted;
    interrupted.batch = 10;
    int batches = 0;
    interrupted.stop = [&] { return ++batches > 2; };
    const auto part = rewrap(1, std::move(interrupted));
    ASSERT_TRUE(part);
    EXPECT_EQ(part->done, 20);
    EXPECT_EQ(count_under(1), "40");
    Vault other{*hsm, metrics};
    std::thread second{[&] {
        Rewrapper::Pace pace;
        pace.batch = 5;
        EXPECT_TRUE(wait_for(other.rewrapper.card_keys(version(1), std::move(pace))));
    }};
    Rewrapper::Pace pace;
    pace.batch = 5;
    EXPECT_TRUE(rewrap(1, std::move(pace)));
    second.join();
    EXPECT_EQ(count_under(1), "0");
    EXPECT_EQ(count_under(2), "60");
}

TEST_F(Keys, OfACardThatWereTamperedWithAreNamedAndHoldUpNoOthers) {
    const auto bad = stored();
    const auto good = stored();
    tamper("UPDATE card_key SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE token = '" +
           bad + "'");
    ASSERT_TRUE(rotate());
    const auto report = rewrap(1);
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->done, 1);
    EXPECT_EQ(report->refused, 1);
    EXPECT_EQ(report->refused_names, std::vector{bad});
    EXPECT_TRUE(open(good));
    const auto destroyed = wait_for(vault->rotation.destroy(version(1), true, soon()));
    ASSERT_FALSE(destroyed) << "the bad card still needs it";
    EXPECT_EQ(destroyed.error().code(), "key_in_use");
}

// Corrupt rows stay in the set that is to be worked off: whoever begins with the first few each time never
// gets behind them.
TEST_F(Keys, OfMerchantsThatAreCorruptHideNoneBehindThem) {
    for (int merchant = 0; merchant < 9; ++merchant)
        stored("4242424242424242", AccountId{100 + merchant});
    replace_on_token(Purpose::kek_card);
    tamper(
        "UPDATE merchant_key SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) "
        "WHERE account_id < 107");
    Rewrapper::Pace pace;
    pace.batch = 3;
    const auto report = wait_for(vault->rewrapper.merchant_keys({Purpose::kek_card, 1}, std::move(pace)));
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->done, 2);
    EXPECT_EQ(report->refused, 7);
    EXPECT_EQ(report->refused_names.size(), 7U);
    EXPECT_EQ(value_of("SELECT string_agg(account_id::text, ',' ORDER BY account_id) FROM merchant_key "
                       "WHERE kek = 'KEK-card-v2'"),
              "107,108");
}

TEST_F(Keys, OfTheRegistryAreReplacedBehindRowsThatWereForged) {
    for (int merchant = 0; merchant < 5; ++merchant)
        stored("4242424242424242", AccountId{100 + merchant});
    replace_on_token(Purpose::registry);
    tamper(
        "UPDATE merchant_key SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) "
        "WHERE account_id < 104");
    Rewrapper::Pace pace;
    pace.batch = 2;
    const auto report = wait_for(vault->rewrapper.registry_rows({Purpose::registry, 1}, std::move(pace)));
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->refused, 4);
    EXPECT_EQ(value_of("SELECT account_id FROM merchant_key WHERE registry_version = 2"), "104");
}

// PCI DSS 4.0.1: 3.7.5
TEST_F(Keys, AreDestroyedOnlyWhenNothingNeedsThemAndNoBackupDoes) {
    const auto card = stored();
    EXPECT_EQ(wait_for(vault->rotation.destroy(version(1), true, soon())).error().code(), "key_active");
    ASSERT_TRUE(rotate());
    EXPECT_EQ(wait_for(vault->rotation.destroy(version(1), true, soon())).error().code(), "key_in_use");
    ASSERT_TRUE(rewrap(1));
    EXPECT_EQ(wait_for(vault->rotation.destroy(version(1), false, soon())).error().code(), "backup_window");
    vault->clock.advance(std::chrono::days{36});
    const auto destroyed = wait_for(vault->rotation.destroy(version(1), false, soon()));
    ASSERT_TRUE(destroyed) << destroyed.error().describe();
    EXPECT_EQ(value_of("SELECT octet_length(sealed) FROM merchant_key WHERE version = 1"), "0");
    EXPECT_TRUE(open(card));
    EXPECT_EQ(wait_for(vault->safe.open(version(1), soon())).error().cause(), Cause::integrity);
    const auto revived = wait_for(vault->safe.in_state(version(1), KeyState::active, soon()));
    EXPECT_FALSE(revived) << "no way leads back";
}

// PCI DSS 4.0.1: 3.7.4
TEST_F(Keys, ThatAreOpenInAnotherVaultSealNothingMoreAfterTheyWereReplaced) {
    stored();
    Vault other{*hsm, metrics};
    ASSERT_TRUE(wait_for(other.rotation.rotate({shop, false}, false, soon())));
    stored();
    EXPECT_EQ(count_under(2), "1") << "this vault had the old key open";
    ASSERT_TRUE(wait_for(other.rotation.retire({shop, false}, soon())));
    EXPECT_EQ(store().error().code(), "key_retired");
}

// A destroyed key and a card under it must never meet, whatever the order of things.
TEST_F(Keys, AreNotDestroyedWhileACardIsBeingSealedByThem) {
    const auto card = stored();
    ASSERT_TRUE(rotate());
    ASSERT_TRUE(rewrap(1));
    pqxx::connection sealing{tests::Postgres::instance().url("vault")};
    pqxx::work open_transaction{sealing};
    open_transaction.exec("SELECT 1 FROM merchant_key WHERE version = 1 FOR SHARE");
    open_transaction.exec("UPDATE card_key SET merchant_key_version = 1 WHERE token = '" + card + "'");
    std::optional<common::Result<bool>> outcome;
    std::thread destroyer{[&] { outcome = wait_for(vault->rotation.destroy(version(1), true, soon())); }};
    std::this_thread::sleep_for(200ms);
    open_transaction.commit();
    destroyer.join();
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().code(), "key_in_use");
}

// PCI DSS 4.0.1: 3.7.5
TEST_F(Keys, ThatAreCompromisedSealNothingButOpenUntilAllIsSealedAnew) {
    const auto card = stored();
    ASSERT_TRUE(wait_for(vault->rotation.rotate({shop, false}, true, soon())));
    EXPECT_EQ(version(1).state, KeyState::compromised);
    EXPECT_TRUE(open(card));
    stored();
    EXPECT_EQ(count_under(1), "1");
    ASSERT_TRUE(rewrap(1));
    ASSERT_TRUE(wait_for(vault->rotation.destroy(version(1), true, soon())));
    EXPECT_TRUE(open(card));
}

// PCI DSS 4.0.1: 3.7.5
TEST_F(Keys, ThatAreRetiredTakeNoNewCardsUntilThereIsASuccessor) {
    const auto card = stored();
    ASSERT_TRUE(wait_for(vault->rotation.retire({shop, false}, soon())));
    const auto refused = store();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "key_retired");
    EXPECT_TRUE(open(card));
    EXPECT_TRUE(rotate());
    EXPECT_TRUE(store());
}

TEST_F(Keys, ChangeNotWhenTheTrailCannotBeWritten) {
    stored();
    vault->trail.fail(common::Error::unavailable("the log is full"));
    EXPECT_FALSE(rotate());
    EXPECT_FALSE(wait_for(vault->rotation.retire({shop, false}, soon())));
    EXPECT_FALSE(wait_for(vault->rotation.plan_successor(Purpose::kek_card, soon())));
    EXPECT_EQ(value_of("SELECT string_agg(state, ',') FROM merchant_key"), "active");
    EXPECT_EQ(value_of("SELECT count(*) FROM hsm_key"), "8");
}

TEST_F(Keys, AreRotatedOnceWhenTwoAskAtTheSameTime) {
    stored();
    Vault other{*hsm, metrics};
    std::optional<common::Result<vault::keys::MerchantKeyRow>> theirs;
    std::thread second{[&] { theirs = wait_for(other.rotation.rotate({shop, false}, false, soon())); }};
    const auto mine = rotate();
    second.join();
    for (const auto& outcome : {std::cref(mine), std::cref(std::as_const(*theirs))})
        if (!outcome.get()) EXPECT_EQ(outcome.get().error().cause(), Cause::conflict);
    EXPECT_TRUE(mine || *theirs);
    EXPECT_EQ(value_of("SELECT count(*) FROM merchant_key WHERE state = 'active'"), "1");
}

// PCI DSS 4.0.1: 3.7.4, 3.7.5
TEST_F(Keys, ThatEncryptKeysAreReplacedInTheHsmWithoutOpeningACard) {
    std::vector<std::string> cards;
    for (int merchant = 0; merchant < 5; ++merchant)
        cards.push_back(stored("4242424242424242", AccountId{100 + merchant}));
    const auto before = opened_cards();
    const auto fresh = replace_on_token(Purpose::kek_card);
    EXPECT_EQ(fresh.version, 2U);
    stored("4242424242424242", AccountId{200});
    EXPECT_EQ(value_of("SELECT kek FROM merchant_key WHERE account_id = 200"), "KEK-card-v2");
    const KeyRef old{Purpose::kek_card, 1};
    EXPECT_EQ(wait_for(vault->rotation.plan_destruction(old, true, soon())).error().code(), "key_in_use");
    Rewrapper::Pace pace;
    pace.batch = 2;
    const auto report = wait_for(vault->rewrapper.merchant_keys(old, std::move(pace)));
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->done, 5);
    EXPECT_EQ(opened_cards(), before);
    EXPECT_EQ(wait_for(vault->rotation.plan_destruction(old, false, soon())).error().code(), "backup_window");
    ASSERT_TRUE(wait_for(vault->rotation.plan_destruction(old, true, soon())));
    stop();
    ASSERT_TRUE(hsm::destroy_key(token->setup(), old, metrics));
    start();
    for (int merchant = 0; merchant < 5; ++merchant)
        EXPECT_TRUE(open(cards[static_cast<std::size_t>(merchant)], AccountId{100 + merchant}));
    EXPECT_EQ(value_of("SELECT state FROM hsm_key WHERE purpose = 'KEK-card' AND version = 1"), "destroyed");
}

TEST_F(Keys, OfTheHsmMayBeMadeInSeveralRuns) {
    const auto planned = wait_for(vault->rotation.plan_successor(Purpose::audit, soon()));
    ASSERT_TRUE(planned);
    EXPECT_EQ(wait_for(vault->rotation.plan_successor(Purpose::audit, soon())), *planned)
        << "an interrupted run is taken up";
    EXPECT_EQ(wait_for(vault->rotation.activate(*planned, false, soon())).error().code(), "resource_missing");
    EXPECT_EQ(wait_for(vault->registry.active(Purpose::audit, soon()))->version, 1U);
    stop();
    ASSERT_TRUE(hsm::make_key(token->setup(), *planned, metrics));
    start();
    ASSERT_TRUE(wait_for(vault->rotation.activate(*planned, false, soon())));
    ASSERT_TRUE(wait_for(vault->rotation.activate(*planned, false, soon()))) << "again is harmless";
    EXPECT_EQ(wait_for(vault->registry.active(Purpose::audit, soon()))->version, 2U);
}

TEST_F(Keys, OfFingerprintsAreReplacedAndEachCardGetsItsNewOne) {
    const auto first = stored();
    const auto same = stored();
    const auto other = stored("5555555555554444");
    const auto of = [&](const std::string& card) {
        return wait_for(vault->cards.facts(shop, card, soon()))->fingerprint;
    };
    const auto before = of(first);
    replace_on_token(Purpose::fingerprint, true);
    const auto fresh = stored();
    EXPECT_NE(of(fresh), before);
    const auto report = wait_for(vault->reindexer.run({Purpose::fingerprint, 1}, {.batch = 2}));
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->done, 3);
    EXPECT_EQ(of(first), of(fresh));
    EXPECT_EQ(of(same), of(fresh));
    EXPECT_NE(of(other), of(fresh));
    EXPECT_EQ(wait_for(vault->rotation.uses({Purpose::fingerprint, 1}, soon())).value(), 0);
    EXPECT_EQ(vault->trail.count("cards.reindex"), 2U) << "cards are opened for this, so it is recorded";
}

TEST_F(Keys, OfTheRegistryAreReplacedAndEveryRowSignedAnew) {
    const auto card = stored();
    replace_on_token(Purpose::registry);
    EXPECT_TRUE(open(card)) << "both versions verify";
    ASSERT_TRUE(wait_for(vault->rewrapper.registry_rows({Purpose::registry, 1}, {})));
    const KeyRef old{Purpose::registry, 1};
    EXPECT_EQ(wait_for(vault->rotation.uses(old, soon())).value(), 0);
    ASSERT_TRUE(wait_for(vault->rotation.plan_destruction(old, true, soon())));
    stop();
    ASSERT_TRUE(hsm::destroy_key(token->setup(), old, metrics));
    start();
    EXPECT_TRUE(open(card));
    EXPECT_TRUE(rotate());
}

class HousekeepingOfKeys : public Keys {
  protected:
    vault::keys::Housekeeping housekeeping(std::string owner = "one") {
        return vault::keys::Housekeeping{{vault->leases, vault->merchant_keys, vault->registry,
                                          vault->rotation, vault->rewrapper, vault->clock, metrics,
                                          std::move(owner)}};
    }
    bool run() {
        auto job = housekeeping();
        const auto done = wait_for(job.run([] { return false; }));
        EXPECT_TRUE(done) << done.error().describe();
        return done.value_or(false);
    }
};

// PCI DSS 4.0.1: 3.7.4
TEST_F(HousekeepingOfKeys, RotatesSealsAnewAndDestroysInTime) {
    const auto card = stored();
    EXPECT_TRUE(run());
    EXPECT_EQ(value_of("SELECT count(*) FROM merchant_key"), "1") << "its time is not over";
    vault->clock.advance(std::chrono::days{91});
    EXPECT_TRUE(run());
    EXPECT_EQ(value_of("SELECT string_agg(state, ',' ORDER BY version) FROM merchant_key"),
              "decrypt_only,active");
    EXPECT_EQ(count_under(1), "0");
    vault->clock.advance(std::chrono::days{34});
    EXPECT_TRUE(run());
    EXPECT_EQ(version(1).state, KeyState::decrypt_only) << "a backup may need it";
    vault->clock.advance(std::chrono::days{2});
    EXPECT_TRUE(run());
    EXPECT_EQ(version(1).state, KeyState::destroyed);
    EXPECT_TRUE(open(card));
}

TEST_F(HousekeepingOfKeys, IsNotHeldUpByAKeyThatWasTamperedWith) {
    const auto forged = stored("4242424242424242", AccountId{1});
    const auto sound = stored("4242424242424242", AccountId{2});
    tamper("UPDATE merchant_key SET registry_mac = sha256('x') WHERE account_id = 1");
    vault->clock.advance(std::chrono::days{91});
    EXPECT_TRUE(run());
    EXPECT_EQ(value_of("SELECT count(*) FROM merchant_key WHERE account_id = 1"), "1");
    EXPECT_EQ(
        value_of("SELECT string_agg(state, ',' ORDER BY version) FROM merchant_key WHERE account_id = 2"),
        "decrypt_only,active");
    EXPECT_EQ(metrics.counter_value("vault_keys_refused_total"), 1);
    EXPECT_TRUE(open(sound, AccountId{2}));
    EXPECT_EQ(open(forged, AccountId{1}).error().cause(), Cause::integrity);

    // Neither when it is to be destroyed, nor when its cards are to be sealed anew.
    tamper("UPDATE merchant_key SET registry_mac = sha256('x') WHERE account_id = 2 AND version = 1");
    ASSERT_TRUE(rotate(AccountId{2}));
    const auto third = stored("4242424242424242", AccountId{3});
    ASSERT_TRUE(rotate(AccountId{3}));
    vault->clock.advance(std::chrono::days{36});
    EXPECT_TRUE(run());
    EXPECT_EQ(
        value_of("SELECT string_agg(state, ',' ORDER BY version) FROM merchant_key WHERE account_id = 3"),
        "destroyed,active");
    EXPECT_TRUE(open(third, AccountId{3}));
}

TEST_F(HousekeepingOfKeys, IsDoneByOneVaultAtATime) {
    ASSERT_TRUE(run());
    auto other = housekeeping("two");
    EXPECT_FALSE(wait_for(other.run([] { return false; })).value_or(true));
    vault->clock.advance(6min);
    EXPECT_TRUE(wait_for(other.run([] { return false; })).value_or(false)) << "the first one died";
}

}  // namespace
