#include <random>

#include <gtest/gtest.h>

#include "unit/iso8583/vectors.h"
#include "vault/iso8583/fields.h"

namespace {

using namespace vault::iso8583;
using iso_test::bytes_of;
using iso_test::from_hex;
using iso_test::text;

const boost::json::object& vector(std::string_view id) {
    static const auto all = iso_test::list("positive");
    for (const auto& entry : all)
        if (text(entry.at("id")) == id) return entry;
    throw std::out_of_range{std::string{id}};
}

Message message(std::string_view id) {
    return iso_test::message_of(vector(id).at("fields").as_object(), text(vector(id).at("mti")));
}

std::string payload(std::string_view id) {
    const auto bytes = from_hex(text(vector(id).at("hex")));
    return {bytes.begin(), bytes.end()};
}

struct Outcome {
    std::string name, field;
    bool operator==(const Outcome&) const = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << outcome.name << " " << outcome.field;
}

Outcome decoded(std::string_view bytes, Profile profile = Profile::gw87a, const Options& options = {}) {
    const auto result = decode(bytes_of(bytes), profile, options);
    if (result) return {"", ""};
    return {std::string{to_string(result.error().name)}, result.error().field};
}

Outcome encoded(const Message& input, const Options& options = {}) {
    const auto result = encode(input, Profile::gw87a, options);
    if (result) return {"", ""};
    return {std::string{to_string(result.error().name)}, result.error().field};
}

// Field `number` of A01 or another vector with another value.
Outcome with(std::string_view id, int number, std::string_view value) {
    Message changed = message(id);
    value.empty() ? changed.erase(number) : changed.set(number, value);
    const auto layout = encode(changed, Profile::gw87a, Options{.mac_key = {}, .layout_only = true});
    return layout ? decoded(layout->view()) : Outcome{"layout", ""};
}

TEST(Decoder, RefusesPayloadBeyondTheFrameLimit) {
    EXPECT_EQ(decoded(std::string(8193, '0')), (Outcome{"FRAME_TOO_LONG", ""}));
}

TEST(Decoder, RefusesMtiWithLetters) {
    EXPECT_EQ(decoded("01O0" + payload("A01").substr(4)), (Outcome{"MTI_NOT_NUMERIC", "MTI"}));
}

TEST(Decoder, RefusesMtiThatTheProfileLacks) {
    for (const char* mti : {"0000", "0131", "0140", "0102", "0300", "0600", "0820"})
        EXPECT_EQ(decoded(mti), (Outcome{"MTI_UNKNOWN", "MTI"})) << mti;
}

TEST(Decoder, RefusesPrimaryBitmapCutShort) {
    EXPECT_EQ(decoded(payload("A01").substr(0, 19)), (Outcome{"BITMAP_TRUNCATED", "bitmap1"}));
}

TEST(Decoder, RefusesSecondaryBitmapThatIsNotHex) {
    auto bytes = payload("N01");
    bytes[25] = 'x';
    EXPECT_EQ(decoded(bytes), (Outcome{"BITMAP_NOT_HEX", "bitmap2"}));
}

TEST(Decoder, RefusesBinaryBitmapInTheAsciiProfile) {
    EXPECT_EQ(
        decoded("0100" + std::string("\x72\x3c\x64\x81\x88\xe1\x80\x00", 8) + payload("A01").substr(20)),
        (Outcome{"BITMAP_NOT_HEX", "bitmap1"}));
}

TEST(Decoder, RefusesFieldsOutsideTheDictionary) {
    EXPECT_EQ(decoded("0800800000000000000080000000000000001234"), (Outcome{"FIELD_UNSUPPORTED", "65"}));
    EXPECT_EQ(decoded("0800800000000000000000000008000000001234"), (Outcome{"FIELD_UNSUPPORTED", "93"}));
    EXPECT_EQ(decoded("0800800000000000000000000001000000001234"), (Outcome{"FIELD_UNSUPPORTED", "96"}));
}

TEST(Decoder, RefusesLengthOfZero) {
    EXPECT_EQ(decoded("0100400000000000000000"), (Outcome{"LENGTH_ZERO", "2"}));
    EXPECT_EQ(decoded("01000000000000010000000"), (Outcome{"LENGTH_ZERO", "48"}));
}

TEST(Decoder, RefusesLengthWithPlusSign) {
    EXPECT_EQ(decoded("01000000000000010000+12CI0011PR0011"), (Outcome{"LENGTH_NOT_NUMERIC", "48"}));
}

TEST(Decoder, RefusesLengthPrefixCutShort) {
    EXPECT_EQ(decoded("0100000000000001000001"), (Outcome{"FIELD_TRUNCATED", "48"}));
}

TEST(Decoder, RefusesBytesBehindTheLastField) {
    EXPECT_EQ(decoded(payload("A01") + " "), (Outcome{"TRAILING_DATA", ""}));
}

TEST(Decoder, RefusesSpaceInANumber) {
    auto bytes = payload("A01");
    bytes[44] = ' ';
    EXPECT_EQ(decoded(bytes), (Outcome{"FIELD_BAD_CHARACTER", "4"}));
}

TEST(Decoder, RefusesPunctuationInAlphanumericField) {
    auto bytes = payload("A02");
    bytes[bytes.find("A1B2C3")] = '-';
    EXPECT_EQ(decoded(bytes), (Outcome{"FIELD_BAD_CHARACTER", "38"}));
}

TEST(Decoder, RefusesBothMacFieldsAtOnce) {
    Message both = message("E05");
    const auto bytes = encode(both, Profile::gw87a);
    ASSERT_TRUE(bytes);
    // Field 64 is put in by hand, since the encoder does not write both: bit 64, and its value in front of
    // field 90.
    std::string raw{bytes->view()};
    raw[19] = static_cast<char>(raw[19] + 1);
    raw.insert(raw.size() - 16 - 42, "0123456789ABCDEF");
    EXPECT_EQ(decoded(raw), (Outcome{"FIELD_CONFLICT", "64"}));
    both.set(64, "0123456789ABCDEF");
    EXPECT_EQ(encoded(both), (Outcome{"FIELD_CONFLICT", "64"}));
}

TEST(Decoder, ReportsTheOffsetOfTheFieldAtFault) {
    auto bytes = payload("A01");
    bytes[44] = 'O';
    const auto result = decode(bytes_of(bytes), Profile::gw87a);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().offset, 44U);
}

