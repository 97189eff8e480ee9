// What somebody with all rights on the database and on the file of checkpoints does to the audit log, and how
// the verifier names it.
#include <random>

#include <gmock/gmock.h>

#include "integration/vault/audit_fixture.h"

namespace {

using namespace vault_test;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

// A history of four processes: 28 entries, of which the 7th, 14th, 21st and 28th are the last of one.
class AuditVerification : public AuditTest {
  protected:
    void SetUp() override {
        AuditTest::SetUp();
        make_history(4, 5);
        ASSERT_EQ(count("audit_entry"), 28);
        ASSERT_EQ(verdict(), "sound");
    }
    // An entry written anew, with a hash that fits it.
    void replace(std::int64_t sequence, const std::string& actor) {
        vault::store::AuditRows rows{*pool};
        const auto found = wait_for(rows.entries("vault:1", sequence - 1, 1, Deadline::in(5s)));
        ASSERT_TRUE(found && found->size() == 1);
        auto record = found->front();
        record.entry.actor = actor;
        record.hash = hash_of(record);
        store(record);
    }
    static void store(const vault::audit::Record& record) {
        using common::crypto::to_hex;
        tamper("UPDATE audit_entry SET actor = '" + record.entry.actor + "', previous = '\\x" +
               to_hex(record.previous) + "', hash = '\\x" + to_hex(record.hash) +
               "' WHERE sequence = " + std::to_string(record.sequence));
    }
    // The whole rest of the chain, as somebody would who knows how it is made.
    void rewrite_from(std::int64_t sequence) {
        vault::store::AuditRows rows{*pool};
        const auto found = wait_for(rows.entries("vault:1", sequence - 1, 1000, Deadline::in(5s)));
        ASSERT_TRUE(found);
        auto previous = found->front().previous;
        for (auto record : *found) {
            if (record.sequence == sequence) record.entry.actor = "nobody";
            record.previous = previous;
            record.hash = previous = hash_of(record);
            store(record);
        }
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        std::ifstream text{file()};
        for (std::string line; std::getline(text, line);)
            all.push_back(line);
        return all;
    }
    void write_lines(const std::vector<std::string>& all) const {
        std::ofstream text{file()};
        for (const auto& line : all)
            text << line << '\n';
    }
    static std::string checkpoint_at(int sequence) {
        return one("SELECT number FROM audit_checkpoint WHERE sequence = " + std::to_string(sequence));
    }
};

// PCI DSS 4.0.1: 10.3.4
TEST_F(AuditVerification, NamesAnEditedFieldWhicheverItIs) {
    for (const char* change : {"recorded_at = recorded_at + 1", "actor = 'x'", "action = 'x'", "object = 'x'",
                               "origin = 'x'", "outcome = 'done'", "outcome = 'unheard-of'",
                               "detail = detail || ' '", "hash = sha256('x')", "previous = sha256('x')"}) {
        tamper("CREATE TABLE kept AS SELECT * FROM audit_entry WHERE sequence = 10");
        tamper(std::string{"UPDATE audit_entry SET "} + change + " WHERE sequence = 10");
        EXPECT_THAT(verdict(), StartsWith("entry 10: was edited")) << change;
        tamper("DELETE FROM audit_entry WHERE sequence = 10");
        tamper("INSERT INTO audit_entry SELECT * FROM kept");
        tamper("DROP TABLE kept");
        EXPECT_EQ(verdict(), "sound");
    }
}

TEST_F(AuditVerification, NamesAnEntryThatWasReplacedTogetherWithItsHash) {
    replace(10, "nobody");
    EXPECT_THAT(verdict(), StartsWith("entry 10: was replaced"));
}

TEST_F(AuditVerification, NamesAReplacedEntryAtACheckpointAtTheStartAndAtTheEnd) {
    for (const int sequence : {1, 7, 28}) {
        const auto actor = one("SELECT actor FROM audit_entry WHERE sequence = " + std::to_string(sequence));
        replace(sequence, "nobody");
        EXPECT_THAT(verdict(), MatchesRegex("entr(y|ies) ([0-9]+ to )?" + std::to_string(sequence) +
                                            ": (was replaced|rewritten).*"));
        replace(sequence, actor);
        EXPECT_EQ(verdict(), "sound");
    }
}

TEST_F(AuditVerification, NamesARewrittenChainByTheCheckpointThatSawAnother) {
    rewrite_from(16);
    const auto before = one("SELECT max(sequence) FROM audit_checkpoint WHERE sequence < 16");
    const auto after = one("SELECT min(sequence) FROM audit_checkpoint WHERE sequence >= 16");
    const auto first = std::to_string(std::stol(before) + 1);
    EXPECT_THAT(verdict(), MatchesRegex("entr(y|ies) " + first + "( to " + after + ")?: rewritten.*"));
}

// PCI DSS 4.0.1: 10.3.4
TEST_F(AuditVerification, NamesADeletedMiddle) {
    tamper("DELETE FROM audit_entry WHERE sequence BETWEEN 9 AND 12");
    EXPECT_EQ(verdict(), "entries 9 to 12: missing");
}

TEST_F(AuditVerification, NamesADeletedMiddleThatWasClosedUp) {
    tamper("DELETE FROM audit_entry WHERE sequence = 9");
    tamper("ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_sequence_positive");
    tamper("UPDATE audit_entry SET sequence = sequence - 1000 WHERE sequence > 9");
    tamper("UPDATE audit_entry SET sequence = sequence + 999 WHERE sequence < 0");
    EXPECT_THAT(verdict(), StartsWith("entry 9: was edited"));
}

TEST_F(AuditVerification, NamesADeletedStart) {
    tamper("DELETE FROM audit_entry WHERE sequence < 3");
    EXPECT_EQ(verdict(), "entries 1 to 2: missing");
}

// PCI DSS 4.0.1: 10.3.4
TEST_F(AuditVerification, NamesADeletedTail) {
    tamper("DELETE FROM audit_entry WHERE sequence > 25");
    EXPECT_EQ(verdict(), "entries 26 to 28: missing");
}

// PCI DSS 4.0.1: 10.3.4
TEST_F(AuditVerification, NamesEntriesInAnotherOrder) {
    tamper("ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_pk");
    tamper("UPDATE audit_entry SET sequence = 23 - sequence WHERE sequence IN (11, 12)");
    EXPECT_THAT(verdict(), StartsWith("entry 11: was edited"));
}

// PCI DSS 4.0.1: 10.3.4
TEST_F(AuditVerification, NamesAnOlderCopyOfTheDatabase) {
    tamper("CREATE TABLE old_entry AS SELECT * FROM audit_entry");
    tamper("CREATE TABLE old_checkpoint AS SELECT * FROM audit_checkpoint");
    make_history(1, 6);
    ASSERT_EQ(count("audit_entry"), 36);
    tamper("TRUNCATE audit_entry, audit_checkpoint");
    tamper("INSERT INTO audit_entry SELECT * FROM old_entry");
    tamper("INSERT INTO audit_checkpoint SELECT * FROM old_checkpoint");
    EXPECT_THAT(verdict(), StartsWith("entries 29 to 36: missing, the database is an older copy"));
}

TEST_F(AuditVerification, NamesAStreamThatIsGoneWhole) {
    tamper("TRUNCATE audit_entry, audit_checkpoint");
    EXPECT_THAT(verdict(), StartsWith("entries 1 to 28: missing, the database is an older copy"));
}

TEST_F(AuditVerification, NamesAChangedCheckpointOfTheDatabase) {
    const auto number = checkpoint_at(14);
    for (const char* change : {"sequence = sequence - 1", "hash = sha256('x')", "made_at = made_at + 1",
                               "previous = sha256('x')", "mac = sha256('x')"}) {
        tamper("CREATE TABLE kept AS SELECT * FROM audit_checkpoint WHERE sequence = 14");
        tamper("UPDATE audit_checkpoint SET " + std::string{change} + " WHERE number = " + number);
        EXPECT_THAT(verdict(), StartsWith("checkpoint " + number + " (database): changed or forged"))
            << change;
        tamper("DELETE FROM audit_checkpoint WHERE number = " + number);
        tamper("INSERT INTO audit_checkpoint SELECT * FROM kept");
        tamper("DROP TABLE kept");
    }
}

TEST_F(AuditVerification, NamesDeletedCheckpointsOfTheDatabase) {
    const auto number = checkpoint_at(14), last = checkpoint_at(28);
    tamper("DELETE FROM audit_checkpoint WHERE number = " + last);
    EXPECT_EQ(verdict(), "checkpoint " + last + " (database): missing");
    tamper("DELETE FROM audit_checkpoint WHERE number = " + number);
    EXPECT_EQ(verdict(), "checkpoint " + number + " (database): missing");
}

TEST_F(AuditVerification, NamesAChangedForgedOrMissingLineOfTheFile) {
    const auto all = lines();
    const auto number = std::stoul(checkpoint_at(14));
    const auto subject = "checkpoint " + std::to_string(number) + " (file): ";
    auto changed = all;
    changed[number - 1].replace(changed[number - 1].find("\"sequence\":14"), 13, "\"sequence\":13");
    write_lines(changed);
    EXPECT_THAT(verdict(), StartsWith(subject + "changed or forged"));
    changed[number - 1] = "not a checkpoint";
    write_lines(changed);
    EXPECT_THAT(verdict(), StartsWith(subject + "changed or forged"));
    changed = all;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(number) - 1);
    write_lines(changed);
    EXPECT_EQ(verdict(), subject + "missing");
    changed = all;
    changed.resize(number - 1);
    write_lines(changed);
    EXPECT_EQ(verdict(), subject + "missing");
    changed = all;
    auto forged = all.back();
    forged.replace(forged.find("\"number\":"), 9, "\"number\":1");
    changed.push_back(forged);
    write_lines(changed);
    EXPECT_THAT(verdict(), HasSubstr("changed or forged"));
    write_lines(all);
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditVerification, NamesACheckpointThatIsGoneFromBothPlaces) {
    const auto number = checkpoint_at(14);
    tamper("DELETE FROM audit_checkpoint WHERE number = " + number);
    auto all = lines();
    all.erase(all.begin() + std::stol(number) - 1);
    write_lines(all);
    EXPECT_EQ(verdict(), "checkpoint " + number + " (database and file): missing");
}

