#include <thread>

#include "fixture.h"

namespace hsm_test {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

template <class Token>
class HealingOnEveryModule : public TokenTest<Token> {
  protected:
    // How long until sealing works; more than the limit when it does not.
    Steady::duration time_to_heal(std::chrono::seconds limit) {
        const auto begun = Steady::now();
        while (Steady::now() - begun < limit) {
            if (this->seal("x")) return Steady::now() - begun;
            std::this_thread::sleep_for(20ms);
        }
        return limit + 1s;
    }
    double logins(std::string_view result) {
        return this->metrics.counter_value("hsm_calls_total", {{"function", "C_Login"}, {"result", result}});
    }
    support::FaultModule faults{Token::module};
};
TYPED_TEST_SUITE(HealingOnEveryModule, EveryModule);

using Healing = HealingOnEveryModule<support::SoftHsm>;

TEST_F(Healing, ComesBackWithinFiveSecondsOfTheTokensReturn) {
    open();
    const auto sealed = seal("key").value();
    token.move_token_away();
    Result<Bytes> gone = seal("x");
    EXPECT_FALSE(gone);
    EXPECT_EQ(gone.error().cause(), Cause::unavailable);
    for (int i = 0; i < 20; ++i) {
        EXPECT_FALSE(seal("x"));
        std::this_thread::sleep_for(50ms);
    }
    EXPECT_FALSE(hsm->health().usable);
    EXPECT_NE(hsm->health().last_error, "");
    token.move_token_back();
    EXPECT_LT(time_to_heal(10s), 5s);
    const auto opened = open_sealed(sealed);
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(opened->text(), "key");
    EXPECT_TRUE(hsm->health().usable);
}

TYPED_TEST(HealingOnEveryModule, CuresEachFailureOfACallAtOnce) {
    this->open_with_faults();
    const auto sealed = this->seal("key").value();
    const CK_RV values[] = {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
                            CKR_OPERATION_ACTIVE,       CKR_OBJECT_HANDLE_INVALID,
                            CKR_KEY_HANDLE_INVALID,     CKR_USER_NOT_LOGGED_IN,
                            CKR_DEVICE_ERROR,           CKR_DEVICE_REMOVED,
                            CKR_TOKEN_NOT_PRESENT,      CKR_CRYPTOKI_NOT_INITIALIZED};
    for (const auto* function : {"C_DecryptInit", "C_Decrypt"}) {
        for (const auto value : values) {
            this->faults.fail(function, value);
            const auto opened = this->open_sealed(sealed);
            ASSERT_TRUE(opened) << function << ' ' << hsm::name_of(value) << ' ' << opened.error().describe();
            EXPECT_EQ(opened->text(), "key");
        }
    }
    EXPECT_EQ(this->logins("CKR_PIN_INCORRECT"), 0);
}

TEST_F(Healing, CuresFailuresOfEveryFunction) {
    open_with_faults();
    const auto digest = mac("4242").value();
    for (const auto* function : {"C_EncryptInit", "C_Encrypt", "C_SignInit", "C_Sign", "C_GenerateRandom",
                                 "C_OpenSession", "C_FindObjectsInit"}) {
        for (const auto value : {CKR_DEVICE_ERROR, CKR_SESSION_HANDLE_INVALID, CKR_GENERAL_ERROR}) {
            faults.fail(function, value, 2);
            // Whether these two fail is open; what comes after them is not.
            std::ignore = seal("x");
            std::ignore = mac("x");
            EXPECT_LT(time_to_heal(8s), 5s) << function << ' ' << hsm::name_of(value);
            EXPECT_EQ(mac("4242").value_or(common::crypto::Digest{}), digest) << function;
            faults.heal();
        }
    }
}

TYPED_TEST(HealingOnEveryModule, TellsAFailingDeviceFromACorruptRow) {
    this->open_with_faults();
    const auto sealed = this->seal("key").value();
    // The record's call and the canary's fail alike: it is the device.
    this->faults.fail("C_Decrypt", CKR_GENERAL_ERROR, 2);
    const auto failed = this->open_sealed(sealed);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().cause(), Cause::unavailable);
    // Only the record's call fails: it is the record.
    ASSERT_TRUE(this->open_sealed(sealed));
    this->faults.fail("C_Decrypt", CKR_GENERAL_ERROR, 1);
    const auto corrupt = this->open_sealed(sealed);
    ASSERT_FALSE(corrupt);
    EXPECT_EQ(corrupt.error().cause(), Cause::integrity);
    EXPECT_TRUE(this->hsm->health().usable);
}

TYPED_TEST(HealingOnEveryModule, LogsInAgainWhenLoggedOut) {
    this->open();
    ASSERT_TRUE(this->seal("x"));
    const auto before = this->logins("CKR_OK");
    {
        const RawSession raw{this->token, false};
        ASSERT_EQ(raw.f().C_Logout(raw.handle()), CKR_OK);
    }
    EXPECT_LT(this->time_to_heal(5s), 1s);
    EXPECT_GE(this->logins("CKR_OK"), before + 1);
}

TYPED_TEST(HealingOnEveryModule, SurvivesTheLossOfAllSessions) {
    this->open();
    ASSERT_TRUE(this->seal("x"));
    {
        const RawSession raw{this->token, false};
        const auto slot = raw.module->find_token(TypeParam::label).value().slot;
        ASSERT_EQ(raw.f().C_CloseAllSessions(slot), CKR_OK);
    }
    EXPECT_LT(this->time_to_heal(5s), 1s);
}

