// A copy of the token in place of the token: when, and when not.
#include <thread>

#include "fixture.h"

namespace hsm_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* copy_label = "portcullis-copy";
constexpr KeyRef second_kek{Purpose::kek_card, 2};

class Failover : public HsmTest {
  protected:
    void open_with_copy() {
        auto options = token.options();
        options.fallback_tokens = {copy_label};
        options.other_tokens_every = 200ms;
        open(options);
    }
    template <class Condition>
    static bool within(std::chrono::seconds limit, Condition condition) {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(20ms);
        }
        return true;
    }
    double refused() { return metrics.counter_value("hsm_tokens_refused_total", {{"token", copy_label}}); }
    double failovers(const char* to) { return metrics.counter_value("hsm_failovers_total", {{"to", to}}); }
    // A key of the copy becomes another of the same label and CKA_ID.
    void exchange_key_of_copy(KeyRef key) {
        auto setup = token.setup();
        setup.token_label = copy_label;
        const RawSession raw{setup};
        const auto object = raw.key(hsm::label_of(key));
        Bytes id;
        ASSERT_TRUE(raw.session->read(object, CKA_ID, id).ok());
        ASSERT_EQ(raw.f().C_DestroyObject(raw.handle(), object), CKR_OK);
        Template other{key};
        std::ranges::copy(id, other.id.begin());
        ASSERT_EQ(other.generate(raw), CKR_OK);
    }
};

TEST_F(Failover, UsesTheCopyWhileThePrimaryIsAwayAndGoesBack) {
    token.copy_token(copy_label);
    open_with_copy();
    EXPECT_EQ(hsm->health().token, support::SoftHsm::label);
    const auto sealed = seal("key").value();
    const auto digest = mac("4242").value();

    token.move_primary_away();
    const auto opened = open_sealed(sealed);
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(opened->text(), "key");
    EXPECT_EQ(mac("4242").value(), digest);
    EXPECT_EQ(hsm->health().token, copy_label);
    EXPECT_EQ(failovers(copy_label), 1);
    const auto sealed_by_copy = seal("made there").value();
    EXPECT_TRUE(wait_for(hsm->self_test(Deadline{})));

    token.move_primary_back();
    EXPECT_TRUE(within(10s, [&] {
        const auto text = open_sealed(sealed_by_copy);
        EXPECT_TRUE(text) << "no call is lost on the way back: " << text.error().describe();
        return hsm->health().token == support::SoftHsm::label;
    }));
    EXPECT_EQ(failovers(support::SoftHsm::label), 1);
    EXPECT_EQ(open_sealed(sealed_by_copy)->text(), "made there");
    EXPECT_EQ(mac("4242").value(), digest);
}

TEST_F(Failover, StaysWithThePrimaryThatFailsNowAndThen) {
    token.copy_token(copy_label);
    support::FaultModule faults;
    auto options = token.options();
    options.fallback_tokens = {copy_label};
    options.module = support::FaultModule::path();
    open(options);
    for (int i = 0; i < 5; ++i) {
        faults.fail("C_Sign", CKR_DEVICE_ERROR);
        EXPECT_TRUE(mac("4242"));
    }
    EXPECT_EQ(hsm->health().token, support::SoftHsm::label);
    EXPECT_EQ(failovers(copy_label), 0);
}

TEST_F(Failover, RefusesACopyWithOtherKeysAndSaysSoBeforeItIsNeeded) {
    token.make_token(copy_label);
    open_with_copy();
    EXPECT_TRUE(within(10s, [&] { return refused() > 0; }));
    EXPECT_TRUE(seal("x")) << "what a copy lacks is no harm to the primary";
    token.move_primary_away();
    const auto refusal = seal("x");
    ASSERT_FALSE(refusal);
    EXPECT_EQ(refusal.error().cause(), Cause::unavailable);
    EXPECT_EQ(hsm->health().token, support::SoftHsm::label);
    EXPECT_FALSE(hsm->health().usable);
    token.move_primary_back();
    EXPECT_TRUE(within(5s, [&] { return seal("x").has_value(); }));
    EXPECT_EQ(failovers(copy_label), 0);
}

TEST_F(Failover, RefusesACopyWhoseKekIsAnotherOfTheSameId) {
    token.copy_token(copy_label);
    exchange_key_of_copy(card_kek);
    open_with_copy();
    token.move_primary_away();
    EXPECT_FALSE(seal("x")) << "would be sealed by a key that nobody keeps";
    EXPECT_FALSE(hsm->health().usable);
    EXPECT_GT(refused(), 0);
}

TEST_F(Failover, RefusesACopyWhoseFingerprintKeyIsAnotherOfTheSameId) {
    token.copy_token(copy_label);
    exchange_key_of_copy(fingerprint_key);
    open_with_copy();
    token.move_primary_away();
    EXPECT_FALSE(mac("4242")) << "would be another fingerprint of the same card";
    EXPECT_GT(refused(), 0);
}

TEST_F(Failover, RefusesACopyWithAWeakenedKey) {
    token.copy_token(copy_label);
    {
        auto setup = token.setup();
        setup.token_label = copy_label;
        Template weak{second_kek};
        weak.flags.at("CKA_EXTRACTABLE").second = CK_TRUE;
        ASSERT_EQ(weak.generate(RawSession{setup}), CKR_OK);
    }
    open_with_copy();
    token.move_primary_away();
    EXPECT_FALSE(seal("x"));
    EXPECT_GT(refused(), 0);
}

