#include "gateway/payments/changes.h"

#include <gtest/gtest.h>

#include "gateway/payments/payment.h"

namespace gateway {
namespace {

using boost::json::object;

TEST(Changes, MergeHashByHash) {
    object kept{{"card", {{"network", "visa"}, {"request_multicapture", "never"}}}, {"list", {1, 2}}};
    merge(kept, object{{"card", {{"network", nullptr}, {"request_three_d_secure", "any"}}}, {"list", {3}}});
    EXPECT_EQ(kept, (object{{"card", {{"request_multicapture", "never"}, {"request_three_d_secure", "any"}}},
                            {"list", {3}}}));
    merge(kept, object{{"card", nullptr}, {"absent", nullptr}, {"new", {{"a", 1}, {"b", nullptr}}}});
    EXPECT_EQ(kept, (object{{"list", {3}}, {"new", {{"a", 1}}}}));
}

TEST(Changes, OfMetadataAddReplaceAndRemove) {
    const object present{{"a", "1"}, {"b", "2"}};
    using Given = Change<object>;
    EXPECT_EQ(merged_metadata(present, std::nullopt).value(), present);
    const object given{{"a", nullptr}, {"b", "3"}, {"c", "4"}};
    EXPECT_EQ(merged_metadata(present, Given{std::in_place, given}).value(),
              (object{{"b", "3"}, {"c", "4"}}));
    EXPECT_EQ(merged_metadata(present, Given{std::in_place}).value(), object{});
}

TEST(Changes, OfMetadataAreCountedAfterTheMerge) {
    object present, change;
    for (int i = 0; i < 50; ++i)
        present["k" + std::to_string(i)] = "v";
    change["k0"] = nullptr;
    change["new"] = "v";
    EXPECT_TRUE(merged_metadata(present, Change<object>{std::in_place, change}));
    change["newer"] = "v";
    const auto refused = merged_metadata(present, Change<object>{std::in_place, change});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 400);
    EXPECT_EQ(refused.error().param(), "metadata");
    auto kept = present;
    EXPECT_FALSE(put_metadata(kept, Change<object>{std::in_place, change}));
    EXPECT_EQ(kept, present) << "what is refused changes nothing";
}

TEST(CaptureWish, OfTheCardGoesFirst) {
    PaymentIntent intent;
    EXPECT_FALSE(captured_by_merchant(intent));
    intent.payment_method_options = {{"card", {{"capture_method", "manual"}}}};
    EXPECT_TRUE(captured_by_merchant(intent));
    merge(intent.payment_method_options, object{{"card", {{"capture_method", nullptr}}}});
    EXPECT_FALSE(captured_by_merchant(intent));
    intent.capture_method = CaptureMethod::manual;
    EXPECT_TRUE(captured_by_merchant(intent));
}

}  // namespace
}  // namespace gateway
