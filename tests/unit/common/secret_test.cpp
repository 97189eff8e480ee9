#include "common/secret.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"

namespace {

using namespace common;

TEST(SecretBytes, MovesAndLeavesNothingBehind) {
    auto first = SecretBytes::copy_of("key");
    auto second = std::move(first);
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(second.text(), "key");
    second.clear();
    EXPECT_TRUE(second.empty());
    EXPECT_TRUE(SecretBytes{0}.empty());
    EXPECT_THAT(SecretBytes{4}.bytes(), testing::Each(0));
}

TEST(SecretChars, AreCutToTheirSizeAndWipedWhenMoved) {
    SecretChars<4> cvc{"12345"};
    EXPECT_EQ(cvc.view(), "1234");
    const auto* place = cvc.view().data();
    const SecretChars<4> moved{std::move(cvc)};
    EXPECT_EQ(moved.view(), "1234");
    EXPECT_EQ(std::string_view(place, 4), std::string_view("\0\0\0\0", 4));
}

TEST(SecretText, KeepsItsTextOutsideTheObject) {
    SecretText text{"123"};
    const auto* object = reinterpret_cast<const char*>(&text);
    EXPECT_TRUE(text.data() < object || text.data() >= object + sizeof text);
    text.append("456");
    text.push_back('7');
    EXPECT_EQ(text.view(), "1234567");
    const auto moved = std::move(text);
    EXPECT_TRUE(text.empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved.view(), "1234567");
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printable<SecretBytes> && !Printable<SecretText> && !Printable<SecretChars<4>>);
static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_constructible_v<SecretText> &&
              !std::is_copy_constructible_v<SecretChars<4>>);

TEST(ConstantTimeComparison, ComparesContentAndSize) {
    EXPECT_TRUE(equal_in_constant_time(std::string_view{"abc"}, std::string_view{"abc"}));
    EXPECT_TRUE(equal_in_constant_time(std::string_view{}, std::string_view{}));
    EXPECT_FALSE(equal_in_constant_time(std::string_view{"abc"}, std::string_view{"abd"}));
    EXPECT_FALSE(equal_in_constant_time(std::string_view{"abc"}, std::string_view{"ab"}));
}

TEST(Safe, CutsItsInputDownToWhatCannotCarryCardData) {
    EXPECT_EQ(Safe::id("pi_1-A z\n").text(), "pi_1-A?z?");
    EXPECT_EQ(Safe::id("4242424242424242").text(), "****************");
    EXPECT_EQ(Safe::param("card[number]=4242424242424242").text(), "card[number]=****************");
    EXPECT_EQ(Safe::param("12345678901").text(), "12345678901");
    EXPECT_EQ(Safe::param("\x01\xc3\xa9").text(), "???");
    EXPECT_EQ(Safe::param(std::string(300, 'x')).text().size(), 255U);
}

TEST(Safe, ShowsNoCardNumberInGroupsEither) {
    EXPECT_EQ(Safe::param("4242 4242 4242 4242").text(), "**** **** **** 4242");
    EXPECT_EQ(Safe::param("a[3782-822463-10005]").text(), "a[****-******-*0005]");
    EXPECT_EQ(Safe::id("4242-4242-4242-4242").text(), "****-****-****-4242");
    EXPECT_EQ(Safe::param("2026-11-25 12:14:49, 10.0.0.1").text(), "2026-11-25 12:14:49, 10.0.0.1");
}

TEST(Error, FillsItsTextAndShowsWhatTheCallerMayKnow) {
    const auto error = Error::invalid("parameter_unknown", "foo[bar]", "Received unknown parameter: {}",
                                      {Safe::param("foo[bar]")})
                           .with_field("charge", "ch_1");
    const auto json = error.to_json();
    EXPECT_EQ(json.at("error").at("message"), "Received unknown parameter: foo[bar]");
    EXPECT_EQ(json.at("error").at("type"), "invalid_request_error");
    EXPECT_EQ(json.at("error").at("param"), "foo[bar]");
    EXPECT_EQ(json.at("error").at("charge"), "ch_1");
    EXPECT_FALSE(json.at("error").as_object().contains("decline_code"));
}

TEST(Error, TellsTheCallerNothingAboutInternalFailures) {
    const auto error = Error::internal("key {} is missing", {Safe::id("kek")});
    EXPECT_EQ(error.status(), 500);
    EXPECT_THAT(error.message(), testing::Not(testing::HasSubstr("kek")));
    EXPECT_THAT(error.describe(), testing::HasSubstr("key kek is missing"));
    EXPECT_FALSE(error.to_json().at("error").as_object().contains("code"));
}

}  // namespace
