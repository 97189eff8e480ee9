// The file in which cards travel: only its recipient reads it, and only as it was written.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/cms.h"
#include "certs/identity.h"
#include "support/custodian.h"
#include "vault/transfer/package.h"

namespace {

using support::TestCustodian;
using testing::HasSubstr;
using vault::transfer::chunk_bytes_max;
using vault::transfer::PackageReader;
using vault::transfer::PackageWriter;
using Lines = std::vector<std::string>;

class Package : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        recipient = new TestCustodian{"recipient"};
        other = new TestCustodian{"other"};
    }
    static void TearDownTestSuite() {
        delete recipient;
        delete other;
    }
    static std::string written(const Lines& lines, X509* to = recipient->certificate.get()) {
        std::string file;
        const auto sink = [&file](std::span<const std::uint8_t> data) -> common::Status {
            file.append(reinterpret_cast<const char*>(data.data()), data.size());
            return {};
        };
        auto writer = *PackageWriter::begin({"acct_1", "act_1", "2026-07-01T00:00:00Z", false, ""}, to, sink);
        for (const auto& line : lines)
            if (!writer.add(line)) throw std::runtime_error{"a line was refused"};
        if (!writer.end()) throw std::runtime_error{"no end"};
        return file;
    }
    struct Read {
        Lines lines;
        std::string fault;  // "" = the file was read to its end
    };
    static Read read(const std::string& file, const TestCustodian& by = *recipient) {
        std::istringstream stream{file};
        auto reader = PackageReader::open(stream, by.certificate.get(), by.key.get());
        if (!reader) return {{}, reader.error().message()};
        return rest_of(*reader);
    }
    static Read rest_of(PackageReader& reader) {
        Read read;
        for (;;) {
            const auto chunk = reader.next();
            if (!chunk) {
                read.fault = chunk.error().message();
                return read;
            }
            if (!*chunk) return read;
            std::istringstream text{std::string{(*chunk)->text()}};
            for (std::string line; std::getline(text, line);)
                read.lines.push_back(line);
        }
    }
    // Where the chunks begin, and the end of the last one.
    static std::vector<std::size_t> bounds_of(const std::string& file) {
        constexpr std::string_view end = "-----END CMS-----\n";
        std::vector<std::size_t> bounds{file.find(end) + end.size()};
        while (bounds.back() < file.size()) {
            std::size_t size = 0;
            for (std::size_t i = 0; i < 4; ++i)
                size = size << 8 | static_cast<std::uint8_t>(file[bounds.back() + i]);
            bounds.push_back(bounds.back() + 4 + size);
        }
        return bounds;
    }
    // Three chunks: no two of these fit into one.
    static Lines large_lines(char first = 'a') {
        Lines lines;
        for (char c = first; c < first + 3; ++c)
            lines.emplace_back(chunk_bytes_max / 2 + 1, c);
        return lines;
    }

    inline static TestCustodian *recipient = nullptr, *other = nullptr;
    const Lines three{"one", "two", "three"};
};

TEST_F(Package, GivesItsLinesBackInTheirOrder) {
    const auto file = written(three);
    EXPECT_TRUE(file.starts_with("portcullis-cards-1 {\"account\":\"acct_1\""));
    const auto found = read(file);
    EXPECT_EQ(found.fault, "");
    EXPECT_EQ(found.lines, three);
    EXPECT_EQ(file.find("three"), std::string::npos);
}

TEST_F(Package, SaysInClearWhatItIsAndForWhom) {
    std::istringstream stream{written(three)};
    const auto reader = PackageReader::open(stream, recipient->certificate.get(), recipient->key.get());
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->header().account, "acct_1");
    EXPECT_EQ(reader->header().act, "act_1");
    EXPECT_EQ(reader->header().created, "2026-07-01T00:00:00Z");
    EXPECT_FALSE(reader->header().livemode);
    EXPECT_EQ(reader->header().recipient, certs::fingerprint_of(recipient->certificate.get()));
}

