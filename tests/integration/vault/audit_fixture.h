// An audit log on a real database and token, and ways to look at it and to tamper with it.
#pragma once

#include <gtest/gtest.h>

#include "integration/vault/environment.h"
#include "vault/audit/log.h"
#include "vault/audit/verifier.h"

namespace vault_test {

using namespace std::chrono_literals;
using common::Deadline;
using vault::audit::Entry;
using vault::audit::Log;
using vault::audit::Outcome;
using vault::audit::Trouble;

class AuditTest : public testing::Test {
  protected:
    static void SetUpTestSuite() { token = new support::SoftHsm; }
    static void TearDownTestSuite() { delete token; }
    void SetUp() override {
        make_database();
        open_hsm(token->options());
        std::string pattern = (std::filesystem::temp_directory_path() / "audit.XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory = pattern;
        pool = std::make_unique<common::db::Pool>(pool_options(), metrics);
    }
    void TearDown() override {
        log.reset();
        pool.reset();
        hsm.reset();
        std::error_code ignored;
        std::filesystem::remove_all(directory, ignored);
    }
    void open_hsm(const hsm::Options& options) {
        hsm.reset();
        auto opened = hsm::Hsm::open(options, {}, metrics);
        ASSERT_TRUE(opened) << opened.error().describe();
        hsm = std::move(*opened);
    }

    Log::Options options(const std::string& stream = "vault:1") const {
        Log::Options chosen;
        chosen.stream = stream;
        chosen.checkpoint_directory = directory;
        chosen.checkpoint_every = 20ms;
        return chosen;
    }
    std::unique_ptr<Log> started(const Log::Options& chosen) {
        auto made = std::make_unique<Log>(chosen, *pool, *hsm, clock, metrics);
        const auto done = made->start();
        if (!done) throw std::runtime_error{done.error().describe()};
        return made;
    }
    void start() { log = started(options()); }
    static Entry entry(const std::string& object = "vt_test_1") {
        return {"spiffe://portcullis/gateway", "card.create", object, "127.0.0.1", Outcome::begun, "areq_1"};
    }
    auto record(const std::string& object = "vt_test_1", std::chrono::milliseconds limit = 10s) {
        return wait_for(log->record(entry(object), Deadline::in(limit)));
    }
    void record_many(int count) {
        for (int i = 1; i <= count; ++i)
            ASSERT_TRUE(record("vt_test_" + std::to_string(i)));
    }
    // Entries and a checkpoint behind each, so that every place of the log has one nearby.
    void make_history(int parts = 4, int entries_a_part = 5) {
        for (int part = 0; part < parts; ++part) {
            start();
            record_many(entries_a_part);
            log.reset();
        }
    }

    static std::string one(const std::string& sql) { return value_of(sql); }
    static long count(const std::string& rows) { return std::stol(one("SELECT count(*) FROM " + rows)); }
    static void tamper(const std::string& sql) { tests::Postgres::instance().run(sql, "vault"); }
    template <class Condition>
    static bool soon(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(5ms);
        }
        return true;
    }
    std::string file(const std::string& stream = "vault:1") const {
        return directory + '/' + stream + ".jsonl";
    }

    auto reports() {
        vault::store::AuditRows rows{*pool};
        vault::store::AuditCuts cuts{*pool};
        vault::audit::Verifier verifier{rows, cuts, *hsm, directory};
        return wait_for(verifier.run());
    }
    // What is wrong first, as the tool tells it; "sound" or "unknown: …" otherwise.
    std::string verdict() {
        const auto all = reports();
        if (!all) return all.error().describe();
        for (const auto& report : *all)
            if (!report.findings.empty()) return describe(report.findings.front());
        for (const auto& report : *all)
            if (!report.unknown.empty()) return "unknown: " + report.unknown;
        return "sound";
    }

    inline static support::SoftHsm* token = nullptr;
    common::SystemClock clock;
    common::Metrics metrics;
    std::unique_ptr<hsm::Hsm> hsm;
    std::string directory;
    std::unique_ptr<common::db::Pool> pool;
    std::unique_ptr<Log> log;
};

}  // namespace vault_test