TEST_F(AuditVerification, CannotTellWithoutTheFileOrTheKey) {
    const auto kept = file() + ".kept";
    std::filesystem::rename(file(), kept);
    EXPECT_EQ(verdict(), "unknown: its file of checkpoints is missing");
    std::filesystem::rename(kept, file());
    auto all = lines();
    for (auto& line : all)
        line.replace(line.find("\"audit_key\":1"), 13, "\"audit_key\":9");
    write_lines(all);
    tamper("UPDATE audit_checkpoint SET key_version = 9");
    EXPECT_THAT(verdict(), HasSubstr("AUDK-v9"));
}

TEST_F(AuditVerification, IsNotDisturbedByALogThatIsWritten) {
    start();
    std::atomic<bool> ending = false;
    std::jthread writer{[&] {
        while (!ending)
            record("vt_meanwhile");
    }};
    for (int i = 0; i < 15; ++i)
        EXPECT_EQ(verdict(), "sound");
    ending = true;
}

TEST_F(AuditVerification, ReportsWhatNoCheckpointCoversYet) {
    auto chosen = options();
    chosen.checkpoint_every = 1h;
    log = started(chosen);
    ASSERT_TRUE(record());
    const auto all = reports();
    ASSERT_TRUE(all && all->size() == 1);
    EXPECT_EQ(all->front().entries, 30);
    EXPECT_GE(all->front().unsealed, 1);
    EXPECT_TRUE(all->front().findings.empty());
}

