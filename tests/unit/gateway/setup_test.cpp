// Set-ups: their machine and rules.
#include <random>

#include <gtest/gtest.h>

#include "gateway/setups/rules.h"

namespace gateway {
namespace {

constexpr std::size_t statuses = 5, events = 7;
constexpr std::array every_status{SetupStatus::requires_payment_method, SetupStatus::requires_confirmation,
                                  SetupStatus::requires_action, SetupStatus::succeeded,
                                  SetupStatus::canceled};

// Rows: requires_payment_method, requires_confirmation, requires_action, succeeded, canceled. Columns:
// method_given, method_removed, confirmed, held_back, verified, failed, canceled. A letter is the new status:
// P, C (confirmation), A(ction), S(ucceeded), X (canceled); a dot is refused.
constexpr std::string_view expected[statuses] = {
    "C.C...X",  // requires_payment_method
    "CPCASPX",  // requires_confirmation
    "CPC..PX",  // requires_action
    ".......",  // succeeded
    ".......",  // canceled
};
constexpr std::string_view letters = "PCASX";

TEST(SetupMachine, DecidesEveryPairOfStatusAndEvent) {
    for (std::size_t s = 0; s < statuses; ++s) {
        ASSERT_EQ(expected[s].size(), events);
        for (std::size_t e = 0; e < events; ++e) {
            const auto to = next(static_cast<SetupStatus>(s), static_cast<SetupEvent>(e));
            const char letter = to ? letters[static_cast<std::size_t>(*to)] : '.';
            EXPECT_EQ(letter, expected[s][e]) << "status " << s << ", event " << e;
        }
    }
}

TEST(SetupMachine, NamesEachEdgeOnce) {
    for (std::size_t i = 0; i < setup_edges.size(); ++i)
        for (std::size_t j = i + 1; j < setup_edges.size(); ++j)
            EXPECT_FALSE(setup_edges[i].from == setup_edges[j].from &&
                         setup_edges[i].event == setup_edges[j].event)
                << i << " and " << j;
}

// Whatever happens in whatever order: it waits for a method exactly while it has none, is set up only with
// one, waits for the shopper only when it is held back, and has ended for good when it has.
TEST(SetupMachine, KeepsStatusAndMethodTogetherWhateverHappens) {
    std::minstd_rand random{20261126};
    std::array<int, statuses> ends{};
    for (int walk = 0; walk < 2'000; ++walk) {
        SetupIntent intent;
        bool has_method = false;
        for (int step = 0; step < 30; ++step) {
            const auto event = static_cast<SetupEvent>(random() % events);
            const auto before = intent.status;
            if (!next(before, event)) continue;
            ASSERT_NE(before, SetupStatus::succeeded);
            ASSERT_NE(before, SetupStatus::canceled);
            advance(intent, event);
            if (event == SetupEvent::method_given || event == SetupEvent::confirmed) has_method = true;
            if (event == SetupEvent::method_removed || event == SetupEvent::failed) has_method = false;
            if (intent.status != SetupStatus::canceled) {
                ASSERT_EQ(has_method, intent.status != SetupStatus::requires_payment_method);
            }
            ASSERT_EQ(intent.status == SetupStatus::requires_action, event == SetupEvent::held_back);
        }
        ++ends[static_cast<std::size_t>(intent.status)];
    }
    EXPECT_GT(ends[static_cast<std::size_t>(SetupStatus::succeeded)], 0);
    EXPECT_GT(ends[static_cast<std::size_t>(SetupStatus::canceled)], 0);
}

SetupIntent setup_in(SetupStatus status) {
    SetupIntent intent;
    intent.id = "seti_00000abcXYZ";
    intent.status = status;
    intent.client_secret = intent.id + "_secret_abcdefghijklmnopqrstuvwxyz";
    return intent;
}

bool is_open(SetupStatus status) {
    return status != SetupStatus::succeeded && status != SetupStatus::canceled;
}

constexpr auto unexpected_state = "setup_intent_unexpected_state";

TEST(SetupRules, LetConfirmAndCancelOnlyWhatIsOpen) {
    for (const auto status : every_status) {
        EXPECT_EQ(rules::may_confirm(setup_in(status), true).has_value(), is_open(status));
        EXPECT_EQ(rules::may_cancel(setup_in(status)).has_value(), is_open(status));
        if (is_open(status)) continue;
        for (const auto& refused :
             {rules::may_confirm(setup_in(status), true), rules::may_cancel(setup_in(status))}) {
            EXPECT_EQ(refused.error().status(), 400);
            EXPECT_EQ(refused.error().code(), unexpected_state);
            EXPECT_NE(refused.error().message().find("has a status of " + std::string{to_string(status)}),
                      std::string::npos)
                << refused.error().message();
        }
    }
}

TEST(SetupRules, AskForAMethod) {
    const auto refused = rules::may_confirm(setup_in(SetupStatus::requires_payment_method), false);
    EXPECT_EQ(refused.error().code(), unexpected_state);
    EXPECT_EQ(refused.error().param(), "payment_method");
}

TEST(SetupRules, LetWhatHasEndedBeDescribedAndNothingElse) {
    UpdateSetup described, customer, method, options, types;
    described.description.emplace("x");
    described.metadata.emplace();
    customer.customer = "cus_1";
    method.payment_method.emplace();
    options.payment_method_options = {{"card", nullptr}};
    types.allowed_payment_method_types.emplace();
    for (const auto status : every_status) {
        EXPECT_TRUE(rules::may_update(setup_in(status), described, false));
        EXPECT_EQ(rules::may_update(setup_in(status), described, true).has_value(), is_open(status));
        for (const auto* input : {&customer, &method, &options, &types}) {
            const auto judged = rules::may_update(setup_in(status), *input, false);
            EXPECT_EQ(judged.has_value(), is_open(status));
            if (!judged) {
                EXPECT_EQ(judged.error().code(), unexpected_state);
            }
        }
    }
    EXPECT_EQ(rules::may_update(setup_in(SetupStatus::canceled), customer, false).error().param(),
              "customer");
}

TEST(SetupRules, OpenWithTheClientSecretOnly) {
    const auto intent = setup_in(SetupStatus::requires_confirmation);
    EXPECT_TRUE(rules::client_secret(intent, {}, false)) << "a secret key needs none";
    EXPECT_TRUE(rules::client_secret(intent, intent.client_secret, true));
    for (const bool publishable : {false, true}) {
        const auto wrong = rules::client_secret(intent, intent.client_secret + "x", publishable);
        EXPECT_EQ(wrong.error().status(), 404);
        EXPECT_EQ(wrong.error().message(), "No such setupintent: '" + intent.id + "'");
    }
    EXPECT_EQ(rules::client_secret(intent, {}, true).error().status(), 404);
}

}  // namespace
}  // namespace gateway