TEST(Decoder, ChecksEverythingInTheOrderOfTheProfile) {
    Message broken = message("A01");
    broken.set(2, "4111111111111112");
    broken.set(48, "CI0011CI0011");
    broken.erase(49);
    broken.set(7, "0230121530");
    const auto outcome = [&] {
        const auto bytes = encode(broken, Profile::gw87a, Options{.mac_key = {}, .layout_only = true});
        return decoded(bytes->view());
    };
    EXPECT_EQ(outcome(), (Outcome{"FIELD_BAD_FORMAT", "7"}));
    broken.set(7, "0229121530");
    EXPECT_EQ(outcome(), (Outcome{"FIELD_MISSING", "49"}));
    broken.set(49, "978");
    EXPECT_EQ(outcome(), (Outcome{"TLV_DUPLICATE", "48"}));
    broken.set(48, "CI0011");
    EXPECT_EQ(outcome(), (Outcome{"SEMANTIC", "2"}));
}

TEST(Formats, AreCheckedFieldByField) {
    const Outcome fine{"", ""};
    const auto bad = [](int field) { return Outcome{"FIELD_BAD_FORMAT", std::to_string(field)}; };
    EXPECT_EQ(with("A01", 2, "41111111111"), bad(2));
    EXPECT_EQ(with("A01", 3, "000100"), bad(3));
    EXPECT_EQ(with("A01", 3, "310000"), bad(3));
    EXPECT_EQ(with("A01", 7, "0431121530"), bad(7));
    EXPECT_EQ(with("A01", 7, "0229121530"), fine);
    EXPECT_EQ(with("A01", 7, "0317126030"), bad(7));
    EXPECT_EQ(with("A01", 11, "000000"), bad(11));
    EXPECT_EQ(with("A01", 12, "121560"), bad(12));
    EXPECT_EQ(with("A01", 13, "0000"), bad(13));
    EXPECT_EQ(with("A01", 14, "2800"), bad(14));
    EXPECT_EQ(with("A01", 14, "2813"), bad(14));
    EXPECT_EQ(with("A02", 15, "1301"), bad(15));
    EXPECT_EQ(with("C01", 17, "0631"), bad(17));
    EXPECT_EQ(with("A01", 28, "D00000150"), fine);
    EXPECT_EQ(with("A01", 49, "EUR"), bad(49));
    EXPECT_EQ(with("B03", 66, "4"), bad(66));
    EXPECT_EQ(with("V01", 90, "011000010103171215300000040012300000900001"), bad(90));
    EXPECT_EQ(with("V01", 90, "010000010113171215300000040012300000900001"), bad(90));
    EXPECT_EQ(with("A02", 54, "0057978C00000002000"), bad(54));
    EXPECT_EQ(with("A02", 54, "0057978C000000020000"), fine);
    EXPECT_EQ(with("A02", 54, "0057978X000000020000"), bad(54));
    EXPECT_EQ(with("V06", 95, "00000000500000000000000C00000000C00000000X"), bad(95));
}

