#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/files/kinds.h"

namespace {

using namespace std::string_literals;
using gateway::files::find_purpose;
using gateway::files::judge;
using gateway::files::Kind;
using gateway::files::kind_of;

const auto png = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1"s;
const auto jpeg = "\xff\xd8\xff\xe0\0\x10JFIF"s;
const auto pdf = "%PDF-1.7\n%\xe2\xe3\n"s;

TEST(FileKinds, AreToldByTheFirstBytes) {
    EXPECT_EQ(kind_of(pdf), Kind::pdf);
    EXPECT_EQ(kind_of(jpeg), Kind::jpg);
    EXPECT_EQ(kind_of(png), Kind::png);
}

TEST(FileKinds, AreNoneWhenOnlyHalfOfTheSignatureIsThere) {
    for (const auto& [whole, least] : {std::pair{pdf, 8U}, {jpeg, 4U}, {png, 16U}})
        for (std::size_t size = 0; size < least; ++size)
            EXPECT_EQ(kind_of(std::string_view{whole}.substr(0, size)), std::nullopt) << whole << size;
    for (const auto& other : {"\n" + pdf, " " + png, "GIF89a"s, "%PDF-x.y"s, "%pdf-1.7"s, "\xff\xd8\xff\xff"s,
                              "MZ\x90\0"s, "PK\3\4"s})
        EXPECT_EQ(kind_of(other), std::nullopt) << other;
}

TEST(FileKinds, TakeATableForCsv) {
    for (const auto& table : {"a,b"s, "a,b\n1,2\n"s, "a,b\r\n1,2"s, ","s, "\xef\xbb\xbfid,net\n1,é\n"s,
                              "\"a,\"\"b\"\"\r\n\",c\n1,2\n"s, "a,b,\n1,2,\n"s})
        EXPECT_EQ(kind_of(table), Kind::csv) << table;
}

TEST(FileKinds, TakeNoOtherTextForCsv) {
    for (const auto& text :
         {""s, "a"s, "a\nb\n"s, "a,b\n1\n"s, "a,b\n1,2,3\n"s, "<p>a, b</p>\n<p>c</p>\n"s, "a,\"b"s,
          "a,\"b\"c\n"s, "a,b\"c\n"s, "a,b\r1,2"s, "a,b\0"s, "a,\xff\n"s, "a,b\n\n"s})
        EXPECT_EQ(kind_of(text), std::nullopt) << text;
}

TEST(FilePurposes, AreThoseThatCanBeUploadedFor) {
    for (const auto* name : {"account_requirement", "additional_verification", "business_icon",
                             "business_logo", "dispute_evidence", "identity_document"})
        EXPECT_NE(find_purpose(name), nullptr) << name;
    EXPECT_EQ(find_purpose("finance_report_run"), nullptr);
    EXPECT_EQ(find_purpose(""), nullptr);
}

TEST(FilePurposes, DecideWhatAFileMayBe) {
    const auto& evidence = *find_purpose("dispute_evidence");
    const auto& logo = *find_purpose("business_logo");
    EXPECT_EQ(judge(pdf, evidence), Kind::pdf);
    EXPECT_EQ(judge(png, evidence), Kind::png);
    EXPECT_EQ(judge(jpeg, logo), Kind::jpg);
    for (const auto& [content, purpose] :
         {std::pair{"a,b\n"s, &evidence}, {"text"s, &evidence}, {pdf, &logo}}) {
        const auto kind = judge(content, *purpose);
        ASSERT_FALSE(kind) << content;
        EXPECT_EQ(kind.error().status(), 400);
        EXPECT_EQ(kind.error().param(), "file");
        EXPECT_EQ(kind.error().code(), "");
    }
    EXPECT_EQ(judge("", evidence).error().message(), "The file is empty.");
}

TEST(FilePurposes, DecideHowLargeAFileMayBe) {
    for (const auto& [name, most] : {std::pair{"dispute_evidence", std::size_t{5} << 20},
                                     {"identity_document", std::size_t{5} << 20},
                                     {"business_icon", std::size_t{512} << 10}}) {
        auto content = png;
        content.resize(most);
        EXPECT_TRUE(judge(content, *find_purpose(name))) << name;
        content.push_back('x');
        const auto larger = judge(content, *find_purpose(name));
        ASSERT_FALSE(larger) << name;
        EXPECT_THAT(larger.error().message(), testing::HasSubstr("too large"));
    }
}

}  // namespace
