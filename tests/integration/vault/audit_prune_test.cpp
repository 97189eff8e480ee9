// What may be removed from the audit log, and how that is told from what was deleted.
#include <gmock/gmock.h>

#include "integration/vault/audit_fixture.h"
#include "support/audit_recorder.h"
#include "support/process.h"
#include "vault/audit/pruner.h"
#include "vault/audit/reader.h"

namespace {

using namespace vault_test;
using testing::HasSubstr;
using testing::StartsWith;
using vault::audit::Pruner;

// Ten parts of seven entries, a day each; the first was written 500 days ago. Each ends with a checkpoint.
class PrunedLog : public AuditTest {
  protected:
    static constexpr int parts = 10, a_part = 7;
    void SetUp() override {
        AuditTest::SetUp();
        owner = std::make_unique<common::db::Pool>(owner_options(), metrics);
        for (int part = 0; part < parts; ++part) {
            write_part();
            past.advance(24h);
        }
        ASSERT_EQ(count("audit_entry"), parts * a_part);
        ASSERT_EQ(verdict(), "sound");
    }
    void TearDown() override {
        owner.reset();
        AuditTest::TearDown();
    }
    void write_part(const std::string& stream = "vault:1") {
        auto chosen = options(stream);
        chosen.announce = false;
        Log one{chosen, *pool, *hsm, past, metrics};
        ASSERT_TRUE(one.start());
        for (int i = 0; i < a_part; ++i)
            ASSERT_TRUE(wait_for(one.record(entry(), Deadline::in(10s))));
        one.stop();
    }
    static common::db::Pool::Options owner_options() {
        auto options = pool_options();
        options.url = tests::Postgres::instance().url("vault", "vault_owner");
        return options;
    }
    // What was written before the part of this number, counted from nought.
    std::int64_t day(int part) const {
        return (began + part * std::chrono::hours{24}).time_since_epoch().count();
    }
    auto prune(Pruner::Order order, std::int64_t entries_max = 50'000) {
        vault::store::AuditRows rows{*pool};
        vault::store::AuditCuts cuts{*pool}, owner_cuts{*owner};
        Pruner pruner{{rows, cuts, owner_cuts, *hsm, trail, clock, directory, "operator:alice",
                       "command line", entries_max}};
        return wait_for(pruner.run(std::move(order)));
    }
    void prune_three_days() {
        const auto reports = prune({day(3)});
        ASSERT_TRUE(reports) << reports.error().describe();
        ASSERT_EQ(reports->size(), 1U);
        ASSERT_EQ(reports->front().entries, 21);
        ASSERT_EQ(reports->front().until, 21);
        ASSERT_EQ(count("audit_entry"), 49);
        ASSERT_EQ(verdict(), "sound");
    }
    static void keep(const std::string& table) {
        tamper("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table);
    }
    static void put_back(const std::string& table, const std::string& which) {
        tamper("INSERT INTO " + table + " SELECT * FROM kept_" + table + " WHERE " + which);
    }

    const common::TimePoint began = common::SystemClock{}.now() - std::chrono::days{500};
    common::ManualClock past{began};
    support::AuditRecorder trail;
    std::unique_ptr<common::db::Pool> owner;
};

// PCI DSS 4.0.1: 10.5.1
TEST_F(PrunedLog, IsStillWholeAndGoesOn) {
    prune_three_days();
    EXPECT_EQ(one("SELECT min(sequence) FROM audit_entry"), "22");
    EXPECT_EQ(one("SELECT min(sequence) FROM audit_checkpoint"), "21")
        << "it vouches for where the rest begins";
    write_part();
    EXPECT_EQ(verdict(), "sound");
    EXPECT_EQ(trail.count("audit.prune"), 2U);
    EXPECT_EQ(trail.entries().front().actor, "operator:alice");
    EXPECT_THAT(trail.entries().back().detail, HasSubstr("21 entries up to 21"));

    const auto again = prune({day(5)});
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again->front().entries, 14);
    EXPECT_EQ(verdict(), "sound");
    EXPECT_EQ(prune({day(5)})->front().entries, 0);
    const auto seen = reports();
    EXPECT_EQ(seen->front().pruned, 35);
    EXPECT_EQ(seen->front().entries, 42);
    EXPECT_EQ(seen->front().unsealed, 0);
}

TEST_F(PrunedLog, IsCutAtACheckpointAndNeverToItsEnd) {
    auto chosen = options();
    chosen.announce = false;
    chosen.checkpoint_every = 1h;
    Log slow{chosen, *pool, *hsm, past, metrics};
    ASSERT_TRUE(slow.start());
    ASSERT_TRUE(wait_for(slow.record(entry(), Deadline::in(10s))));
    past.advance(1h);
    ASSERT_TRUE(wait_for(slow.record(entry(), Deadline::in(10s))));
    slow.stop();
    const auto between = (past.now() - 30min).time_since_epoch().count();
    EXPECT_EQ(prune({between})->front().until, 70) << "71 is as old, but no checkpoint ends with it";
    EXPECT_EQ(verdict(), "sound");
    EXPECT_EQ(prune({day(100)})->front().entries, 0) << "the last checkpoint and its entry stay";
    write_part();
    EXPECT_EQ(verdict(), "sound");
    EXPECT_GE(prune({day(100)})->front().until, 72);
    EXPECT_EQ(verdict(), "sound");
    write_part();
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(PrunedLog, IsCutOffInSmallTransactions) {
    const auto reports = prune({day(6)}, 10);
    ASSERT_TRUE(reports) << reports.error().describe();
    EXPECT_EQ(reports->front().entries, 42);
    EXPECT_EQ(verdict(), "sound");
    EXPECT_EQ(prune({day(8)}, 3)->front().until, 56) << "a part is more than one step";
    EXPECT_EQ(verdict(), "sound");
}

// PCI DSS 4.0.1: 10.3.4
TEST_F(PrunedLog, ShowsWhatElseWasDeleted) {
    keep("audit_entry");
    prune_three_days();
    tamper("DELETE FROM audit_entry WHERE sequence = 22");
    EXPECT_EQ(verdict(), "entry 22: missing");
    tamper("DELETE FROM audit_entry WHERE sequence < 30");
    EXPECT_EQ(verdict(), "entries 22 to 29: missing");
    put_back("audit_entry", "sequence BETWEEN 22 AND 29");
    EXPECT_EQ(verdict(), "sound");
    tamper("DELETE FROM audit_entry WHERE sequence > 68");
    EXPECT_EQ(verdict(), "entries 69 to 70: missing");
}

TEST_F(PrunedLog, ShowsWhatWasPutBackOrReplacedAtTheCut) {
    keep("audit_entry");
    prune_three_days();
    put_back("audit_entry", "sequence = 21");
    EXPECT_THAT(verdict(), StartsWith("entry 21: there again"));
    put_back("audit_entry", "sequence = 4");
    EXPECT_THAT(verdict(), StartsWith("entries 4 to 21: there again"));
    tamper("DELETE FROM audit_entry WHERE sequence <= 21");
    tamper("UPDATE audit_entry SET previous = sha256('x') WHERE sequence = 22");
    EXPECT_THAT(verdict(), StartsWith("entry 22: was edited"));
}

// PCI DSS 4.0.1: 10.3.4
TEST_F(PrunedLog, NeedsTheRecordThatTheHsmSigned) {
    prune_three_days();
    keep("audit_cut");
    for (const char* change :
         {"sequence = 28", "checkpoint = checkpoint + 1", "hash = sha256('x')", "vouched_by = sha256('x')",
          "before = before + 1", "made_at = made_at + 1", "mac = sha256('x')", "stream = 'vault:2'"}) {
        tamper(std::string{"UPDATE audit_cut SET "} + change);
        EXPECT_NE(verdict(), "sound") << change;
        EXPECT_EQ(prune({day(5)}).error().cause(), common::Cause::integrity) << "nothing more goes";
        tamper("DELETE FROM audit_cut");
        put_back("audit_cut", "true");
        EXPECT_EQ(verdict(), "sound");
    }
    // Deleted like a prune would, by somebody who has no HSM.
    tamper("DELETE FROM audit_entry WHERE sequence <= 28");
    tamper("DELETE FROM audit_checkpoint WHERE sequence < 28");
    EXPECT_NE(verdict(), "sound");
    tamper("DELETE FROM audit_cut");
    EXPECT_THAT(verdict(), HasSubstr("missing"));
}

// PCI DSS 4.0.1: 10.5.1
TEST_F(PrunedLog, IsNotCutOffWithinTwelveMonthsEvenByWhoHasTheHsm) {
    const auto now = clock.now().time_since_epoch().count(), recent = now - 365 * 24 * 3'600'000L;
    EXPECT_EQ(prune({recent}).error().status(), 400);
    vault::store::AuditRows rows{*pool};
    const auto last = *wait_for(rows.last_checkpoint("vault:1", Deadline::in(5s)));
    vault::audit::Cut cut{"vault:1", last->number, last->sequence, last->hash, last->mac, recent, now, 1, {}};
    cut.mac = *wait_for(hsm->mac({hsm::Purpose::audit, 1}, signed_part(cut), Deadline::in(5s)));
    vault::store::AuditCuts cuts{*owner};
    ASSERT_TRUE(wait_for(cuts.apply(cut, 70, Deadline::in(5s))));
    EXPECT_THAT(verdict(), HasSubstr("the record that says they were pruned is forged"));
}

TEST_F(PrunedLog, ShowsThatTheRecordOfAnEarlierPruneWasPutBack) {
    prune_three_days();
    keep("audit_cut");
    ASSERT_TRUE(prune({day(5)}));
    tamper("DELETE FROM audit_cut");
    put_back("audit_cut", "true");
    EXPECT_THAT(verdict(), HasSubstr("missing"));
}

TEST_F(PrunedLog, IsLeftAsItIsWhenItIsNotSound) {
    tamper("UPDATE audit_entry SET actor = 'nobody' WHERE sequence = 60");
    const auto refused = prune({day(3)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause(), common::Cause::integrity);
    EXPECT_THAT(refused.error().log_detail(), HasSubstr("entry 60: was edited"));
    EXPECT_EQ(count("audit_entry"), 70);
}

TEST_F(PrunedLog, KeepsWhatCannotBeArchivedOrRecorded) {
    Pruner::Order order{day(3)};
    std::vector<std::int64_t> told;
    order.entry = [&](const vault::audit::Record& record) -> common::Status {
        told.push_back(record.sequence);
        if (record.sequence == 9) return common::Fail{common::Error::internal("the disk is full")};
        return {};
    };
    EXPECT_FALSE(prune(order, 7));
    EXPECT_EQ(count("audit_entry"), 63) << "the first part was archived whole";
    EXPECT_EQ(told.size(), 9U);
    EXPECT_EQ(verdict(), "sound");
    trail.fail(common::Error::unavailable("the log is full"));
    EXPECT_FALSE(prune({day(3)}));
    EXPECT_EQ(count("audit_entry"), 63);
}

TEST_F(PrunedLog, LeavesAStreamWhoseCheckpointsAreElsewhere) {
    for (int part = 0; part < 2; ++part)
        write_part("vault:2");
    std::filesystem::rename(file("vault:2"), directory + "/away");
    const auto reports = prune({day(100)});
    ASSERT_TRUE(reports) << reports.error().describe();
    ASSERT_EQ(reports->size(), 2U);
    EXPECT_GT(reports->front().entries, 0);
    EXPECT_EQ(reports->back().entries, 0);
    EXPECT_THAT(reports->back().left_out, HasSubstr("file of checkpoints is missing"));
    EXPECT_EQ(count("audit_entry WHERE stream = 'vault:2'"), 14);
}

TEST_F(PrunedLog, CarriesOnWhatIsKnownOfTheKeys) {
    past.advance(-std::chrono::hours{24} * parts);
    {
        auto chosen = options("operator:1");
        chosen.announce = false;
        Log keys{chosen, *pool, *hsm, past, metrics};
        ASSERT_TRUE(keys.start());
        for (const char* mark : {"old", "last"})
            ASSERT_TRUE(wait_for(keys.record(
                {"vault", "merchant_key.rotate", "mk_1", "vault", Outcome::begun, mark}, Deadline::in(10s))));
        keys.stop();
        past.advance(24h);
    }
    write_part("operator:1");
    ASSERT_TRUE(prune({day(1), "operator:1"}));
    const auto entries = trail.entries();
    const auto carried = std::ranges::find(entries, "merchant_key.carry", &Entry::action);
    ASSERT_NE(carried, entries.end());
    EXPECT_EQ(carried->object, "mk_1");
    EXPECT_EQ(carried->detail, "last");
    EXPECT_EQ(trail.count("merchant_key.carry"), 1U);
}

TEST_F(PrunedLog, OnlyCountsInARehearsal) {
    const auto reports = prune({day(3), "", true}, 10);
    ASSERT_TRUE(reports);
    EXPECT_EQ(reports->front().entries, 21);
    EXPECT_EQ(count("audit_entry"), 70);
    EXPECT_TRUE(trail.entries().empty());
}

// PCI DSS 4.0.1: 10.5.1
TEST_F(PrunedLog, IsPrunedByACommandThatKeepsTwelveMonths) {
    const Identities identities;
    const auto archive = identities.file("archive.jsonl");
    hsm.reset();
    const auto vault = [&](std::vector<std::string> command, bool as_owner = true) {
        command.insert(command.begin(), {PORTCULLIS_VAULT_PROGRAM, "audit"});
        auto settings = vault_settings(identities, *token);
        settings.push_back("audit.checkpoint_directory=" + directory);
        if (as_owner)
            settings.push_back("database.owner_url=" +
                               tests::Postgres::instance().url("vault", "vault_owner"));
        for (const auto& setting : settings)
            command.insert(command.end(), {"--set", setting});
        return support::run_program(command);
    };
    const auto young = vault::audit::time_text((clock.now() - 365 * 24h).time_since_epoch().count());
    const auto refused = vault({"prune", "--before", young.substr(0, 10)});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("audit.keep_days"));
    EXPECT_EQ(vault({"prune", "--before", young.substr(0, 10), "--set", "audit.keep_days=30"}).code, 2)
        << "nor can it be configured";
    const auto before = vault::audit::time_text(day(3)).substr(0, 19) + 'Z';
    EXPECT_THAT(vault({"prune", "--before", before}, false).err, HasSubstr("database.owner_url"));
    EXPECT_EQ(vault({"prune", "--before", "soon"}).code, 2);
    EXPECT_THAT(vault({"prune", "--before", before, "--archive", directory + "/archive.jsonl"}).err,
                HasSubstr("may not be in audit.checkpoint_directory"));
    EXPECT_THAT(vault({"prune", "--before", before, "--dry-run"}).out,
                HasSubstr("21 entries would be removed"));
    EXPECT_EQ(count("audit_entry WHERE stream = 'vault:1'"), 70);

    const auto done = vault({"prune", "--before", before, "--archive", archive});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("vault:1: 21 entries removed, up to entry 21"));
    std::ifstream lines{archive};
    int entries = 0, checkpoints = 0;
    for (std::string line; std::getline(lines, line);)
        ++(vault::audit::checkpoint_of_line(line) ? checkpoints : entries);
    EXPECT_EQ(entries, 21);
    EXPECT_EQ(checkpoints, 1);
    EXPECT_EQ(vault({"prune", "--before", before, "--archive", archive}).code, 2) << "it would overwrite";
    const auto verified = vault({"verify"});
    EXPECT_EQ(verified.code, 0) << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("pruned up to entry 21"));
    EXPECT_THAT(vault({"show", "--stream", "vault:1"}).out, HasSubstr("vault:1 #22 "));
}

}  // namespace