TEST(Formats, DemandsSignOfNetSettlement) {
    auto bytes = payload("B01");
    bytes[bytes.find("C0000000001471682")] = '0';
    EXPECT_EQ(decoded(bytes), (Outcome{"FIELD_BAD_FORMAT", "97"}));
}

TEST(Mandatory, FieldsAreDemandedByMessageType) {
    const auto missing = [](int field) { return Outcome{"FIELD_MISSING", std::to_string(field)}; };
    const std::vector<std::pair<std::string, std::vector<int>>> table{
        {"A01", {2, 3, 4, 7, 11, 12, 13, 14, 18, 19, 22, 25, 32, 33, 37, 41, 42, 43, 49}},
        {"A02", {3, 4, 7, 11, 12, 13, 15, 19, 32, 33, 37, 39, 41, 42, 49}},
        {"S01", {2, 3, 4, 7, 11, 12, 13, 14, 18, 19, 22, 25, 32, 33, 37, 41, 42, 43, 49}},
        {"C01", {2, 3, 4, 7, 11, 12, 13, 14, 17, 18, 19, 22, 25, 32, 33, 37, 38, 41, 42, 43, 48, 49, 90}},
        {"C06", {3, 4, 7, 11, 12, 13, 15, 19, 32, 33, 37, 39, 41, 42, 49}},
        {"V04", {2, 3, 4, 7, 11, 12, 13, 14, 18, 19, 22, 25, 32, 33, 37, 39, 41, 42, 43, 49, 90}},
        {"V07", {2, 39, 90}},
        {"V03", {3, 4, 7, 11, 12, 13, 15, 19, 32, 33, 37, 39, 41, 42, 49, 90}},
        {"D01", {3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 48, 49, 90}},
        {"B01", {7, 11, 15, 32, 33, 50, 74, 75, 76, 77, 86, 87, 88, 89, 97, 99}},
        {"B03", {7, 11, 15, 32, 33, 39, 50, 66, 74, 97, 99}},
        {"N01", {7, 11, 33, 70}},
        {"N02", {7, 11, 33, 39, 70}},
        {"N07", {48}},
    };
    for (const auto& [id, fields] : table)
        for (const int field : fields)
            EXPECT_EQ(with(id, field, ""), missing(field)) << id;
}

TEST(Mandatory, ExpiryIsOptionalForStoredCredentials) {
    EXPECT_EQ(with("A14", 14, ""), (Outcome{"", ""}));
}

TEST(Mandatory, PartialReversalNeedsTheAmountThatStays) {
    EXPECT_EQ(with("V04", 39, "32"), (Outcome{"FIELD_MISSING", "95"}));
}

