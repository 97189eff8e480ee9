// Every return value of PKCS#11 v2.40 at every function that the vault calls, and answers that are wrong
// though the call succeeds: never a wrong result, an error that says the HSM and not the data, and usable
// again at once when the fault is gone.
#include <thread>

#include "common/log.h"
#include "fixture.h"

namespace hsm_test {
namespace {

using namespace std::chrono_literals;
using common::crypto::Digest;
using Steady = std::chrono::steady_clock;
using Spoil = support::FaultModule::Spoil;

constexpr int always = 1'000'000;
constexpr CK_RV vendor_value = CKR_VENDOR_DEFINED + 1;
constexpr CK_RV unassigned_value = 0x3ff;

constexpr const char* of_a_connection[] = {"C_Initialize",   "C_Finalize",         "C_GetSlotList",
                                           "C_GetTokenInfo", "C_OpenSession",      "C_Login",
                                           "C_CloseSession", "C_GetSessionInfo",   "C_FindObjectsInit",
                                           "C_FindObjects",  "C_FindObjectsFinal", "C_GetAttributeValue"};
constexpr const char* of_a_call[] = {"C_EncryptInit", "C_Encrypt", "C_DecryptInit",   "C_Decrypt",
                                     "C_SignInit",    "C_Sign",    "C_GenerateRandom"};

std::vector<CK_RV> all_values() {
    std::vector<CK_RV> values{vendor_value, unassigned_value};
    for (CK_RV value = 1; value <= CKR_FUNCTION_REJECTED; ++value)
        if (hsm::name_of(value) != "CKR_OTHER") values.push_back(value);
    return values;
}

// An HSM with the two keys that the test uses, which makes beginning again quick.
class Faults : public HsmTest {
  protected:
    void SetUp() override {
        common::log::open("test", "error");  // thousands of failures, each with its lines
        for (const auto& kind : hsm::all_kinds())
            if (kind.purpose != Purpose::kek_card && kind.purpose != Purpose::fingerprint)
                ASSERT_TRUE(hsm::destroy_key(token.setup(), {kind.purpose, 1}, metrics));
        begin();
        sealed = seal("key").value();
        digest = mac("4242").value();
    }
    void begin() {
        auto options = token.options();
        options.module = support::FaultModule::path();
        options.workers = 1;
        options.revival_pause_min = 1ms;
        hsm.reset();
        open(options);
    }
    // What comes out is right, or an error that blames the HSM.
    template <class T>
    bool right(const Result<T>& result, bool expected, const std::string& what) {
        if (result) {
            EXPECT_TRUE(expected) << "a wrong result: " << what;
        } else {
            EXPECT_EQ(result.error().cause(), Cause::unavailable)
                << what << ": " << result.error().describe();
        }
        return result.has_value();
    }
    bool all_right(const std::string& what) {
        const auto opened = open_sealed(sealed);
        const auto signed_now = mac("4242");
        const auto sealed_now = seal("new");
        bool ok = right(opened, opened && opened->text() == "key", what + ", opening");
        ok = right(signed_now, signed_now && *signed_now == digest, what + ", signing") && ok;
        ok = right(sealed_now, true, what + ", sealing") && ok;
        if (sealed_now) kept.push_back(*sealed_now);
        return ok;
    }
    bool heals(const std::string& what) {
        const auto begun = Steady::now();
        while (Steady::now() - begun < 5s)
            if (all_right(what + ", healed")) return true;
        return false;
    }
    // What was sealed while the fault lasted opens now.
    void kept_opens(const std::string& what) {
        for (const auto& one : kept) {
            const auto opened = open_sealed(one);
            EXPECT_TRUE(opened && opened->text() == "new") << what;
        }
        kept.clear();
    }
    // Beginning again is part of the next call.
    void lose_token() { faults.fail("C_SignInit", CKR_DEVICE_REMOVED); }

