#include "common/multipart.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace common;
using namespace std::string_literals;
using multipart::Part;
using testing::HasSubstr;

constexpr std::string_view boundary = "b0und";

// A readable picture: name=content, name@file:type=content
std::string shown(const Result<std::vector<Part>>& parts) {
    if (!parts) return "error " + parts.error().describe();
    std::string text;
    for (const auto& part : *parts) {
        text += (text.empty() ? "" : ",") + part.name;
        if (part.filename) text += '@' + *part.filename;
        if (!part.content_type.empty()) text += ':' + part.content_type;
        text.append("=").append(part.content);
    }
    return text;
}

// Views into `body` are shown before it goes.
std::string decoded(const std::string& body, const multipart::Limits& limits = {}) {
    return shown(multipart::decode(body, boundary, limits));
}

// A body of one part with these header lines, each without its line end.
std::string part_of(std::initializer_list<std::string> lines, const std::string& content = "x") {
    std::string body = "--b0und\r\n";
    for (const auto& line : lines)
        body += line + "\r\n";
    return body + "\r\n" + content + "\r\n--b0und--\r\n";
}

std::string disposition(const std::string& rest) {
    return "Content-Disposition: form-data; " + rest;
}

void expect_refused(const std::string& body, std::string_view why, const multipart::Limits& limits = {}) {
    const auto parts = multipart::decode(body, boundary, limits);
    ASSERT_FALSE(parts) << "accepted: " << body;
    EXPECT_EQ(parts.error().status(), 400);
    EXPECT_EQ(parts.error().type(), ErrorType::invalid_request);
    EXPECT_THAT(parts.error().message(), HasSubstr(std::string{why})) << body;
}

TEST(MultipartDecoder, ReadsFieldsAndFilesInTheirOrder) {
    EXPECT_EQ(
        decoded("--b0und\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\ndispute_evidence\r\n"
                "--b0und\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n"
                "Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n--b0und--\r\n"),
        "purpose=dispute_evidence,file@a.pdf:application/pdf=%PDF-1.7");
}

TEST(MultipartDecoder, ReadsWhatStripeJavaAndCurlWrite) {
    EXPECT_EQ(decoded(part_of({disposition(R"(name="file"; filename="a.png")"), "Content-Type: image/png",
                               "Content-Transfer-Encoding: binary"})),
              "file@a.png:image/png=x");
    EXPECT_EQ(decoded(part_of({"content-disposition:form-data;name=file;filename=a.png"})), "file@a.png=x");
    EXPECT_EQ(decoded(part_of({disposition("name=a"), "X-Other: passed over"})), "a=x");
}

TEST(MultipartDecoder, TakesABodyWithoutParts) {
    EXPECT_EQ(decoded("--b0und--\r\n"), "");
    EXPECT_EQ(decoded("--b0und--"), "");
}

TEST(MultipartDecoder, KeepsEveryByteOfAContent) {
    const auto content = "\r\n\0--b0un\r\n-\r\n--b0un d--\r\n\xff\xfe\r\n"s;
    EXPECT_EQ(decoded(part_of({disposition("name=a")}, content)), "a=" + content);
    EXPECT_EQ(decoded(part_of({disposition("name=a")}, "")), "a=");
    EXPECT_EQ(decoded(part_of({disposition("name=a")}, "\r\n")), "a=\r\n");
}