TEST(Mandatory, CutOverNeedsTheNewDate) {
    EXPECT_EQ(with("N01", 70, "201"), (Outcome{"FIELD_MISSING", "15"}));
}

TEST(PrivateData, RefusesOverrunsBadTagsAndEmptyValues) {
    for (const char* malformed : {"CI0021", "CI001", "CI", "ci0011", "CI+011", "CI000", "CI0011X"})
        EXPECT_EQ(with("A01", 48, malformed), (Outcome{"TLV_MALFORMED", "48"})) << malformed;
}

TEST(PrivateData, IsWrittenInOrderOfTags) {
    PrivateData data;
    data.set("NT", "123");
    data.set("CI", "1");
    data.set("EC", "07");
    data.set("CI", "0");
    data.set("EC", "");
    EXPECT_EQ(data.text().view(), "CI0010NT003123");
    const auto again = PrivateData::parse(data.text().view());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->get("NT"), "123");
    EXPECT_EQ(again->get("EC"), "");
}

TEST(Mac, MatchesTheVectorsInBothPositions) {
    const auto key = from_hex(iso_test::key("mac_aes128"));
    const Options options{.mac_key = key, .layout_only = false};
    for (const char* id : {"E04", "E05", "E10"}) {
        EXPECT_EQ(decoded(payload(id), Profile::gw87a, options), (Outcome{"", ""})) << id;
        Message bare = message(id);
        bare.erase(64);
        bare.erase(128);
        const auto bytes = encode(bare, Profile::gw87a, options);
        ASSERT_TRUE(bytes);
        EXPECT_EQ(bytes->view(), payload(id)) << id;
    }
}

TEST(Mac, IsDemandedWhenSwitchedOnAndCoversTheMti) {
    const auto key = from_hex(iso_test::key("mac_aes128"));
    const Options options{.mac_key = key, .layout_only = false};
    EXPECT_EQ(decoded(payload("A01"), Profile::gw87a, options), (Outcome{"FIELD_MISSING", "64"}));
    EXPECT_EQ(decoded(payload("V01"), Profile::gw87a, options), (Outcome{"FIELD_MISSING", "128"}));
    auto repeat = payload("E05");
    repeat[3] = '1';
    EXPECT_EQ(decoded(repeat, Profile::gw87a, options), (Outcome{"MAC_MISMATCH", "128"}));
}

TEST(Mac, IsWrittenInBinaryProfileToo) {
    const auto key = from_hex(iso_test::key("mac_aes128"));
    const Options options{.mac_key = key, .layout_only = false};
    const auto bytes = encode(message("V01"), Profile::gw87b, options);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(decoded(bytes->view(), Profile::gw87b, options), (Outcome{"", ""}));
    std::string tampered{bytes->view()};
    tampered[30] = static_cast<char>(tampered[30] ^ 1);
    EXPECT_EQ(decoded(tampered, Profile::gw87b, options).name, "MAC_MISMATCH");
}

TEST(Encoder, PadsFixedFieldsAndWritesUpperCase) {
    Message input = message("S03");
    input.set(4, "12599");
    input.set(41, "GW1");
    input.set(52, "aabbccddeeff0011");
    const auto bytes = encode(input, Profile::gw87a);
    ASSERT_TRUE(bytes);
    const auto back = decode(bytes_of(bytes->view()), Profile::gw87a);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->get(4), "000000012599");
    EXPECT_EQ(back->get(41), "GW1     ");
    EXPECT_EQ(back->get(52), "AABBCCDDEEFF0011");
}

