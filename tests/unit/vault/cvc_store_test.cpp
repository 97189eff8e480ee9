#include "vault/cards/cvc_store.h"

#include <gtest/gtest.h>

#include "unit/vault/access.h"

namespace {

using namespace std::chrono_literals;
using vault::cards::Brand;
using vault::cards::Cvc;
using vault::cards::CvcStore;
using vault::cards::PanTestAccess;

class SecurityCodes : public testing::Test {
  protected:
    common::ManualClock clock{common::TimePoint{1'800'000'000s}};
    CvcStore codes{clock};
    std::string put(const char* token = "token", const char* digits = "314") {
        return codes.put(token, *Cvc::parse(digits, Brand::visa));
    }
};

// PCI DSS 4.0.1: 3.3.1
TEST_F(SecurityCodes, AreGivenOutOnce) {
    const auto handle = put();
    const auto taken = codes.take(handle, "token");
    ASSERT_TRUE(taken);
    EXPECT_EQ(PanTestAccess::digits(*taken), "314");
    EXPECT_FALSE(codes.take(handle, "token"));
    EXPECT_EQ(codes.size(), 0U);
}

// PCI DSS 4.0.1: 3.3.1
TEST_F(SecurityCodes, AreForgottenAfterAQuarterOfAnHour) {
    const auto handle = put();
    clock.advance(15min - 1ms);
    const auto later = put();
    EXPECT_EQ(codes.size(), 2U);
    clock.advance(1ms);
    EXPECT_FALSE(codes.take(handle, "token"));
    EXPECT_TRUE(codes.take(later, "token"));
}

TEST_F(SecurityCodes, AreErasedWhenTheirTimeIsOverWithoutAnyoneAsking) {
    put();
    put();
    clock.advance(15min);
    codes.purge();
    EXPECT_EQ(codes.size(), 0U);
}

TEST_F(SecurityCodes, StayWithTheirCard) {
    const auto handle = put("token");
    EXPECT_FALSE(codes.take(handle, "another"));
    EXPECT_TRUE(codes.take(handle, "token")) << "asking for another card takes nothing";
}

TEST_F(SecurityCodes, HaveHandlesThatCannotBeGuessed) {
    const auto handle = put();
    EXPECT_EQ(handle.size(), 26U);
    EXPECT_NE(handle, put());
    EXPECT_FALSE(codes.take("", "token"));
    EXPECT_FALSE(codes.take("cvc_0000000000000000000000", "token"));
}

TEST_F(SecurityCodes, AreBoundedInNumberAndTheOldestGoesFirst) {
    CvcStore few{clock, {15min, 3}};
    std::vector<std::string> handles;
    for (int i = 0; i < 5; ++i)
        handles.push_back(few.put("token", *Cvc::parse("314", Brand::visa)));
    EXPECT_EQ(few.size(), 3U);
    EXPECT_FALSE(few.take(handles[0], "token"));
    EXPECT_FALSE(few.take(handles[1], "token"));
    EXPECT_TRUE(few.take(handles[2], "token"));
    EXPECT_TRUE(few.take(handles[4], "token"));
}

TEST_F(SecurityCodes, DoNotPileUpWhenEachIsTakenAtOnce) {
    CvcStore few{clock, {15min, 4}};
    for (int i = 0; i < 1000; ++i)
        ASSERT_TRUE(few.take(few.put("token", *Cvc::parse("314", Brand::visa)), "token"));
    EXPECT_EQ(few.size(), 0U);
}

}  // namespace
