#include "common/form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace common;
using form::Value;

// A readable picture of a decoded form: {a=1,b=[x,y]}
std::string shown(const Value& value) {
    if (value.is_text()) return std::string{value.text()};
    std::string text;
    if (value.kind() == Value::Kind::array) {
        for (const auto& element : value.elements())
            text += (text.empty() ? "" : ",") + shown(element);
        return "[" + text + "]";
    }
    for (const auto& [key, member] : value.members())
        text += (text.empty() ? "" : ",") + key + "=" + shown(member);
    return "{" + text + "}";
}

std::string decoded(std::string_view body) {
    const auto value = form::decode(body);
    return value ? shown(*value) : "error " + value.error().describe();
}

Error refused(std::string_view body) {
    const auto value = form::decode(body);
    if (value) {
        ADD_FAILURE() << "accepted: " << body;
        return Error::internal("accepted");
    }
    EXPECT_EQ(value.error().status(), 400) << body;
    EXPECT_EQ(value.error().type(), ErrorType::invalid_request) << body;
    return value.error();
}

TEST(FormDecoder, ReadsScalarsInOrder) {
    EXPECT_EQ(decoded(""), "{}");
    EXPECT_EQ(decoded("amount=2000&currency=eur"), "{amount=2000,currency=eur}");
    EXPECT_EQ(decoded("a"), "{a=}");
    EXPECT_EQ(decoded("a="), "{a=}");
    EXPECT_EQ(decoded("a=b=c"), "{a=b=c}");
    EXPECT_EQ(decoded("&&a=1&&"), "{a=1}");
}

TEST(FormDecoder, LetsTheLastOfEqualScalarsWin) {
    EXPECT_EQ(decoded("a=1&b=2&a=3"), "{a=3,b=2}");
}

TEST(FormDecoder, ReadsNestedHashes) {
    EXPECT_EQ(decoded("a[b][c]=1&a[b][d]=2&a[e]=3"), "{a={b={c=1,d=2},e=3}}");
    EXPECT_EQ(decoded("a%5Bb%5D=1"), "{a={b=1}}");
}

TEST(FormDecoder, ReadsArrays) {
    EXPECT_EQ(decoded("a[]=x&a[]=y"), "{a=[x,y]}");
    EXPECT_EQ(decoded("a[0]=x&a[1]=y"), "{a=[x,y]}");
    EXPECT_EQ(decoded("a[7]=y&a[2]=x"), "{a=[x,y]}");
    EXPECT_EQ(decoded("a[10]=z&a[9]=y"), "{a=[y,z]}");
    EXPECT_EQ(decoded("expand[]=customer&expand[]=latest_charge"), "{expand=[customer,latest_charge]}");
}

TEST(FormDecoder, ReadsArraysOfHashes) {
    EXPECT_EQ(decoded("a[0][k]=v&a[0][l]=w&a[1][k]=x"), "{a=[{k=v,l=w},{k=x}]}");
    EXPECT_EQ(decoded("a[][k]=v&a[][l]=w&a[][k]=x&a[][l]=y"), "{a=[{k=v,l=w},{k=x,l=y}]}");
    EXPECT_EQ(decoded("a[][k][m]=1&a[][k][n]=2&a[][k][m]=3"), "{a=[{k={m=1,n=2}},{k={m=3}}]}");
    EXPECT_EQ(decoded("a[][t][]=1&a[][t][]=2&a[][k]=v&a[][k]=w"), "{a=[{t=[1,2],k=v},{k=w}]}");
    EXPECT_EQ(decoded("a[]=x&a[][k]=v"), "{a=[x,{k=v}]}");
}

TEST(FormDecoder, TakesOnlyHashesOfPlainIndexesForArrays) {
    EXPECT_EQ(decoded("m[1]=x&m[b]=y"), "{m={1=x,b=y}}");
    EXPECT_EQ(decoded("m[-1]=x"), "{m={-1=x}}");
    EXPECT_EQ(decoded("m[1.5]=x"), "{m={1.5=x}}");
    EXPECT_EQ(decoded("m[999999999]=x"), "{m=[x]}");
    EXPECT_EQ(decoded("m[1000000000]=x"), "{m={1000000000=x}}");  // ten digits
    EXPECT_EQ(decoded("0=x&1=y"), "{0=x,1=y}");                   // never the top level
}

TEST(FormDecoder, KeepsTheIndexesForKeysThatAreNumbers) {
    const auto value = form::decode("metadata[6735]=order&metadata[12]=x").value();
    const auto* metadata = value.find("metadata");
    ASSERT_NE(metadata, nullptr);
    EXPECT_THAT(metadata->indexes(), testing::ElementsAre("12", "6735"));
    EXPECT_EQ(metadata->elements()[1].text(), "order");
    EXPECT_TRUE(form::decode("a[]=1").value().find("a")->indexes().empty());
}

TEST(FormDecoder, DecodesSpacesAndEscapesByteForByte) {
    EXPECT_EQ(decoded("a=x+y%20z%2B"), "{a=x y z+}");
    EXPECT_EQ(decoded("a+b=1"), "{a b=1}");
    EXPECT_EQ(decoded("a=%F0%9F%98%80%c3%a9"), "{a=\xF0\x9F\x98\x80\xc3\xa9}");
    EXPECT_EQ(decoded("a=\xF0\x9F\x98\x80"), "{a=\xF0\x9F\x98\x80}");
    EXPECT_EQ(decoded("a=e%CC%81"), "{a=e\xCC\x81}");  // not composed
    EXPECT_EQ(decoded("a=%0A%26%3D"), "{a=\n&=}");
}