TEST_F(Package, MayHoldNothing) {
    const auto file = written({});
    EXPECT_EQ(bounds_of(file).size(), 2U) << "one chunk, that says it is the last";
    const auto found = read(file);
    EXPECT_EQ(found.fault, "");
    EXPECT_TRUE(found.lines.empty());
}

TEST_F(Package, FillsAChunkToItsLimitAndNotBeyond) {
    // With the end of its line the last one fills the chunk, leaves one byte, or is one too long.
    for (const auto [size, chunks] : {std::pair{chunk_bytes_max - 3, 1U},
                                      {chunk_bytes_max - 4, 1U},
                                      {chunk_bytes_max - 2, 2U},
                                      {chunk_bytes_max - 1, 2U}}) {
        const Lines lines{"a", std::string(size, 'x')};
        const auto file = written(lines);
        EXPECT_EQ(bounds_of(file).size() - 1, chunks) << size;
        EXPECT_EQ(read(file).lines, lines) << size;
    }
    const auto sink = [](auto) { return common::Status{}; };
    auto writer = *PackageWriter::begin({}, recipient->certificate.get(), sink);
    EXPECT_FALSE(writer.add(std::string(chunk_bytes_max, 'x'))) << "no chunk has room for it";
}

TEST_F(Package, KeepsManyLinesInManyChunks) {
    Lines lines;
    for (int i = 0; i < 3000; ++i)
        lines.push_back(std::to_string(i) + std::string(200, 'x'));
    const auto file = written(lines);
    EXPECT_GE(bounds_of(file).size(), 10U);
    EXPECT_EQ(read(file).lines, lines);
}

// PCI DSS 4.0.1: 6.2.4
TEST_F(Package, IsRefusedWhereverItWasCutOff) {
    const auto file = written(three);
    for (std::size_t size = 0; size < file.size(); ++size) {
        const auto found = read(file.substr(0, size));
        EXPECT_NE(found.fault, "") << size;
        EXPECT_TRUE(found.lines.empty()) << size;
    }
    EXPECT_NE(read(file + '\0').fault, "") << "nor may anything follow";
}

TEST_F(Package, IsRefusedWhenItEndsAtTheEndOfAnotherChunk) {
    const auto file = written(large_lines());
    const auto bounds = bounds_of(file);
    ASSERT_EQ(bounds.size(), 4U);
    for (std::size_t i = 0; i + 1 < bounds.size(); ++i)
        for (const std::size_t more : {0U, 1U, 3U, 4U, 5U, 40U}) {
            const auto found = read(file.substr(0, bounds[i] + more));
            EXPECT_NE(found.fault, "") << i << ' ' << more;
            // The chunk before the cut says that it is not the last one, so it counts only when one follows.
            EXPECT_EQ(found.lines.size(), more == 0 && i > 0 ? i - 1 : i) << i << ' ' << more;
        }
}

// PCI DSS 4.0.1: 6.2.4
TEST_F(Package, IsRefusedWhenAnyOfItsBytesWasChanged) {
    const auto file = written(three);
    for (std::size_t at = 0; at < file.size(); ++at)
        for (const char bit : {'\x01', '\x20'}) {
            auto changed = file;
            changed[at] = static_cast<char>(changed[at] ^ bit);
            const auto found = read(changed);
            EXPECT_NE(found.fault, "") << at;
            EXPECT_TRUE(found.lines.empty()) << at;
        }
}