TEST_F(Failover, GoesOnWithACopyThatLacksTheNewestKey) {
    token.copy_token(copy_label);
    ASSERT_TRUE(hsm::make_key(token.setup(), second_kek, metrics));
    open_with_copy();
    const auto sealed = seal("key").value();
    EXPECT_TRUE(within(10s, [&] {
        return metrics.counter_value("hsm_keys_missing_total", {{"token", copy_label}}) > 0;
    })) << "the operator must hear of it in time";
    token.move_primary_away();
    EXPECT_EQ(open_sealed(sealed)->text(), "key");
    const auto newest = wait_for(hsm->seal(second_kek, bytes_of("x"), {}, Deadline{}));
    ASSERT_FALSE(newest);
    EXPECT_EQ(newest.error().cause(), Cause::unavailable);
    EXPECT_TRUE(seal("x"));
}

TEST_F(Failover, BeginsWithTheCopyWhenThePrimaryIsAway) {
    token.copy_token(copy_label);
    token.move_primary_away();
    open_with_copy();
    EXPECT_EQ(hsm->health().token, copy_label);
    const auto sealed = seal("key").value();
    token.move_primary_back();
    EXPECT_TRUE(within(10s, [&] { return hsm->health().token == support::SoftHsm::label; }));
    EXPECT_EQ(open_sealed(sealed)->text(), "key");
}

TEST_F(Failover, DoesNotBeginWhenThePrimaryIsThereButUnsound) {
    token.copy_token(copy_label);
    {
        Template weak{second_kek};
        weak.flags.at("CKA_EXTRACTABLE").second = CK_TRUE;
        ASSERT_EQ(weak.generate(RawSession{token}), CKR_OK);
    }
    auto options = token.options();
    options.fallback_tokens = {copy_label};
    const auto opened = Hsm::open(options, {}, metrics);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().log_detail(), HasSubstr("KEK-card-v2: CKA_EXTRACTABLE is true"));
}

TEST_F(Failover, TriesAPinOnACopyOnceEver) {
    token.copy_token(copy_label);
    {
        auto setup = token.setup();
        setup.token_label = copy_label;
        const RawSession raw{setup};
        auto before = SecretBytes::copy_of(support::token_pin), after = SecretBytes::copy_of("another-pin");
        ASSERT_EQ(raw.f().C_SetPIN(raw.handle(), before.bytes().data(), before.size(), after.bytes().data(),
                                   after.size()),
                  CKR_OK);
    }
    open_with_copy();
    EXPECT_TRUE(within(10s, [&] { return refused() > 0; }));
    token.move_primary_away();
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(seal("x"));
        std::this_thread::sleep_for(150ms);
    }
    token.move_primary_back();
    EXPECT_TRUE(within(5s, [&] { return seal("x").has_value(); }));
    EXPECT_EQ(
        metrics.counter_value("hsm_calls_total", {{"function", "C_Login"}, {"result", "CKR_PIN_INCORRECT"}}),
        1);
}

boost::asio::awaitable<void> open_many(Hsm* hsm, const Bytes* sealed, const bool* ended, int* done,
                                       int* wrong) {
    while (!*ended) {
        const auto plain = co_await hsm->open_sealed(card_kek, *sealed, bytes_of("row 1"), Deadline{});
        if (plain) {
            ++*done;
            if (plain->text() != "key") ++*wrong;
        } else if (plain.error().cause() == Cause::integrity) {
            ++*wrong;
        }
    }
}

TEST_F(Failover, GivesNoWrongAnswerUnderLoadOnTheWayThereAndBack) {
    token.copy_token(copy_label);
    auto options = token.options();
    options.fallback_tokens = {copy_label};
    options.other_tokens_every = 200ms;
    options.workers = 4;
    open(options);
    const auto sealed = seal("key").value();
    bool ended = false;
    int done = 0, wrong = 0;
    boost::asio::io_context io;
    for (int i = 0; i < 8; ++i)
        boost::asio::co_spawn(io, open_many(hsm.get(), &sealed, &ended, &done, &wrong),
                              common::log_exceptions("test"));
    io.run_for(300ms);
    token.move_primary_away();
    const auto before = done;
    io.run_for(700ms);
    EXPECT_GT(done, before);
    EXPECT_EQ(hsm->health().token, copy_label);
    token.move_primary_back();
    EXPECT_TRUE(within(10s, [&] {
        io.run_for(50ms);
        return hsm->health().token == support::SoftHsm::label;
    }));
    ended = true;
    io.run();
    EXPECT_EQ(wrong, 0);
}

TEST_F(Failover, DestroysAKeyOnEveryTokenOrOnNone) {
    ASSERT_TRUE(hsm::make_key(token.setup(), second_kek, metrics));
    token.copy_token(copy_label);
    auto setup = token.setup();
    setup.fallback_tokens = {copy_label, "portcullis-third"};
    const auto unreachable = hsm::destroy_key(setup, second_kek, metrics);
    ASSERT_FALSE(unreachable);
    EXPECT_THAT(unreachable.error().log_detail(), HasSubstr("portcullis-third"));
    auto copy = token.setup();
    copy.token_label = copy_label;
    EXPECT_TRUE(hsm::audit_keys(copy, metrics)->keys.contains(second_kek));

    setup.fallback_tokens = {copy_label};
    ASSERT_TRUE(hsm::destroy_key(setup, second_kek, metrics));
    EXPECT_FALSE(hsm::audit_keys(token.setup(), metrics)->keys.contains(second_kek));
    EXPECT_FALSE(hsm::audit_keys(copy, metrics)->keys.contains(second_kek));
    EXPECT_EQ(hsm::destroy_key(setup, second_kek, metrics).error().cause(), Cause::not_found);
}

}  // namespace
}  // namespace hsm_test