TEST(FormDecoder, RefusesBadEscapesUtf8AndNulNamingTheParameter) {
    for (const char* body :
         {"a[b]=%", "a[b]=%4", "a[b]=%4g", "a[b]=%zz", "a[b]=%00", "a[b]=%ff", "a[b]=%c3", "a[b]=%c0%80",
          "a[b]=%ed%a0%80", "a[b]=%f4%90%80%80", "a[b]=\xff", "a[b]=%e2%82"}) {
        const auto error = refused(body);
        EXPECT_EQ(error.code(), "invalid_characters") << body;
        EXPECT_EQ(error.param(), "a[b]") << body;
    }
    EXPECT_EQ(refused(std::string_view{"a=\0", 3}).code(), "invalid_characters");
    EXPECT_EQ(refused("a%00b=1").code(), "invalid_characters");
    EXPECT_EQ(refused("a%fe=1").param(), "a%fe");
}

TEST(FormDecoder, RefusesWhatIsBothScalarAndHash) {
    EXPECT_EQ(refused("a=1&a[b]=2").param(), "a");
    EXPECT_EQ(refused("a[b]=2&a=1").param(), "a");
    EXPECT_EQ(refused("a[b]=1&a[b][c]=2").param(), "a[b]");
    EXPECT_EQ(refused("a[]=1&a[b]=2").param(), "a");
    EXPECT_EQ(refused("a[]=1&a[0]=2").param(), "a");
    EXPECT_EQ(refused("a[b]=1&a[]=2&a[0]=3").param(), "a");
}

TEST(FormDecoder, RefusesBracketsThatDoNotMatch) {
    for (const char* name : {"a[", "a]", "a[b", "a[b]]", "a[b]c", "a[b]c[d]", "[a]", "[]", "[",
                             "metadata[a[b]]", "metadata[a[b]", "metadata[a]b]"})
        EXPECT_EQ(refused(std::string{name} + "=1").param(), name);
    EXPECT_EQ(refused("=1").status(), 400);
}

TEST(FormDecoder, RefusesDepthBeyondTen) {
    std::string name = "a";
    for (int i = 1; i < 10; ++i)
        name += "[b]";
    EXPECT_TRUE(form::decode(name + "=1"));
    EXPECT_EQ(refused(name + "[b]=1").status(), 400);
    for (int i = 0; i < 100000; ++i)
        name += "[b]";
    EXPECT_EQ(refused(name + "=1").status(), 400);
}

TEST(FormDecoder, RefusesMoreThanTwoThousandPairs) {
    std::string body;
    for (int i = 0; i < 2000; ++i)
        body += "a[]=1&";
    EXPECT_TRUE(form::decode(body));
    EXPECT_EQ(refused(body + "b=1").status(), 400);
}

TEST(FormDecoder, ShowsNoCardNumberInItsErrors) {
    EXPECT_THAT(refused("4242424242424242[=1").describe(), testing::Not(testing::HasSubstr("4242424242")));
    EXPECT_THAT(refused("card=4242424242424242%").describe(), testing::Not(testing::HasSubstr("4242")));
}

TEST(FormDigest, IsEqualForEqualMeaning) {
    const auto digest = [](std::string_view body) { return form::digest(form::decode(body).value()); };
    EXPECT_EQ(digest("a=1&b=2"), digest("b=2&a=1"));
    EXPECT_EQ(digest("a[b]=x+y"), digest("a%5Bb%5D=x%20y"));
    EXPECT_EQ(digest("a[]=x&a[]=y"), digest("a[0]=x&a[1]=y"));
    EXPECT_EQ(digest("a=0&a=1"), digest("a=1"));
    EXPECT_EQ(digest("").size(), 64U);
}

TEST(FormDigest, DiffersForOtherMeaning) {
    const char* bodies[] = {
        "",        "a=",         "a=1",        "a=2",       "b=1",       "a=1&b=",   "a[]=1",
        "a[b]=1",  "a[]=1&a[]=", "a[]=&a[]=1", "a[][k]=1",  "a[1]=1",    "a[2]=1",   "ab=1",
        "a=b&c=d", "a=bkc&d=",   "a=1&b[c]=1", "a[b][c]=1", "a[b]=&c=1", "a=1%26b=", "a[b]=1&c=1"};
    std::map<std::string, std::string> seen;
    for (const char* body : bodies) {
        const auto [where, added] = seen.emplace(form::digest(form::decode(body).value()), body);
        EXPECT_TRUE(added) << body << " and " << where->second;
    }
}

TEST(PercentCoding, DecodesOneSegmentAndLeavesBadEscapes) {
    EXPECT_EQ(form::percent_decode_segment("pi_1%2F2"), "pi_1/2");
    EXPECT_EQ(form::percent_decode_segment("a+b"), "a+b");
    EXPECT_EQ(form::percent_decode_segment("100%"), "100%");
    EXPECT_EQ(form::percent_decode_segment("%zz%4"), "%zz%4");
    EXPECT_EQ(form::percent_decode_segment("%2525"), "%25");
}

TEST(PercentCoding, EncodesAllButUnreservedCharacters) {
    EXPECT_EQ(form::percent_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(form::percent_encode("a b&c=[d]/\xc3\xa9"), "a%20b%26c%3D%5Bd%5D%2F%C3%A9");
}

}  // namespace
