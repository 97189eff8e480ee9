// The message vectors of tests/vectors/iso8583 as test data.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "vault/iso8583/message.h"

namespace iso_test {

using Bytes = std::vector<std::uint8_t>;

inline const boost::json::object& vectors() {
    static const boost::json::value document = [] {
        std::ifstream file{ISO8583_VECTORS};
        std::stringstream text;
        text << file.rdbuf();
        return boost::json::parse(text.str());
    }();
    return document.as_object();
}

inline std::string text(const boost::json::value& value) {
    return std::string{std::string_view{value.as_string()}};
}

inline Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
    return bytes;
}

inline std::string to_hex(std::string_view bytes) {
    std::string hex;
    for (const char c : bytes) {
        hex.push_back("0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4]);
        hex.push_back("0123456789ABCDEF"[static_cast<unsigned char>(c) & 0xF]);
    }
    return hex;
}

inline Bytes bytes_of(std::string_view payload) {
    return {payload.begin(), payload.end()};
}

inline vault::iso8583::Profile profile_of(const boost::json::object& vector) {
    const auto* name = vector.if_contains("profile");
    return name != nullptr && name->as_string() == "GW87B" ? vault::iso8583::Profile::gw87b
                                                           : vault::iso8583::Profile::gw87a;
}

// Vectors whose values have no business meaning.
inline bool layout_only(const boost::json::object& vector) {
    const std::string id = text(vector.at("id"));
    return id == "E11" || id == "E12";
}

inline vault::iso8583::Message message_of(const boost::json::object& fields, std::string_view mti) {
    vault::iso8583::Message message{mti};
    for (const auto& [key, value] : fields)
        if (key != "t") message.set(std::stoi(std::string{key}), std::string_view{value.as_string()});
    return message;
}

inline std::vector<boost::json::object> list(std::string_view key) {
    std::vector<boost::json::object> out;
    for (const auto& entry : vectors().at(key).as_array())
        out.push_back(entry.as_object());
    return out;
}

inline std::string vector_name(const ::testing::TestParamInfo<boost::json::object>& info) {
    return text(info.param.at("id"));
}

inline std::string key(std::string_view name) {
    return text(vectors().at("keys").at(name));
}

}  // namespace iso_test
