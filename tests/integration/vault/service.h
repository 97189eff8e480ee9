// The cards of one vault process without its listeners, on PostgreSQL and a SoftHSM2 token.
#pragma once

#include <gtest/gtest.h>

#include "integration/vault/environment.h"
#include "support/audit_recorder.h"
#include "unit/vault/access.h"
#include "vault/cards/card_keeper.h"
#include "vault/cards/card_service.h"
#include "vault/cards/purge.h"
#include "vault/cards/reindex.h"
#include "vault/keys/housekeeping.h"

namespace vault_test {

using namespace std::chrono_literals;
using common::AccountId;
using common::Cause;
using common::Deadline;
using vault::cards::NewCardInput;
using vault::cards::PanTestAccess;

// Everything of one vault process but its listeners; two of them share a database and a token.
struct Vault {
    common::Metrics& metrics;
    common::ManualClock clock{common::TimePoint{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1}}};
    hsm::Hsm& hsm;
    common::db::Pool pool;
    vault::store::CardRows rows{pool};
    vault::store::MerchantKeys merchant_keys{pool};
    vault::store::HsmKeys hsm_keys{pool};
    vault::store::CardKeys card_keys{pool};
    vault::store::Fingerprints fingerprints{pool};
    vault::store::Leases leases{pool};
    support::AuditRecorder trail;
    vault::keys::KeyMaterial material{hsm};
    vault::keys::Registry registry{hsm, hsm_keys, clock};
    vault::keys::MerchantKeySafe safe{hsm, registry, material};
    vault::keys::KeyRing ring{merchant_keys, safe, trail, clock, metrics};
    vault::cards::Fingerprinter fingerprinter{hsm, registry};
    vault::cards::CvcStore codes{clock};
    vault::store::CardChanges changes{pool};
    vault::store::VelocityCounters counters{pool};
    vault::store::Retention retention{pool};
    vault::cards::UseMarks uses{changes, clock, metrics};
    vault::cards::Velocity velocity;
    vault::cards::SandboxCards sandbox =
        std::move(*vault::cards::SandboxCards::load(PORTCULLIS_VAULT "/cards/sandbox_cards.json"));
    vault::cards::LiveBinTable bins{
        std::move(*vault::cards::BinTable::load(PORTCULLIS_VAULT "/cards/bins.json"))};
    std::function<std::string(std::string_view)> draw_digits = vault::cards::new_digit_token;
    vault::cards::CardService cards{{rows, ring, material, fingerprinter, codes, uses, velocity, sandbox,
                                     bins, trail, clock, metrics, true,
                                     [this](std::string_view last4) { return draw_digits(last4); }}};
    vault::store::BulkChunks chunks{pool};
    vault::cards::BulkService bulk{{cards, cards.batch(), rows, chunks, fingerprinter, clock, metrics}};
    vault::cards::CardKeeper keeper{{rows, changes, ring, material, clock, metrics, trail}};
    vault::keys::Rotation rotation{
        {hsm, hsm_keys, merchant_keys, card_keys, fingerprints, safe, registry, ring, trail, clock, metrics}};
    vault::keys::Rewrapper rewrapper{
        {card_keys, merchant_keys, hsm_keys, safe, registry, ring, trail, metrics}};
    vault::cards::Reindexer reindexer{{rows, fingerprints, ring, fingerprinter, trail, metrics}};

    Vault(hsm::Hsm& opened, common::Metrics& counted, std::int64_t per_hour = 0)
        : metrics{counted},
          hsm{opened},
          pool{pool_options(), metrics},
          velocity{hsm, registry, counters, clock, per_hour} {
        const auto done = common::wait_for(registry.reconcile(Deadline::in(10s)));
        if (!done) throw std::runtime_error{done.error().describe()};
    }
};

class CardsTest : public testing::Test {
  protected:
    static void SetUpTestSuite() { token = new support::SoftHsm; }
    static void TearDownTestSuite() { delete token; }
    void SetUp() override {
        make_database();
        auto opened = hsm::Hsm::open(token->options(), {}, metrics);
        ASSERT_TRUE(opened) << opened.error().describe();
        hsm = std::move(*opened);
        vault = std::make_unique<Vault>(*hsm, metrics);
    }

    static NewCardInput typed(std::string_view number = "4242424242424242",
                              AccountId account = AccountId{4711}) {
        NewCardInput input;
        input.account = account;
        input.number = common::SecretText{number};
        input.cvc = common::SecretText{"123"};
        input.exp_month = 9, input.exp_year = 2031;
        return input;
    }
    static Deadline soon() { return Deadline::in(5s); }
    static vault::audit::Caller caller() { return {"spiffe://portcullis/gateway", "127.0.0.1", "areq_1"}; }
    auto store(NewCardInput input) { return wait_for(vault->cards.store(std::move(input), soon())); }
    std::string stored(std::string_view number = "4242424242424242", AccountId owner = AccountId{4711}) {
        auto result = store(typed(number, owner));
        if (!result) throw std::runtime_error{result.error().describe()};
        return result->facts.token;
    }
    auto open(const std::string& card, std::string handle = "", AccountId owner = AccountId{4711},
              bool livemode = false) {
        return wait_for(vault->cards.open(owner, livemode, card, std::move(handle), caller(), soon()));
    }
    auto facts(const std::string& card, AccountId owner = AccountId{4711}) {
        return wait_for(vault->cards.facts(owner, card, soon()));
    }
    // A vault that has nothing in memory.
    void restart() { vault = std::make_unique<Vault>(*hsm, metrics); }
    static std::string count(const std::string& table) { return value_of("SELECT count(*) FROM " + table); }
    static void tamper(const std::string& sql) { tests::Postgres::instance().run(sql, "vault"); }

    inline static support::SoftHsm* token = nullptr;
    const AccountId account{4711};
    common::Metrics metrics;
    std::unique_ptr<hsm::Hsm> hsm;
    std::unique_ptr<Vault> vault;
};

}  // namespace vault_test