TEST(Encoder, NamesTheFieldThatDoesNotFit) {
    const auto outcome = [](int field, std::string_view value) {
        Message changed = message("A01");
        changed.set(field, value);
        return encoded(changed);
    };
    EXPECT_EQ(outcome(4, "1234567890123"), (Outcome{"LENGTH_EXCEEDS_MAX", "4"}));
    EXPECT_EQ(outcome(4, "12,5"), (Outcome{"FIELD_BAD_CHARACTER", "4"}));
    EXPECT_EQ(outcome(43, "CAF\xC3\x89"), (Outcome{"FIELD_BAD_CHARACTER", "43"}));
    EXPECT_EQ(outcome(44, ""), (Outcome{"LENGTH_ZERO", "44"}));
    EXPECT_EQ(outcome(65, "1"), (Outcome{"FIELD_UNSUPPORTED", "65"}));
    EXPECT_EQ(outcome(52, "1122"), (Outcome{"FIELD_TRUNCATED", "52"}));
    EXPECT_EQ(outcome(28, "X00000150"), (Outcome{"FIELD_BAD_FORMAT", "28"}));
    EXPECT_EQ(outcome(2, "4111111111111112"), (Outcome{"SEMANTIC", "2"}));
    EXPECT_EQ(encoded(Message{"010"}), (Outcome{"MTI_TRUNCATED", "MTI"}));
    EXPECT_EQ(encoded(Message{"1100"}), (Outcome{"MTI_VERSION", "MTI"}));
    EXPECT_EQ(encoded(Message{"0999"}), (Outcome{"MTI_UNKNOWN", "MTI"}));
    EXPECT_EQ(encoded(Message{"01000"}), (Outcome{"MTI_NOT_NUMERIC", "MTI"}));
}

TEST(BinaryProfile, RefusesNibblesThatAreNoDigits) {
    const auto bytes = encode(message("A10"), Profile::gw87b);  // 15 digits: one zero nibble of padding
    ASSERT_TRUE(bytes);
    const std::string good{bytes->view()};
    ASSERT_EQ(decoded(good, Profile::gw87b), (Outcome{"", ""}));
    const auto changed = [&](std::size_t at, char value) {
        std::string bad = good;
        bad[at] = value;
        return decoded(bad, Profile::gw87b);
    };
    EXPECT_EQ(changed(1, '\x0A'), (Outcome{"MTI_NOT_NUMERIC", "MTI"}));
    EXPECT_EQ(changed(10, '\x1B'), (Outcome{"LENGTH_NOT_NUMERIC", "2"}));
    EXPECT_EQ(changed(10, '\x20'), (Outcome{"LENGTH_EXCEEDS_MAX", "2"}));
    EXPECT_EQ(changed(10, '\0'), (Outcome{"LENGTH_ZERO", "2"}));
    EXPECT_EQ(changed(12, '\xF2'), (Outcome{"FIELD_BAD_CHARACTER", "2"}));
    EXPECT_EQ(changed(18, '\x51'), (Outcome{"FIELD_BAD_CHARACTER", "2"}));  // padding that is not zero
    EXPECT_EQ(decoded(good.substr(0, 1), Profile::gw87b), (Outcome{"MTI_TRUNCATED", "MTI"}));
    EXPECT_EQ(decoded(good.substr(0, 9), Profile::gw87b), (Outcome{"BITMAP_TRUNCATED", "bitmap1"}));
    EXPECT_EQ(decoded(good.substr(0, good.size() - 1), Profile::gw87b), (Outcome{"FIELD_TRUNCATED", "49"}));
}

TEST(AnswerMti, FollowsTheRequestAndDropsTheRepeat) {
    EXPECT_EQ(answer_mti("0100"), "0110");
    EXPECT_EQ(answer_mti("0101"), "0110");
    EXPECT_EQ(answer_mti("0221"), "0230");
    EXPECT_EQ(answer_mti("0421"), "0430");
    EXPECT_EQ(answer_mti("0422"), "0432");
    EXPECT_EQ(answer_mti("0423"), "0432");
    EXPECT_EQ(answer_mti("0801"), "0810");
    EXPECT_EQ(repeat_mti("0420"), "0421");
    EXPECT_EQ(repeat_mti("0421"), "0421");
    EXPECT_EQ(repeat_mti("0422"), "0423");
    EXPECT_TRUE(is_request("0423"));
    EXPECT_FALSE(is_request("0432"));
}

