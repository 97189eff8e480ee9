#include <gtest/gtest.h>

#include "common/crypto.h"
#include "common/json.h"
#include "vault/client/wire.h"

namespace {

namespace json = boost::json;
namespace wire = vault::wire;

json::object parsed(std::string_view text) {
    return common::json::parse(text)->as_object();
}

common::SecretBytes some_key() {
    common::SecretBytes key{32};
    for (std::size_t i = 0; i < key.size(); ++i)
        key.bytes()[i] = static_cast<std::uint8_t>(i);
    return key;
}

TEST(DataKeyOnTheWire, ArrivesWithItsSeal) {
    const auto text = wire::to_json(vault::DataKey{some_key(), {"KEK-pii-v3", "AQID"}});
    const auto key = wire::data_key(parsed(text.view()));
    ASSERT_TRUE(key) << key.error().describe();
    EXPECT_EQ(key->bytes.text(), some_key().text());
    EXPECT_EQ(key->sealed.kek, "KEK-pii-v3");
    EXPECT_EQ(key->sealed.sealed, "AQID");
}

TEST(DataKeyOnTheWire, ArrivesAloneWhenItIsOpened) {
    const auto text = wire::to_json(some_key());
    const auto key = wire::data_key_bytes(parsed(text.view()));
    ASSERT_TRUE(key) << key.error().describe();
    EXPECT_EQ(key->text(), some_key().text());
}

TEST(DataKeyOnTheWire, IsAskedForByWhatItIsFor) {
    const vault::DataKeyScope scope{common::AccountId{4711}, true, "file_1"};
    const auto made = wire::data_key_scope(wire::to_json(scope));
    ASSERT_TRUE(made) << made.error().describe();
    const auto opening = wire::data_key_opening(wire::to_json(wire::DataKeyOpening{scope, {"K", "AQID"}}));
    ASSERT_TRUE(opening) << opening.error().describe();
    for (const auto& read : {*made, opening->scope}) {
        EXPECT_EQ(read.account, common::AccountId{4711});
        EXPECT_TRUE(read.livemode);
        EXPECT_EQ(read.object, "file_1");
    }
    EXPECT_EQ(opening->key.kek, "K");
    EXPECT_EQ(opening->key.sealed, "AQID");
}

TEST(DataKeyOnTheWire, IsRefusedInAnyOtherSize) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{33}}) {
        const auto text = common::crypto::to_base64(common::crypto::Bytes(size));
        EXPECT_FALSE(wire::data_key_bytes(parsed(R"({"key": ")" + text + R"("})"))) << size;
    }
    for (const char* body : {"{}", R"({"key": 1})", R"({"key": "?"})", R"({"key": "AAAA", "more": 1})"})
        EXPECT_FALSE(wire::data_key_bytes(parsed(body))) << body;
}

}  // namespace
