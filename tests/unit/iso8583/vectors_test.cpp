#include "unit/iso8583/vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace vault::iso8583;
using iso_test::bytes_of;
using iso_test::from_hex;
using iso_test::text;
using iso_test::to_hex;

class Positive : public testing::TestWithParam<boost::json::object> {};
class Tolerated : public testing::TestWithParam<boost::json::object> {};
class Malformed : public testing::TestWithParam<boost::json::object> {};
class Stream : public testing::TestWithParam<boost::json::object> {};

TEST_P(Positive, DecodesToItsFieldsAndEncodesToItsBytes) {
    const auto& vector = GetParam();
    const Profile profile = iso_test::profile_of(vector);
    const Options options{.mac_key = {}, .layout_only = iso_test::layout_only(vector)};
    const auto payload = from_hex(text(vector.at("hex")));
    ASSERT_EQ(payload.size(), static_cast<std::size_t>(vector.at("length").as_int64()));

    const auto decoded = decode(payload, profile, options);
    ASSERT_TRUE(decoded) << to_string(decoded.error().name) << " in " << decoded.error().field;
    EXPECT_EQ(decoded->mti(), text(vector.at("mti")));
    const auto& fields = vector.at("fields").as_object();
    EXPECT_EQ(decoded->present().size(), fields.size());
    for (const auto& [number, value] : fields)
        EXPECT_EQ(decoded->get(std::stoi(std::string{number})), text(value))
            << "field " << std::string_view{number};

    const auto encoded = encode(iso_test::message_of(fields, text(vector.at("mti"))), profile, options);
    ASSERT_TRUE(encoded) << to_string(encoded.error().name) << " in " << encoded.error().field;
    EXPECT_EQ(to_hex(encoded->view()), text(vector.at("hex")));
}

TEST_P(Tolerated, IsAcceptedAndWrittenBackCanonically) {
    const auto& vector = GetParam();
    const auto decoded = decode(from_hex(text(vector.at("hex"))), Profile::gw87a);
    ASSERT_TRUE(decoded) << to_string(decoded.error().name) << " in " << decoded.error().field;
    const auto& fields = vector.at("fields").as_object();
    EXPECT_EQ(decoded->mti(), text(fields.at("t")));
    for (const auto& [number, value] : fields)
        if (number != "t") EXPECT_EQ(decoded->get(std::stoi(std::string{number})), text(value));
    const auto canonical = encode(*decoded, Profile::gw87a);
    ASSERT_TRUE(canonical);
    const auto again = decode(bytes_of(canonical->view()), Profile::gw87a);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->present(), decoded->present());
    const std::string bitmap{canonical->view().substr(4, 16)};
    EXPECT_THAT(bitmap, testing::MatchesRegex("[0-9A-F]+"));
    EXPECT_EQ(bitmap[0] >= '8', decoded->present().back() > 64) << "no empty secondary bitmap is written";
}

TEST_P(Malformed, IsRefusedWithItsNameAndField) {
    const auto& vector = GetParam();
    const auto& expect = vector.at("expect").as_object();
    const auto key = from_hex(iso_test::key("mac_aes128"));
    Options options;
    if (text(expect.at("error")) == "MAC_MISMATCH") options.mac_key = key;
    const auto decoded = decode(from_hex(text(vector.at("hex"))), Profile::gw87a, options);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(to_string(decoded.error().name), text(expect.at("error")));
    const auto& field = expect.at("field");
    EXPECT_EQ(decoded.error().field, field.is_null()    ? ""
                                     : field.is_int64() ? std::to_string(field.as_int64())
                                                        : text(field));
}

TEST_P(Malformed, LeavesAHeaderToAnswerToExactlyWhenAnAnswerIsDue) {
    const auto& expect = GetParam().at("expect").as_object();
    const auto header = readable_header(from_hex(text(GetParam().at("hex"))), Profile::gw87a);
    const std::string reaction = text(expect.at("answer"));
    EXPECT_EQ(header.has_value(), reaction.find("DE39=") != std::string::npos) << reaction;
    if (!header) return;
    EXPECT_TRUE(is_request(header->mti()));
    Message answer{answer_mti(header->mti())};
    for (const int field : header->present())
        answer.set(field, header->get(field));
    answer.set(39, "30");
    EXPECT_TRUE(encode(answer, Profile::gw87a, Options{.mac_key = {}, .layout_only = true}));
}

// What each stream yields, message by message; named by the first error.
std::string read_stream(const iso_test::Bytes& bytes, std::size_t first, std::vector<Message>& messages) {
    FrameReader reader;
    common::SecretText payload;
    const std::span<const std::uint8_t> all{bytes};
    for (const auto& part : {all.first(first), all.subspan(first)}) {
        reader.feed(part);
        while (true) {
            const auto state = reader.next(payload);
            if (state == FrameReader::State::too_long) return "FRAME_TOO_LONG";
            if (state == FrameReader::State::need_more) break;
            auto decoded = decode(bytes_of(payload.view()), Profile::gw87a);
            if (!decoded) return std::string{to_string(decoded.error().name)};
            messages.push_back(std::move(*decoded));
        }
    }
    return reader.in_frame() ? "FRAME_TRUNCATED" : "";
}

TEST_P(Stream, IsCutIntoMessages) {
    const auto& vector = GetParam();
    const auto bytes = from_hex(text(vector.at("stream_hex")));
    const auto& error = vector.at("expect").at("error");
    const std::string reaction = text(vector.at("expect").at("answer"));
    std::vector<Message> messages;
    const std::string outcome = read_stream(bytes, std::min<std::size_t>(1, bytes.size()), messages);
    if (error.is_null()) {
        EXPECT_EQ(outcome, "");
        EXPECT_EQ(messages.size(), reaction.starts_with("two") ? 2U : 1U);
    } else if (text(error) == "FRAME_EMPTY") {  // skipped, and the message behind it is read
        EXPECT_EQ(outcome, "");
        ASSERT_EQ(messages.size(), 1U);
        EXPECT_EQ(messages[0].mti(), "0100");
    } else {
        EXPECT_EQ(outcome, text(error));
    }
}

INSTANTIATE_TEST_SUITE_P(Gw87a, Positive, testing::ValuesIn(iso_test::list("positive")),
                         iso_test::vector_name);
INSTANTIATE_TEST_SUITE_P(Gw87b, Positive, testing::ValuesIn(iso_test::list("positive_iso87b")),
                         iso_test::vector_name);
INSTANTIATE_TEST_SUITE_P(Vectors, Tolerated, testing::ValuesIn(iso_test::list("tolerated")),
                         iso_test::vector_name);
INSTANTIATE_TEST_SUITE_P(Vectors, Malformed, testing::ValuesIn(iso_test::list("malformed")),
                         iso_test::vector_name);
INSTANTIATE_TEST_SUITE_P(Vectors, Stream, testing::ValuesIn(iso_test::list("framing_streams")),
                         iso_test::vector_name);

}  // namespace