TEST(FrameReader, CutsAnyFragmentationIntoTheSameMessages) {
    std::string stream;
    for (int i = 1; i <= 40; ++i)
        stream += frame(std::string(static_cast<std::size_t>(i * 7), static_cast<char>('a' + i % 26))).view();
    std::mt19937 random{7};
    for (int round = 0; round < 50; ++round) {
        FrameReader reader;
        common::SecretText payload;
        std::size_t count = 0;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t size = std::min<std::size_t>(1 + random() % 300, stream.size() - at);
            reader.feed(bytes_of(stream.substr(at, size)));
            at += size;
            while (reader.next(payload) == FrameReader::State::frame) {
                ++count;
                ASSERT_EQ(payload.size(), count * 7);
            }
        }
        EXPECT_EQ(count, 40U);
        EXPECT_FALSE(reader.in_frame());
    }
}

// Random values of each field's format; formats and mandatory fields do not hold, so only the layout is
// checked.
std::string random_value(const FieldFormat& format, std::mt19937& random) {
    static constexpr std::string_view alphabets[] = {
        "",
        "0123456789",
        "0123456789=",
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ",
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`abcxyz{|}~",
        "0123456789ABCDEF",
        "0123456789"};
    const std::size_t size = format.prefix == Prefix::fixed ? format.size : 1 + random() % format.size;
    const auto alphabet = alphabets[static_cast<std::size_t>(format.kind)];
    std::string value;
    for (std::size_t i = 0; i < size; ++i)
        value.push_back(alphabet[random() % alphabet.size()]);
    if (format.kind == Kind::x_n) value[0] = random() % 2 == 0 ? 'C' : 'D';
    return value;
}

class RoundTrip : public testing::TestWithParam<Profile> {};

TEST_P(RoundTrip, KeepsRandomMessagesAndIsCanonical) {
    std::mt19937 random{20260317};
    const Options layout{.mac_key = {}, .layout_only = true};
    int written = 0;
    for (int round = 0; round < 2000; ++round) {
        Message input{"0100"};
        const unsigned density = 1 + random() % 20;
        for (int field = 2; field <= 127; ++field)
            if (format_of(field).kind != Kind::none && random() % density == 0)
                input.set(field, random_value(format_of(field), random));
        const auto first = encode(input, GetParam(), layout);
        if (!first) {
            ASSERT_EQ(first.error().name, ErrorName::frame_too_long);
            continue;
        }
        ++written;
        const auto back = decode_layout(bytes_of(first->view()), GetParam());
        ASSERT_TRUE(back) << to_string(back.error().name) << " in " << back.error().field;
        ASSERT_EQ(back->present(), input.present());
        for (const int field : input.present())
            ASSERT_EQ(back->get(field), input.get(field)) << field;
        const auto second = encode(*back, GetParam(), layout);
        ASSERT_TRUE(second);
        ASSERT_EQ(first->view(), second->view());
    }
    EXPECT_GT(written, 1000);
}

TEST_P(RoundTrip, SurvivesAnyMutationOfAValidMessage) {
    std::mt19937 random{42};
    const auto bytes = encode(message("A01"), GetParam());
    ASSERT_TRUE(bytes);
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string mutated{bytes->view()};
        const unsigned changes = 1 + random() % 3;
        for (unsigned i = 0; i < changes; ++i)
            mutated[random() % mutated.size()] = static_cast<char>(random());
        if (random() % 4 == 0) mutated.resize(random() % mutated.size());
        const auto result = decode(bytes_of(mutated), GetParam());
        if (!result) {
            ++refused;
            continue;
        }
        const auto again = encode(*result, GetParam());
        ASSERT_TRUE(again) << "what decodes must encode: " << to_string(again.error().name)
                           << again.error().field;
    }
    EXPECT_GT(refused, 5000);
}

INSTANTIATE_TEST_SUITE_P(Profiles, RoundTrip, testing::Values(Profile::gw87a, Profile::gw87b),
                         [](const auto& info) { return info.param == Profile::gw87a ? "Gw87a" : "Gw87b"; });

}  // namespace
