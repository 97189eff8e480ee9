#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vault/audit/checkpoint.h"
#include "vault/audit/reader.h"
#include "vault/audit/record.h"

namespace {

using common::crypto::Digest;
using common::crypto::to_hex;
using testing::HasSubstr;
using testing::Not;
using vault::audit::Checkpoint;
using vault::audit::checkpoint_of_line;
using vault::audit::cleaned;
using vault::audit::Entry;
using vault::audit::hash_of;
using vault::audit::Outcome;
using vault::audit::Record;

Digest filled(std::uint8_t byte) {
    Digest digest{};
    digest.fill(byte);
    return digest;
}

Record sample() {
    return {
        "vault:1",
        7,
        1795620839046,
        {"spiffe://portcullis/gateway", "card.create", "vt_test_1", "127.0.0.1", Outcome::begun, "areq_1"},
        filled(0x11),
        {}};
}

Checkpoint sample_checkpoint() {
    return {"vault:1", 3, 7, filled(0x22), 1795620839046, 2, filled(0x33), filled(0x44)};
}

// Computed apart from this program, from the description of the format: old entries must stay verifiable.
TEST(AuditRecord, HashesAsItAlwaysDid) {
    EXPECT_EQ(to_hex(hash_of(sample())), "cc0834b5e4950ea36efc2aaf257323d726e74dc297a449e49c42c09cf0a74139");
}

TEST(AuditRecord, HasAnotherHashWhenAnyFieldDiffers) {
    const auto original = hash_of(sample());
    const std::vector<std::function<void(Record&)>> changes{
        [](Record& r) { r.stream += 'x'; },
        [](Record& r) { ++r.sequence; },
        [](Record& r) { ++r.recorded_at; },
        [](Record& r) { r.entry.actor += ' '; },
        [](Record& r) { r.entry.action = "card.open"; },
        [](Record& r) { r.entry.object.clear(); },
        [](Record& r) { r.entry.origin = "relay"; },
        [](Record& r) { r.entry.outcome = Outcome::done; },
        [](Record& r) { r.entry.detail = "areq_2"; },
        [](Record& r) { r.previous[31] ^= 1; },
        [](Record& r) { r.entry.action += 'v', r.entry.object.erase(0, 1); },  // a border that moved
    };
    for (const auto& change : changes) {
        auto record = sample();
        change(record);
        EXPECT_NE(hash_of(record), original);
    }
}

TEST(AuditRecord, CleansWhatNoDatabaseOrReaderShouldGet) {
    Entry entry;
    entry.actor = std::string(3000, 'a');
    entry.action = std::string{"a\0b\n\xff\xc3", 6};
    entry.object = "Zürich";
    entry.origin = std::string(1023, 'o') + "ü";
    entry.detail = "the number 4242-4242-4242-4242 was typed";
    const auto clean = cleaned(entry);
    EXPECT_EQ(clean.actor.size(), 1024U);
    EXPECT_EQ(clean.action, "a?b???");
    EXPECT_EQ(clean.object, "Zürich");
    EXPECT_EQ(clean.origin, std::string(1023, 'o'));
    EXPECT_THAT(clean.detail, Not(HasSubstr("4242-4242-4242")));
}

TEST(AuditRecord, TakesStreamNamesThatAreNamesOfFiles) {
    for (const char* good : {"vault", "host:127.0.0.1:8444", "operator:db-1", "a@b_c", "::1:8444"})
        EXPECT_TRUE(vault::audit::is_stream_name(good)) << good;
    for (const auto& bad : {std::string{""}, std::string{"a/b"}, std::string{".."}, std::string{".x"},
                            std::string{"a b"}, std::string{"a\n"}, std::string(129, 'a')})
        EXPECT_FALSE(vault::audit::is_stream_name(bad)) << bad;
}

TEST(AuditCheckpoint, IsSignedOverTheSameBytesAsEver) {
    EXPECT_EQ(to_hex(common::crypto::sha256(signed_part(sample_checkpoint()).bytes())),
              "e54eb7b2f0720be36d66876d3f84004eddfc4305b288de16a45847d645c43d2c");
}

TEST(AuditCheckpoint, SignsEveryField) {
    const auto original = common::crypto::sha256(signed_part(sample_checkpoint()).bytes());
    const std::vector<std::function<void(Checkpoint&)>> changes{
        [](Checkpoint& c) { c.stream = "vault:2"; }, [](Checkpoint& c) { ++c.number; },
        [](Checkpoint& c) { ++c.sequence; },         [](Checkpoint& c) { c.hash[0] ^= 1; },
        [](Checkpoint& c) { ++c.made_at; },          [](Checkpoint& c) { ++c.key_version; },
        [](Checkpoint& c) { c.previous[0] ^= 1; },
    };
    for (const auto& change : changes) {
        auto checkpoint = sample_checkpoint();
        change(checkpoint);
        EXPECT_NE(common::crypto::sha256(signed_part(checkpoint).bytes()), original);
    }
}

TEST(AuditCheckpoint, ComesBackFromItsLine) {
    auto line = to_line(sample_checkpoint());
    ASSERT_EQ(line.back(), '\n');
    line.pop_back();
    const auto read = checkpoint_of_line(line);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(*read, sample_checkpoint());
}

TEST(AuditCheckpoint, RefusesLinesOfAnyOtherForm) {
    auto line = to_line(sample_checkpoint());
    line.pop_back();
    const auto with = [&](std::string_view what, std::string_view instead) {
        auto changed = line;
        changed.replace(changed.find(what), what.size(), instead);
        return changed;
    };
    for (const auto& bad :
         {std::string{}, std::string{"{}"}, std::string{"[]"}, line.substr(1), line + 'x',
          with("\"number\":3", "\"number\":0"), with("\"number\":3", "\"number\":\"3\""),
          with("\"sequence\":7", "\"sequence\":-7"), with("\"audit_key\":2", "\"audit_key\":99999999999"),
          with("\"stream\":\"vault:1\"", "\"stream\":\"../x\""), with("2222", "222"), with("2222", "zz22"),
          with("\"number\":3", "\"number\":3,\"more\":1"), with("\"number\":3,", "")})
        EXPECT_FALSE(checkpoint_of_line(bad)) << bad;
}

TEST(AuditTimes, AreReadAndWrittenInUtc) {
    EXPECT_EQ(vault::audit::time_of("2026-11-25"), 1795564800000);
    EXPECT_EQ(vault::audit::time_of("2026-11-25T10:30:00Z"), 1795602600000);
    EXPECT_EQ(vault::audit::time_text(1795602600007), "2026-11-25T10:30:00.007Z");
    for (const char* bad : {"", "yesterday", "2026-13-01", "2026-11-25T10:30:00", "2026-11-25 "})
        EXPECT_FALSE(vault::audit::time_of(bad)) << bad;
}

}  // namespace
