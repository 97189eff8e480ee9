#include "common/crypto.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace {

using namespace common;
using crypto::Bytes;

Bytes hex(std::string_view text) {
    return crypto::from_hex(text).value();
}
std::span<const std::uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// FIPS 180-4 examples.
TEST(Sha256, MatchesPublishedVectors) {
    EXPECT_EQ(crypto::to_hex(crypto::sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(crypto::to_hex(crypto::sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(crypto::to_hex(crypto::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// RFC 4231, cases 1, 2 and 6.
TEST(HmacSha256, MatchesPublishedVectors) {
    EXPECT_EQ(crypto::to_hex(crypto::hmac_sha256(Bytes(20, 0x0b), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(crypto::to_hex(crypto::hmac_sha256(bytes("Jefe"), "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(crypto::to_hex(crypto::hmac_sha256(Bytes(131, 0xaa),
                                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKey) {
    EXPECT_EQ(crypto::to_hex(crypto::hmac_sha256(std::span<const std::uint8_t>{}, "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    // and not the key of the call before
    crypto::hmac_sha256(Bytes(32, 1), "x");
    EXPECT_EQ(crypto::to_hex(crypto::hmac_sha256(std::span<const std::uint8_t>{}, "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// McGrew and Viega, The Galois/Counter Mode of Operation, test case 16.
TEST(Gcm, OpensThePublishedVector) {
    const auto key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const auto sealed =
        hex("cafebabefacedbaddecaf888"
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
            "c5f61e63"
            "93ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
    const auto plain = crypto::gcm_open(key, sealed, hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
    ASSERT_TRUE(plain);
    EXPECT_EQ(crypto::to_hex(plain->bytes()),
              "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b5"
              "25b16aedf5"
              "aa0de657ba637b39");
}

TEST(Gcm, RoundTripsTextsOfEveryLength) {
    const Bytes key(32, 7);
    for (std::size_t size = 0; size < 70; ++size) {
        Bytes plain(size);
        crypto::random_bytes(plain);
        const auto sealed = crypto::gcm_seal(key, plain, bytes("aad"));
        ASSERT_EQ(sealed.size(), 12 + size + 16);
        const auto opened = crypto::gcm_open(key, sealed, bytes("aad"));
        ASSERT_TRUE(opened);
        EXPECT_TRUE(std::ranges::equal(opened->bytes(), plain));
    }
}

TEST(Gcm, RefusesEveryFlippedBitCutAndOtherContext) {
    const Bytes key(32, 7), other_key(32, 8);
    const auto sealed = crypto::gcm_seal(key, bytes("4111111111111111"), bytes("tok_1"));
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        auto changed = sealed;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(crypto::gcm_open(key, changed, bytes("tok_1"))) << bit;
    }
    for (std::size_t size = 0; size < sealed.size(); ++size)
        EXPECT_FALSE(crypto::gcm_open(key, std::span{sealed}.first(size), bytes("tok_1"))) << size;
    EXPECT_FALSE(crypto::gcm_open(other_key, sealed, bytes("tok_1")));
    EXPECT_FALSE(crypto::gcm_open(key, sealed, bytes("tok_2")));
    EXPECT_FALSE(crypto::gcm_open(key, sealed, {}));
    EXPECT_TRUE(crypto::gcm_open(key, sealed, bytes("tok_1")));
}

TEST(Gcm, OpensTextsTooLargeForTheSecureHeapAndRefusesThemAlike) {
    const Bytes key(32, 7), other_key(32, 8);
    const std::string text(3 << 20, 'x');
    auto sealed = crypto::gcm_seal(key, bytes(text), bytes("file_1"));
    const auto opened = crypto::gcm_open_text(key, sealed, bytes("file_1"));
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->view() == text);
    EXPECT_FALSE(crypto::gcm_open_text(other_key, sealed, bytes("file_1")));
    EXPECT_FALSE(crypto::gcm_open_text(key, sealed, bytes("file_2")));
    for (const std::size_t size : {std::size_t{0}, std::size_t{27}, sealed.size() - 1})
        EXPECT_FALSE(crypto::gcm_open_text(key, std::span{sealed}.first(size), bytes("file_1"))) << size;
    sealed.back() ^= 1U;
    EXPECT_FALSE(crypto::gcm_open_text(key, sealed, bytes("file_1")));
    EXPECT_TRUE(crypto::gcm_open_text(key, crypto::gcm_seal(key, {}, {}), {})->empty());
}

TEST(Gcm, NeverRepeatsAnIv) {
    const Bytes key(32, 7);
    std::set<std::string> seen;
    for (int i = 0; i < 20000; ++i) {
        const auto sealed = crypto::gcm_seal(key, {}, {});
        seen.insert(crypto::to_hex(std::span{sealed}.first(12)));
    }
    EXPECT_EQ(seen.size(), 20000U);
}

TEST(RandomBytes, DifferBetweenCallsThreadsAndSizes) {
    std::mutex mutex;
    std::set<std::string> seen;
    const auto draw = [&] {
        for (const std::size_t size : {16U, 16U, 500U, 4096U, 5000U}) {
            Bytes drawn(size);
            crypto::random_bytes(drawn);
            const std::lock_guard lock{mutex};
            EXPECT_TRUE(seen.insert(crypto::to_hex(std::span{drawn}.first(16))).second);
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                for (int k = 0; k < 200; ++k)
                    draw();
            });
    }
    EXPECT_EQ(seen.size(), 8U * 200U * 5U);
}

TEST(RandomBase62, IsUniformOverItsAlphabet) {
    constexpr int characters = 620'000, expected = characters / 62;
    std::array<int, 128> counts{};
    for (const char c : crypto::random_base62(characters))
        ++counts[static_cast<std::size_t>(c)];
    double chi_squared = 0;
    int kinds = 0;
    for (int c = 0; c < 128; ++c) {
        if (counts[static_cast<std::size_t>(c)] == 0) continue;
        EXPECT_TRUE(std::isalnum(c));
        ++kinds;
        const double off = counts[static_cast<std::size_t>(c)] - expected;
        chi_squared += off * off / expected;
    }
    EXPECT_EQ(kinds, 62);
    EXPECT_LT(chi_squared, 130);  // 61 degrees of freedom: one run in a million is above
}

TEST(RandomSecret, IsDrawnAnewInTheLengthAskedFor) {
    const auto one = crypto::random_secret(32), other = crypto::random_secret(32);
    EXPECT_EQ(one.size(), 32U);
    EXPECT_NE(one.view(), other.view());
    EXPECT_TRUE(std::ranges::all_of(one.view(), [](unsigned char c) { return std::isalnum(c) != 0; }));
    static_assert(std::is_same_v<decltype(crypto::random_secret(1)), common::SecretText>, "wiped when freed");
}

TEST(Hex, RoundTripsAndRefusesWhatIsNotHex) {
    EXPECT_EQ(crypto::to_hex(hex("00ff7FaB")), "00ff7fab");
    EXPECT_EQ(crypto::to_hex({}), "");
    for (const char* text : {"0", "0g", "  ", "0x", "-1"})
        EXPECT_FALSE(crypto::from_hex(text)) << text;
}

// RFC 4648 section 10.
TEST(Base64, MatchesPublishedVectors) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(crypto::to_base64(bytes(plain)), coded);
        const auto back = crypto::from_base64(coded);
        ASSERT_TRUE(back) << coded;
        EXPECT_EQ(std::string(back->begin(), back->end()), plain);
    }
}

TEST(Base64, RoundTripsEveryByte) {
    Bytes all(256);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(crypto::from_base64(crypto::to_base64(all)), all);
}

TEST(Base64, RefusesLooseForms) {
    for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n",
                             "Zm 9v", "Zm-_", "=Zg="})
        EXPECT_FALSE(crypto::from_base64(text)) << text;
}

}  // namespace