TEST(MultipartDecoder, ReadsQuotesInNamesAsBrowsersNodeCurlAndGoWriteThem) {
    EXPECT_EQ(decoded(part_of({disposition(R"(name="f"; filename="é %22q%22.pdf")")})), "f@é \"q\".pdf=x");
    EXPECT_EQ(decoded(part_of({disposition(R"(name="f"; filename="é \"q\" \\.pdf")")})),
              "f@é \"q\" \\.pdf=x");
}

TEST(MultipartDecoder, LeavesPathsAndOtherEscapesAsTheyAre) {
    EXPECT_EQ(decoded(part_of({disposition(R"(name="f"; filename="C:\tmp\100%0D.pdf")")})),
              R"(f@C:\tmp\100%0D.pdf=x)");
    EXPECT_EQ(decoded(part_of({disposition(R"(name="f"; filename="../../etc; name=b")")})),
              "f@../../etc; name=b=x");
    EXPECT_EQ(decoded(part_of({disposition(R"(name="f"; filename="")")})), "f@=x");
}

TEST(MultipartDecoder, RefusesOtherFramesOfABody) {
    expect_refused("", "does not begin with the boundary");
    expect_refused("preamble\r\n" + part_of({disposition("name=a")}), "does not begin with the boundary");
    expect_refused("\r\n" + part_of({disposition("name=a")}), "does not begin with the boundary");
    expect_refused(part_of({disposition("name=a")}) + "epilogue", "something else follows a boundary");
    expect_refused(part_of({disposition("name=a")}) + "\r\n", "something else follows a boundary");
    expect_refused("--b0und \r\n", "something else follows a boundary");
    expect_refused("--b0und", "something else follows a boundary");
    expect_refused("--b0und\n" + disposition("name=a") + "\n\nx\n--b0und--\n", "something else follows");
    expect_refused("--b0und-", "something else follows a boundary");
}

TEST(MultipartDecoder, RefusesALineOfAContentThatBeginsLikeADelimiter) {
    expect_refused(part_of({disposition("name=a")}, "x\r\n--b0undX"), "something else follows a boundary");
}

TEST(MultipartDecoder, RefusesABodyThatWasCutOffAnywhere) {
    const auto whole = part_of({disposition("name=a; filename=b"), "Content-Type: text/csv"}, "a,b\r\n");
    for (std::size_t size = 0; size < whole.size() - 2; ++size)
        EXPECT_FALSE(multipart::decode(whole.substr(0, size), boundary)) << size;
    EXPECT_TRUE(multipart::decode(whole.substr(0, whole.size() - 2), boundary));
}

TEST(MultipartDecoder, RefusesPartsWithoutOrWithTwoNames) {
    expect_refused(part_of({"Content-Type: text/plain"}), "no Content-Disposition");
    expect_refused(part_of({}), "no Content-Disposition");
    expect_refused(part_of({"Content-Disposition: form-data"}), "no name");
    expect_refused(part_of({disposition(R"(name="")")}), "no name");
    expect_refused(part_of({disposition("filename=a")}), "no name");
    expect_refused(part_of({disposition("name=a; name=b")}), "two names");
    expect_refused(part_of({disposition("name=a; filename=b; filename=c")}), "two file names");
    expect_refused(part_of({disposition("name=a"), disposition("name=b")}), "given twice");
    expect_refused(part_of({"Content-Disposition: attachment; name=a"}), "not form-data");
    expect_refused(part_of({disposition("name=a; filename*=UTF-8''b")}), "filename*");
}

TEST(MultipartDecoder, RefusesMalformedHeads) {
    expect_refused(part_of({disposition(R"(name="a)")}), "malformed");
    expect_refused(part_of({disposition("name=")}), "malformed");
    expect_refused(part_of({disposition("name")}), "malformed");
    expect_refused(part_of({disposition(R"(name="a"b)")}), "malformed");
    expect_refused(part_of({disposition("name=a;;")}), "malformed");
    expect_refused(part_of({"no colon"}), "malformed");
    expect_refused(part_of({"Content Disposition: form-data; name=a"}), "malformed");
    expect_refused(part_of({disposition("name=a"), " folded"}), "malformed");
    expect_refused(part_of({disposition("name=\"a\nb\"")}), "control characters");
    expect_refused(part_of({disposition("name=\"a\0b\""s)}), "control characters");
    expect_refused(part_of({disposition("name=\"a\tb\"")}), "control characters");
    expect_refused(part_of({disposition("name=\"\xff\"")}), "not UTF-8");
    expect_refused(part_of({disposition("name=\"f\"; filename=\"\xed\xa0\x80\"")}), "not UTF-8");
}

TEST(MultipartDecoder, RefusesEncodedContents) {
    expect_refused(part_of({disposition("name=a"), "Content-Transfer-Encoding: base64"}),
                   "must not be encoded");
    expect_refused(part_of({disposition("name=a"), "Content-Transfer-Encoding: quoted-printable"}),
                   "must not be encoded");
}

TEST(MultipartDecoder, KeepsItsLimits) {
    const auto part = "--b0und\r\n" + disposition("name=a") + "\r\n\r\nx\r\n";
    EXPECT_EQ(decoded(part + part + "--b0und--", {.parts_max = 2}), "a=x,a=x");
    expect_refused(part + part + part + "--b0und--", "too many parts", {.parts_max = 2});
    expect_refused(part_of({disposition("name=a"), "A: 1", "B: 2"}), "too many header fields",
                   {.headers_max = 2});
    expect_refused(part_of({disposition("name=abc")}), "name of a part is too long", {.name_bytes_max = 2});
    expect_refused(part_of({disposition("name=a; filename=abc")}), "file name is too long",
                   {.filename_bytes_max = 2});
    expect_refused(part_of({disposition("name=a")}, std::string(100, 'x')), "too large",
                   {.body_bytes_max = 100});

    const auto head = disposition("name=a").size() + 4;  // with its line end and the empty line
    EXPECT_EQ(decoded(part_of({disposition("name=a")}), {.header_bytes_max = head}), "a=x");
    for (std::size_t less = 1; less <= head; ++less)
        expect_refused(part_of({disposition("name=a")}), "head of a part is too long",
                       {.header_bytes_max = head - less});
}

TEST(MultipartBoundary, IsReadFromTheContentType) {
    EXPECT_EQ(multipart::boundary_of("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(multipart::boundary_of("Multipart/Form-Data;charset=utf-8;Boundary=\"a b:c\""), "a b:c");
    EXPECT_EQ(multipart::boundary_of("multipart/form-data; boundary=" + std::string(70, 'a')),
              std::string(70, 'a'));
}

TEST(MultipartBoundary, IsRefusedWhenItIsNone) {
    for (const std::string type :
         {"", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
          "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a",
          "multipart/form-data; boundary=a; boundary=a", "multipart/form-data; boundary=\"a\r\nb\"",
          "multipart/form-data; boundary=a%b", "multipart/mixed; boundary=a", "text/plain; boundary=a",
          "multipart/form-data boundary=a", "multipart/form-data; boundary=a b"}) {
        const auto made = multipart::boundary_of(type);
        ASSERT_FALSE(made) << type;
        EXPECT_EQ(made.error().status(), 400) << type;
    }
    EXPECT_FALSE(multipart::boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')));
    EXPECT_FALSE(multipart::decode("--a b \r\n", "a b ").has_value());
}

// — what is written is what is read —

struct Draw {
    std::mt19937 random;
    std::size_t below(std::size_t end) {
        return std::uniform_int_distribution<std::size_t>{0, end - 1}(random);
    }

    std::string name() {
        constexpr std::string_view pieces[] = {"a", "Z", "é", "😀", "\"", "\\", ";",
                                               "=", "%", "2", " ",  "[",  "]"};
        std::string text = "n";
        for (auto left = below(12); left > 0; --left)
            text += pieces[below(std::size(pieces))];
        return text;
    }
    // Made of what could be taken for a delimiter or line end.
    std::string content() {
        constexpr std::string_view pieces[] = {"\r", "\n", "-", "--", "b0un", "d", "\r\n--b0un", "x", "\xff"};
        std::string text;
        for (auto left = below(20); left > 0; --left)
            text += pieces[below(std::size(pieces))];
        return text;
    }
};

std::string in_quotes(const std::string& text) {
    std::string out = "\"";
    for (const char c : text)
        out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    return out + '"';
}

TEST(MultipartDecoder, ReadsBackWhateverWasWritten) {
    Draw draw{std::mt19937{20}};  // NOLINT(cert-msc51-cpp): the same cases in each run
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::array<std::string, 2>> written;
        std::string body;
        for (auto left = draw.below(4); left > 0; --left) {
            std::array part{draw.name(), draw.content()};
            const bool ambiguous =
                ("\r\n" + part[1] + "\r\n").contains("\r\n--b0und") || part[0].contains("%22");
            if (ambiguous) continue;
            body += "--b0und\r\n" + disposition("name=f; filename=" + in_quotes(part[0])) + "\r\n\r\n" +
                    part[1] + "\r\n";
            written.push_back(std::move(part));
        }
        body += "--b0und--\r\n";
        const auto parts = multipart::decode(body, boundary);
        ASSERT_TRUE(parts) << parts.error().describe() << '\n' << body;
        ASSERT_EQ(parts->size(), written.size()) << body;
        for (std::size_t i = 0; i < written.size(); ++i) {
            EXPECT_EQ((*parts)[i].filename, written[i][0]);
            EXPECT_EQ((*parts)[i].content, written[i][1]);
        }
    }
}

}  // namespace