    support::FaultModule faults;
    Bytes sealed;
    Digest digest{};
    std::vector<Bytes> kept;
};

TEST_F(Faults, KnowsEveryReturnValueOfTheStandard) {
    EXPECT_EQ(all_values().size(), 92U + 3U);  // one of v3.0 too, a vendor's and one of nobody
}

TEST_F(Faults, EveryReturnValueWhileItConnects) {
    for (const auto* function : of_a_connection) {
        for (const auto value : all_values()) {
            const auto what = std::string{hsm::name_of(value)} + " in " + function;
            faults.heal();
            lose_token();
            faults.fail(function, value, always);
            const auto signed_now = mac("4242");
            right(signed_now, signed_now && *signed_now == digest, what);
            EXPECT_LE(faults.count("C_Initialize"), 4) << what;
            EXPECT_LE(faults.count("C_Login"), 4) << what;
            EXPECT_LE(faults.count("C_OpenSession"), 12) << what;
            if (hsm::trouble_of(value) == hsm::Trouble::pin && std::string_view{function} == "C_Login") {
                EXPECT_EQ(faults.count("C_Login"), 1) << what << ": a refused PIN must not be tried again";
                faults.heal();
                EXPECT_FALSE(seal("x")) << what;
                EXPECT_EQ(faults.count("C_Login"), 0) << what;
                begin();
            }
            faults.heal();
            ASSERT_TRUE(heals(what)) << what;
            kept_opens(what);
        }
    }
}

TEST_F(Faults, EveryReturnValueInACall) {
    for (const auto* function : of_a_call) {
        for (const auto value : all_values()) {
            const auto what = std::string{hsm::name_of(value)} + " in " + function;
            faults.heal();
            faults.fail(function, value, always);
            all_right(what);
            // Three calls of the vault, each with its second attempt and the canaries of beginning again.
            EXPECT_LE(faults.count(function), 40) << what;
            EXPECT_LE(faults.count("C_Initialize"), 8) << what;
            faults.heal();
            ASSERT_TRUE(heals(what)) << what;
            kept_opens(what);
        }
    }
}

TEST_F(Faults, EveryReturnValueOnceInACall) {
    for (const auto* function : of_a_call) {
        for (const auto value : all_values()) {
            const auto what = std::string{hsm::name_of(value)} + " once in " + function;
            const auto trouble = hsm::trouble_of(value);
            // At C_Decrypt one such value, with a canary that opens, does mean the data.
            const bool judged = trouble == hsm::Trouble::data || trouble == hsm::Trouble::general;
            if (judged && std::string_view{function}.starts_with("C_Decrypt")) continue;
            faults.heal();
            faults.fail(function, value);
            // Random bytes are drawn ahead, and drawn anew by a new session.
            if (std::string_view{function} == "C_GenerateRandom")
                faults.fail("C_SignInit", CKR_SESSION_CLOSED);
            all_right(what);
            EXPECT_LE(faults.count(function), 12) << what;
            faults.heal();
            ASSERT_TRUE(all_right(what + ", after it")) << what;
            kept_opens(what);
        }
    }
}

TEST_F(Faults, AnswersOfTheWrongLengthOrContent) {
    for (const auto* function : {"C_GetSlotList", "C_FindObjects", "C_GetAttributeValue", "C_Encrypt",
                                 "C_Decrypt", "C_Sign", "C_GenerateRandom"}) {
        for (const auto how : {Spoil::shorter, Spoil::longer, Spoil::endless, Spoil::flipped, Spoil::blank}) {
            // A wrong HMAC of the right length is beyond telling without a second HSM; a start compares it
            // with the first one.
            const bool beyond = std::string_view{function} == "C_Sign" && how >= Spoil::flipped;
            // And so is a wrong text from C_Decrypt, which has authenticated it.
            if (beyond || (std::string_view{function} == "C_Decrypt" && how >= Spoil::flipped)) continue;
            const auto what = std::string{function} + " spoilt, way " + std::to_string(static_cast<int>(how));
            faults.heal();
            lose_token();
            faults.spoil(function, how, always);
            all_right(what);
            faults.heal();
            ASSERT_TRUE(heals(what)) << what;
            kept_opens(what);
        }
    }
}

TEST_F(Faults, NeverUsesAnIvTwiceThoughTheGeneratorIsStuck) {
    faults.spoil("C_GenerateRandom", Spoil::blank, always);
    std::set<Bytes> ivs;
    for (int i = 0; i < 200; ++i) {
        const auto one = seal("x").value();
        EXPECT_TRUE(ivs.insert(Bytes(one.begin(), one.begin() + 12)).second);
    }
}

TEST_F(Faults, FindsABadSealBeforeAnyoneReliesOnIt) {
    faults.spoil("C_Encrypt", Spoil::flipped);
    const auto one = seal("key of many cards");
    ASSERT_TRUE(one) << one.error().describe();
    EXPECT_EQ(open_sealed(*one)->text(), "key of many cards");
}

TEST_F(Faults, BeginsAgainNoMoreOftenThanItsPausesAllow) {
    auto options = token.options();
    options.module = support::FaultModule::path();
    hsm.reset();
    open(options);
    faults.heal();
    lose_token();
    faults.fail("C_OpenSession", CKR_DEVICE_ERROR, always);
    const auto begun = Steady::now();
    int asked = 0;
    for (; Steady::now() - begun < 1s; ++asked)
        EXPECT_FALSE(mac("4242"));
    EXPECT_GT(asked, 100) << "a caller is told at once";
    // After 0, 100, 300 and 700 ms, and a first call that tried twice.
    EXPECT_LE(faults.count("C_Initialize"), 6);
    EXPECT_LE(faults.count("C_OpenSession"), 16);
}

TEST_F(Faults, HandlesThatAreLostAreFoundAgain) {
    for (int i = 0; i < 3; ++i) {
        // Another part of the process ends the library under the vault's feet, and begins it again.
        const RawSession raw{token, false};
        ASSERT_EQ(raw.f().C_Finalize(nullptr), CKR_OK);
        ASSERT_TRUE(heals("library ended"));
        kept_opens("library ended");
    }
}

TEST_F(Faults, GoesOnWhenTheModuleHasNoMoreSessions) {
    faults.fail("C_OpenSession", CKR_SESSION_COUNT, always);
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(mac("4242")) << "the session that it has will do";
    faults.fail("C_Sign", CKR_SESSION_CLOSED);
    EXPECT_FALSE(mac("4242"));
    faults.heal();
    EXPECT_TRUE(heals("sessions free again"));
}

struct Ticks {
    std::vector<Steady::duration> late;
};

boost::asio::awaitable<void> tick(Ticks* ticks, const bool* ended) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    while (!*ended) {
        const auto due = Steady::now() + 5ms;
        timer.expires_at(due);
        co_await timer.async_wait(boost::asio::use_awaitable);
        ticks->late.push_back(Steady::now() - due);
    }
}

boost::asio::awaitable<void> sign(Hsm* hsm, std::vector<std::pair<Cause, Steady::duration>>* answers) {
    const auto begun = Steady::now();
    const auto done = co_await hsm->mac(fingerprint_key, SecretBytes::copy_of("x"), Deadline{});
    answers->emplace_back(done ? Cause::none : done.error().cause(), Steady::now() - begun);
}

TEST_F(Faults, AHangHoldsUpNobodyButItsOwnCallers) {
    auto options = token.options();
    options.module = support::FaultModule::path();
    options.workers = 2;
    options.queue_max = 8;
    options.call_max = 300ms;
    hsm.reset();
    open(options);
    faults.delay("C_Sign", 2s);
    boost::asio::io_context io;
    Ticks ticks;
    bool ended = false;
    std::vector<std::pair<Cause, Steady::duration>> answers;
    boost::asio::co_spawn(io, tick(&ticks, &ended), common::log_exceptions("ticks"));
    for (int i = 0; i < 30; ++i)
        boost::asio::co_spawn(io, sign(hsm.get(), &answers), common::log_exceptions("test"));
    io.run_for(1s);
    ended = true;
    ASSERT_EQ(answers.size(), 30U) << "each has its answer while the calls hang on";
    std::ranges::sort(ticks.late);
    EXPECT_GT(ticks.late.size(), 50U);
    EXPECT_LT(ticks.late[ticks.late.size() * 99 / 100], 50ms);
    for (const auto& [cause, waited] : answers) {
        EXPECT_TRUE(cause == Cause::deadline_exceeded || cause == Cause::overloaded);
        EXPECT_LT(waited, 800ms);
    }
    EXPECT_GE(std::ranges::count(answers, Cause::overloaded, &std::pair<Cause, Steady::duration>::first), 20);
    io.run();
    faults.heal();
    EXPECT_TRUE(heals("hang"));
}

}  // namespace
}  // namespace hsm_test
