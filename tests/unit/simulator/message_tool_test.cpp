// `portcullis-acquirer message decode|encode` as an operator runs it: every message vector through the
// program.
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "unit/iso8583/vectors.h"

namespace {

namespace json = boost::json;
using iso_test::text;
using Lines = std::vector<std::string>;

struct Result {
    int status = -1;
    Lines lines;
};

class Folder {
  public:
    Folder() {
        std::string pattern = "/tmp/ptc-messages-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        path = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

Result run(const std::string& arguments, const std::string& input) {
    const Folder folder;
    const auto in = folder.path / "in", out = folder.path / "out";
    std::ofstream{in, std::ios::binary} << input;
    const auto command = "'" ACQUIRER_PROGRAM "' message " + arguments + " <" + in.string() + " >" +
                         out.string() + " 2>/dev/null";
    const int status = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
    Result result{WIFEXITED(status) ? WEXITSTATUS(status) : -1, {}};
    std::ifstream file{out};
    for (std::string line; std::getline(file, line);)
        result.lines.push_back(line);
    return result;
}

Lines lines_of(const std::string& arguments, const Lines& lines) {
    std::string input;
    for (const auto& line : lines)
        input += line + "\n";
    auto result = run(arguments, input);
    EXPECT_EQ(result.status, 0) << arguments;
    EXPECT_EQ(result.lines.size(), lines.size()) << "one line for each";
    result.lines.resize(lines.size());
    return result.lines;
}

Lines hex_of(const std::vector<json::object>& vectors) {
    Lines lines;
    for (const auto& vector : vectors)
        lines.push_back(text(vector.at("hex")));
    return lines;
}

json::object document_of(const json::object& vector) {
    json::object fields = vector.at("fields").as_object();
    const auto mti = fields.contains("t") ? fields.at("t") : vector.at("mti");
    fields.erase("t");
    return {{"mti", mti}, {"fields", std::move(fields)}};
}

// Those whose values mean something, or those that are only laid out well.
std::vector<json::object> vectors_of(std::string_view list, bool layout_only) {
    auto vectors = iso_test::list(list);
    std::erase_if(vectors, [&](const auto& vector) { return iso_test::layout_only(vector) != layout_only; });
    return vectors;
}

struct Given {
    const char *list, *options;
    bool layout_only;
};

class Translates : public testing::TestWithParam<Given> {};

TEST_P(Translates, EveryVectorInBothDirections) {
    const std::string options = GetParam().options;
    const auto vectors = vectors_of(GetParam().list, GetParam().layout_only);
    ASSERT_FALSE(vectors.empty());
    Lines documents;
    for (const auto& vector : vectors)
        documents.push_back(json::serialize(document_of(vector)));
    const auto decoded = lines_of("decode --show-pan" + options, hex_of(vectors));
    const auto encoded = lines_of("encode" + options, documents);
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        EXPECT_EQ(json::parse(decoded[i]), json::value(document_of(vectors[i]))) << text(vectors[i].at("id"));
        EXPECT_EQ(encoded[i], text(vectors[i].at("hex"))) << text(vectors[i].at("id"));
    }
}

INSTANTIATE_TEST_SUITE_P(Tool, Translates,
                         testing::Values(Given{"positive", "", false},
                                         Given{"positive", " --profile GW87A --layout-only", true},
                                         Given{"positive_iso87b", " --profile GW87B", false}),
                         [](const auto& info) {
                             return std::string{info.param.list} + (info.param.layout_only ? "_layout" : "");
                         });

TEST(MessageTool, MasksCardNumbersTracksAndCodesUnlessAsked) {
    for (const auto& [list, options] : std::map<std::string, std::string>{
             {"positive", " --layout-only"}, {"positive_iso87b", " --profile GW87B"}}) {
        const auto vectors = iso_test::list(list);
        const auto decoded = lines_of("decode" + options, hex_of(vectors));
        int masked = 0;
        for (std::size_t i = 0; i < vectors.size(); ++i) {
            const auto& fields = vectors[i].at("fields").as_object();
            const auto shown = json::parse(decoded[i]).at("fields").as_object();
            EXPECT_EQ(shown.size(), fields.size());
            for (const auto& [field, value] : fields) {
                const auto was = text(value), now = text(shown.at(field));
                if (field == "2") {
                    ++masked;
                    EXPECT_EQ(now, was.substr(0, 6) + std::string(was.size() - 10, '*') +
                                       was.substr(was.size() - 4));
                } else if (field == "34" || field == "35" || field == "36" || field == "45" ||
                           field == "52") {
                    EXPECT_EQ(now, std::string(was.size(), '*')) << std::string_view{field};
                } else if (field == "48") {
                    const auto tags = vault::iso8583::PrivateData::parse(was);
                    const bool code = tags && !tags->get("CV").empty();
                    EXPECT_EQ(code, now != was && now.contains("*") && tags) << text(vectors[i].at("id"));
                    if (code) EXPECT_FALSE(now.contains("CV003" + std::string{tags->get("CV")}));
                } else {
                    EXPECT_EQ(now, was) << std::string_view{field};
                }
            }
        }
        EXPECT_GT(masked, 0) << list;
    }
}

TEST(MessageTool, ReadsWhatIsToleratedAndWritesItCanonically) {
    const auto vectors = iso_test::list("tolerated");
    const auto decoded = lines_of("decode --show-pan", hex_of(vectors));
    const auto encoded = lines_of("encode", decoded);
    const auto again = lines_of("decode --show-pan", encoded);
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        EXPECT_EQ(json::parse(decoded[i]), json::value(document_of(vectors[i]))) << text(vectors[i].at("id"));
        EXPECT_EQ(again[i], decoded[i]) << text(vectors[i].at("id"));
    }
}

TEST(MessageTool, NamesWhatIsMalformed) {
    const Folder folder;
    const auto key_file = (folder.path / "mac.key").string();
    std::ofstream{key_file} << iso_test::key("mac_aes128") << "\n";
    std::filesystem::permissions(key_file, std::filesystem::perms::owner_read);
    for (const bool authenticated : {false, true}) {
        auto vectors = iso_test::list("malformed");
        std::erase_if(vectors, [&](const auto& vector) {
            return (text(vector.at("expect").at("error")) == "MAC_MISMATCH") != authenticated;
        });
        ASSERT_FALSE(vectors.empty());
        const auto lines =
            lines_of(authenticated ? "decode --mac-key-file " + key_file : "decode", hex_of(vectors));
        for (std::size_t i = 0; i < vectors.size(); ++i) {
            const auto& expect = vectors[i].at("expect").as_object();
            const json::value refusal{
                {"error", {{"name", expect.at("error")}, {"field", expect.at("field")}}}};
            EXPECT_EQ(json::parse(lines[i]), refusal) << text(vectors[i].at("id"));
        }
    }
}

TEST(MessageTool, AnswersEachLineByItself) {
    const auto vectors = vectors_of("positive", false);
    const auto good = text(vectors[0].at("hex"));
    const auto lines =
        lines_of("decode", {good, "zz", "", good.substr(1), good + "\r", std::string(300'000, '0')});
    const auto error = [](const char* name) {
        return std::string{R"({"error":{"name":")"} + name + R"(","field":null}})";
    };
    EXPECT_EQ(json::parse(lines[0]), json::value(document_of(vectors[0])));
    EXPECT_EQ(lines[1], error("NOT_HEX"));
    EXPECT_EQ(lines[2], error("FRAME_EMPTY"));
    EXPECT_EQ(lines[3], error("NOT_HEX"));
    EXPECT_EQ(lines[4], lines[0]);
    EXPECT_EQ(lines[5], error("LINE_TOO_LONG"));
    const auto encoded = lines_of(
        "encode", {"{", "[]", R"({"mti": "0800", "fields": {"7": 1}})", R"({"mti": "0900", "fields": {}})",
                   R"({"mti": "0800", "fields": {"2": "4111x"}})"});
    EXPECT_EQ(encoded[0], error("NOT_JSON"));
    EXPECT_EQ(encoded[1], error("NOT_JSON"));
    EXPECT_EQ(encoded[2], error("NOT_JSON"));
    EXPECT_EQ(encoded[3], R"({"error":{"name":"MTI_UNKNOWN","field":"MTI"}})");
    EXPECT_EQ(encoded[4], R"({"error":{"name":"FIELD_BAD_CHARACTER","field":2}})");
    EXPECT_EQ(run("decode", good).lines.size(), 1U) << "the last line needs no end";
    EXPECT_TRUE(run("decode", "").lines.empty());
    EXPECT_EQ(run("decode --profile GW87C", "").status, 2);
}

}  // namespace
