#include "gateway/payments/machine.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

constexpr std::size_t statuses = 7, events = 13;

// Rows: requires_payment_method, requires_confirmation, requires_action, processing, requires_capture,
// succeeded, canceled. Columns: method_given, method_removed, confirmed, held_back, authenticated,
// authorized, paid, failed, unanswered, captured, lapsed, canceled, captured_in_part. A letter is the new
// status: P, C (confirmation), A(ction), R (processing), H(eld: requires_capture), S(ucceeded), X (canceled);
// a dot is refused.
constexpr std::string_view expected[statuses] = {
    "C.C........X.",  // requires_payment_method
    "CPCA.HSPR..X.",  // requires_confirmation
    "CPC.CHSPR..X.",  // requires_action
    ".....HSP.S..H",  // processing
    "........RSXXH",  // requires_capture
    ".............",  // succeeded
    ".............",  // canceled
};
constexpr std::string_view letters = "PCARHSX";

TEST(PaymentMachine, DecidesEveryPairOfStatusAndEvent) {
    for (std::size_t s = 0; s < statuses; ++s) {
        ASSERT_EQ(expected[s].size(), events);
        for (std::size_t e = 0; e < events; ++e) {
            const auto to = next(static_cast<IntentStatus>(s), static_cast<IntentEvent>(e));
            const char letter = to ? letters[static_cast<std::size_t>(*to)] : '.';
            EXPECT_EQ(letter, expected[s][e]) << "status " << s << ", event " << e;
        }
    }
}

TEST(PaymentMachine, NamesEachEdgeOnce) {
    for (std::size_t i = 0; i < intent_edges.size(); ++i)
        for (std::size_t j = i + 1; j < intent_edges.size(); ++j)
            EXPECT_FALSE(intent_edges[i].from == intent_edges[j].from &&
                         intent_edges[i].event == intent_edges[j].event)
                << i << " and " << j;
}

TEST(PaymentNames, ReadBackAsWhatWasWritten) {
    for (std::size_t s = 0; s < statuses; ++s) {
        const auto status = static_cast<IntentStatus>(s);
        EXPECT_EQ(intent_status_of(to_string(status)), status);
    }
    EXPECT_EQ(intent_status_of("requires_source"), std::nullopt);
    EXPECT_EQ(capture_method_of("automatic_async"), CaptureMethod::automatic_async);
}

}  // namespace
}  // namespace gateway