TYPED_TEST(HealingOnEveryModule, NeverTriesAPinAgainThatWasRefused) {
    this->open_with_faults();
    this->faults.fail("C_Login", CKR_PIN_INCORRECT, 100);
    this->faults.fail("C_EncryptInit", CKR_USER_NOT_LOGGED_IN, 100);
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(this->seal("x"));
    EXPECT_EQ(this->logins("CKR_PIN_INCORRECT"), 1);
    EXPECT_FALSE(this->hsm->health().usable);
}

TEST_F(Healing, LooksForALostKeyWithoutHarmToTheOthers) {
    open();
    {
        const RawSession raw{token};
        ASSERT_EQ(raw.f().C_DestroyObject(raw.handle(), raw.key("KEK-pii-v1")), CKR_OK);
    }
    const auto lost = wait_for(hsm->seal({Purpose::kek_pii, 1}, bytes_of("x"), {}, Deadline{}));
    EXPECT_FALSE(lost);
    EXPECT_LT(time_to_heal(5s), 5s);
    EXPECT_TRUE(mac("x"));
}

boost::asio::awaitable<void> ask_many(Hsm* hsm, int times, std::atomic<int>* done, std::atomic<int>* wrong) {
    for (int i = 0; i < times; ++i) {
        const auto text = "text " + std::to_string(i);
        auto sealed = co_await hsm->seal(card_kek, bytes_of(text), bytes_of("row"), Deadline{});
        if (!sealed) {
            ++*wrong;
            continue;
        }
        const auto opened = co_await hsm->open_sealed(card_kek, *sealed, bytes_of("row"), Deadline{});
        const auto digest = co_await hsm->mac(fingerprint_key, SecretBytes::copy_of(text), Deadline{});
        if (opened && opened->text() == text && digest) {
            ++*done;
        } else {
            ++*wrong;
        }
    }
}

TEST_F(Healing, AnswersManyAtOnce) {
    auto options = token.options();
    options.workers = 4;
    options.call_max = 20s;
    open(options);
    std::atomic<int> done = 0;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            boost::asio::io_context io;
            for (int i = 0; i < 8; ++i)
                boost::asio::co_spawn(io, ask_many(hsm.get(), 20, &done, &wrong),
                                      common::log_exceptions("test"));
            io.run();
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(done, 640);
    EXPECT_EQ(wrong, 0);
}

TEST_F(Healing, AnswersManyAtOnceWhileTheDeviceFails) {
    auto options = token.options();
    options.module = support::FaultModule::path();
    options.workers = 4;
    options.call_max = 20s;
    open(options);
    std::atomic<int> done = 0;
    std::atomic<int> wrong = 0;
    std::atomic<bool> ended = false;
    std::thread trouble{[&] {
        while (!ended) {
            faults.fail("C_EncryptInit", CKR_DEVICE_ERROR, 1);
            faults.fail("C_Sign", CKR_SESSION_CLOSED, 1);
            std::this_thread::sleep_for(300ms);
        }
    }};
    boost::asio::io_context io;
    for (int i = 0; i < 8; ++i)
        boost::asio::co_spawn(io, ask_many(hsm.get(), 50, &done, &wrong), common::log_exceptions("test"));
    io.run();
    ended = true;
    trouble.join();
    faults.heal();
    EXPECT_LT(time_to_heal(8s), 5s);
    EXPECT_EQ(done + wrong, 400);
    EXPECT_GT(done, 380);  // each is healed within the call, unless a second failure hits it
}

boost::asio::awaitable<void> sign_once(Hsm* hsm, std::vector<Cause>* causes) {
    const auto digest = co_await hsm->mac(fingerprint_key, SecretBytes::copy_of("x"), Deadline{});
    causes->push_back(digest ? Cause::none : digest.error().cause());
}

TEST_F(Healing, TurnsCallersAwayWhenItsQueueIsFull) {
    auto options = token.options();
    options.module = support::FaultModule::path();
    options.workers = 1;
    options.queue_max = 3;
    open(options);
    faults.delay("C_Sign", 100ms);
    std::vector<Cause> causes;
    boost::asio::io_context io;
    for (int i = 0; i < 10; ++i)
        boost::asio::co_spawn(io, sign_once(hsm.get(), &causes), common::log_exceptions("test"));
    io.run();
    ASSERT_EQ(causes.size(), 10U);
    EXPECT_GE(std::ranges::count(causes, Cause::overloaded), 6);
    EXPECT_GE(std::ranges::count(causes, Cause::none), 3);
}

TEST_F(Healing, LetsTheCallerGoAtItsDeadline) {
    open_with_faults(200ms);
    faults.delay("C_Sign", 1500ms);
    boost::asio::io_context io;
    std::vector<Cause> causes;
    const auto begun = Steady::now();
    Steady::duration waited{};
    boost::asio::co_spawn(io, sign_once(hsm.get(), &causes),
                          [&](const std::exception_ptr&) { waited = Steady::now() - begun; });
    io.run();
    EXPECT_EQ(causes, std::vector{Cause::deadline_exceeded});
    EXPECT_LT(waited, 1s);
    faults.heal();
    EXPECT_LT(time_to_heal(5s), 1s);
}

TEST_F(Healing, DoesNotBeginWhatIsLateAlready) {
    open();
    const auto digest = wait_for(hsm->mac(fingerprint_key, SecretBytes::copy_of("x"), Deadline::in(-1ms)));
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().cause(), Cause::deadline_exceeded);
}

TEST_F(Healing, TestsItself) {
    open_with_faults();
    EXPECT_TRUE(wait_for(hsm->self_test(Deadline{})));
    faults.fail("C_Decrypt", CKR_GENERAL_ERROR, 1);
    EXPECT_FALSE(wait_for(hsm->self_test(Deadline{})));
    EXPECT_TRUE(wait_for(hsm->self_test(Deadline{})));
}

}  // namespace
}  // namespace hsm_test