TEST_F(Package, IsRefusedWhenChunksAreSwappedDoubledLeftOutOrOfAnotherFile) {
    const auto file = written(large_lines()), foreign = written(large_lines('x'));
    const auto bounds = bounds_of(file);
    const auto chunk = [&](const std::string& of, std::size_t i) {
        return of.substr(bounds[i], bounds[i + 1] - bounds[i]);
    };
    ASSERT_EQ(bounds_of(foreign), bounds);
    const auto start = file.substr(0, bounds[0]);
    const auto a = chunk(file, 0), b = chunk(file, 1), c = chunk(file, 2);
    ASSERT_EQ(read(start + a + b + c).fault, "");
    for (const auto& [tail, good] :
         std::vector<std::pair<std::string, std::size_t>>{{b + a + c, 0},
                                                          {a + c + b, 1},
                                                          {a + a + b + c, 1},
                                                          {a + b + b + c, 2},
                                                          {a + b + c + c, 2},
                                                          {b + c, 0},
                                                          {a + c, 1},
                                                          {c, 0},
                                                          {chunk(foreign, 0) + b + c, 0},
                                                          {a + chunk(foreign, 1) + c, 1},
                                                          {a + b + chunk(foreign, 2), 2}}) {
        const auto found = read(start + tail);
        EXPECT_NE(found.fault, "") << good;
        EXPECT_EQ(found.lines.size(), good) << "only what is in its place is handed out";
    }
    // All chunks of one file behind the beginning of another one.
    EXPECT_NE(read(foreign.substr(0, bounds_of(foreign)[0]) + a + b + c).fault, "");
}

TEST_F(Package, OpensForItsRecipientAlone) {
    const auto file = written(three);
    EXPECT_THAT(read(file, *other).fault, HasSubstr(certs::fingerprint_of(recipient->certificate.get())));
    auto renamed = file;
    const auto own = certs::fingerprint_of(recipient->certificate.get());
    renamed.replace(renamed.find(own), own.size(), certs::fingerprint_of(other->certificate.get()));
    EXPECT_THAT(read(renamed, *other).fault, HasSubstr("not sealed to this certificate"));
    // Somebody put a key that he knows in the place of the sealed one.
    const std::string known(32, 'k');
    const auto cms = *certs::cms_seal(support::bytes_of(known), {recipient->certificate.get()});
    auto replaced = file.substr(0, file.find('\n') + 1) + cms + file.substr(bounds_of(file)[0]);
    EXPECT_NE(read(replaced).fault, "");
    const auto no_key = *certs::cms_seal(support::bytes_of("short"), {recipient->certificate.get()});
    replaced = file.substr(0, file.find('\n') + 1) + no_key + file.substr(bounds_of(file)[0]);
    EXPECT_THAT(read(replaced).fault, HasSubstr("no key"));
}

TEST_F(Package, IsNotTakenForOneWhenItIsSomethingElse) {
    for (const std::string text : {"", "\n", "portcullis-cards-2 {}\n", "portcullis-cards-1\n",
                                   "portcullis-cards-1 {}\n", "portcullis-cards-1 {\"recipient\": \"x\"}\n",
                                   "portcullis-cards-1 {\"recipient\":\"x\",\"version\":2}\n"})
        EXPECT_NE(read(text).fault, "") << text;
    EXPECT_NE(read(std::string(100'000, 'a')).fault, "");
}

TEST_F(Package, CanBeReadTwice) {
    std::istringstream stream{written(large_lines())};
    auto reader = *PackageReader::open(stream, recipient->certificate.get(), recipient->key.get());
    ASSERT_TRUE(reader.next());
    ASSERT_TRUE(reader.rewind());
    EXPECT_EQ(rest_of(reader).lines, large_lines());
    ASSERT_TRUE(reader.rewind()) << "also behind its end";
    EXPECT_EQ(rest_of(reader).lines, large_lines());
}

TEST_F(Package, HasASecretOfItsOwn) {
    const auto secret_of = [](const std::string& file) {
        std::istringstream stream{file};
        auto reader = *PackageReader::open(stream, recipient->certificate.get(), recipient->key.get());
        return std::string{reader.secret().text()};
    };
    const auto file = written(three);
    EXPECT_EQ(secret_of(file), secret_of(file));
    EXPECT_EQ(secret_of(file).size(), 32U);
    EXPECT_NE(secret_of(file), secret_of(written(three)));
}

}  // namespace