// Whatever is done to whichever rows: it is found, and nothing before it is blamed but what the checkpoint
// before leaves open.
TEST_F(AuditVerification, FindsAnyTamperingWithAnyRow) {
    const char* const kinds[] = {
        "UPDATE audit_entry SET actor = actor || 'x' WHERE sequence = $",
        "UPDATE audit_entry SET recorded_at = recorded_at - 1 WHERE sequence = $",
        "UPDATE audit_entry SET hash = set_byte(hash, 31, get_byte(hash, 31) # 1) WHERE sequence = $",
        "UPDATE audit_entry SET previous = sha256(previous) WHERE sequence = $",
        "DELETE FROM audit_entry WHERE sequence = $",
        "DELETE FROM audit_entry WHERE sequence >= $",
        "UPDATE audit_entry SET stream = 'vault:2' WHERE sequence = $",
    };
    tamper("CREATE TABLE kept AS SELECT * FROM audit_entry");
    const auto seed = std::random_device{}();
    std::mt19937 random{seed};
    for (int i = 0; i < 60; ++i) {
        const auto sequence = 1 + static_cast<long>(random() % 28);
        std::string sql = kinds[random() % std::size(kinds)];
        sql.replace(sql.find('$'), 1, std::to_string(sequence));
        tamper(sql);
        const auto all = reports();
        ASSERT_TRUE(all) << all.error().describe();
        ASSERT_FALSE(all->front().findings.empty()) << sql << ", seed " << seed;
        EXPECT_EQ(all->front().findings.front().sequence, sequence) << sql << ", seed " << seed;
        tamper("TRUNCATE audit_entry");
        tamper("INSERT INTO audit_entry SELECT * FROM kept");
    }
    EXPECT_EQ(verdict(), "sound");
}

}  // namespace
