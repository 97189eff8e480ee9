#include "common/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace common;
namespace bj = boost::json;

void expect_refused(std::string_view text) {
    const auto value = json::parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().status(), 400) << text;
}

TEST(JsonParse, ReadsADocument) {
    const auto value = json::parse(R"( {"a": [1, -2, 1.5, true, null, "x\u00e9"], "b": {}} )");
    ASSERT_TRUE(value);
    EXPECT_EQ(bj::serialize(*value), "{\"a\":[1,-2,1.5E0,true,null,\"x\xc3\xa9\"],\"b\":{}}");
    EXPECT_TRUE(json::parse("1"));
    EXPECT_TRUE(json::parse("\"x\""));
}

TEST(JsonParse, RefusesWhatRfc8259DoesNotAllow) {
    for (const char* text :
         {"",         " ",       "{",           "[1,]",       "{\"a\":1,}",     "{a:1}",
          "{'a':1}",  "[01]",    "[+1]",        "[.5]",       "[1.]",           "[NaN]",
          "1e400",    "-1e400",  "2420e3142",   "[Infinity]", "// x\n1",        "/* x */ 1",
          "\"\t\"",   "\"\\x\"", "\"\\ud800\"", "tru",        "\xef\xbb\xbf{}", "[1 2]",
          "{\"a\" 1}"})
        expect_refused(text);
}

TEST(JsonParse, RefusesTextBehindTheDocument) {
    expect_refused("{} {}");
    expect_refused("{}x");
    expect_refused(std::string_view{"{}\0", 3});
    EXPECT_TRUE(json::parse("{}\r\n\t "));
}

TEST(JsonParse, RefusesInvalidUtf8) {
    for (const char* text : {"\"\xff\"", "\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "{\"\xff\":1}"})
        expect_refused(text);
}

TEST(JsonParse, RefusesTwoMembersOfOneName) {
    expect_refused(R"({"a":1,"a":2})");
    expect_refused(R"({"a":1,"\u0061":2})");
    expect_refused(R"([{"x":{"a":{},"b":1,"a":{"c":1}}}])");
    EXPECT_TRUE(json::parse(R"([{"a":1},{"a":{"a":2}}])"));
}

TEST(JsonParse, RefusesDepthBeyondSixteen) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_TRUE(json::parse(nested(16)));
    expect_refused(nested(17));
    expect_refused(std::string(1'000'000, '['));
}

TEST(JsonMembers, AreTypedAndNamedInErrors) {
    const auto value = json::parse(R"({"t":"x","n":5,"big":9223372036854775808,"f":1.5,"z":null})").value();
    const auto& object = value.as_object();
    EXPECT_EQ(json::text_of(object, "t").value(), "x");
    EXPECT_EQ(json::integer_of(object, "n").value(), 5);
    EXPECT_EQ(json::text_of(object, "none").error().code(), "parameter_missing");
    EXPECT_EQ(json::text_of(object, "none").error().param(), "none");
    EXPECT_EQ(json::text_of(object, "n").error().code(), "parameter_invalid_string");
    for (const char* key : {"t", "big", "f", "z"})
        EXPECT_EQ(json::integer_of(object, key).error().code(), "parameter_invalid_integer") << key;
    EXPECT_EQ(json::integer_of(object, "none").error().code(), "parameter_missing");
    EXPECT_EQ(json::text_or(object, "t", "y"), "x");
    EXPECT_EQ(json::text_or(object, "n", "y"), "y");
    EXPECT_EQ(json::integer_or(object, "n", 7), 5);
    EXPECT_EQ(json::integer_or(object, "t", 7), 7);
}

TEST(JsonMembers, RefusesUnknownOnes) {
    const auto value = json::parse(R"({"a":1,"b":2})").value();
    EXPECT_TRUE(json::only_members(value.as_object(), {"a", "b", "c"}));
    const auto status = json::only_members(value.as_object(), {"a"});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), "parameter_unknown");
    EXPECT_EQ(status.error().param(), "b");
}

// Counts what a document allocates, and looks at the memory as it is freed.
class WatchingResource final : public bj::memory_resource {
  public:
    std::vector<std::string> freed;

  private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        return json::wiping_storage()->allocate(size, alignment);
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
        freed.emplace_back(static_cast<const char*>(memory), size);
        json::wiping_storage()->deallocate(memory, size, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

TEST(JsonStorage, HoldsEveryTextOfADocument) {
    WatchingResource resource;
    {
        const auto value =
            json::parse(R"({"number":"4242424242424242","cvc":"123"})", bj::storage_ptr{&resource});
        ASSERT_TRUE(value);
    }
    EXPECT_THAT(resource.freed, testing::Contains(testing::HasSubstr("4242424242424242")));
    EXPECT_THAT(resource.freed, testing::Contains(testing::HasSubstr("123")));
}

TEST(JsonStorage, SerializesLongDocumentsIntoWipingMemory) {
    bj::array many;
    for (int i = 0; i < 3000; ++i)
        many.emplace_back(i);
    const bj::value value{{"card", {{"number", "4242424242424242"}}}, {"many", many}};
    EXPECT_EQ(json::serialize_secret(value).view(), bj::serialize(value));
}

}  // namespace
