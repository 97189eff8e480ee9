// Requests as a gateway sends them, each with a STAN and reference of its own.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "gateway/simulator/issuer.h"
#include "unit/iso8583/vectors.h"

namespace sim_test {

using vault::iso8583::Message;

inline common::TimePoint start_of_test() {
    using namespace std::chrono;
    return common::TimePoint{sys_days{2026y / March / 17} + 12h};
}

inline simulator::CardTable::Hash test_hash() {
    return simulator::CardTable::Hash{common::SecretBytes::copy_of(std::string_view{"a key of the tests"})};
}

inline simulator::Issuer make_issuer(const common::Clock& clock) {
    auto hash = test_hash();
    auto cards = simulator::CardTable::load(CARDS_FILE, hash);
    EXPECT_TRUE(cards);
    return {std::move(*cards), std::move(hash), 1000000000000, clock};
}

inline Message vector_message(std::string_view id) {
    for (const auto& vector : iso_test::list("positive"))
        if (iso_test::text(vector.at("id")) == id)
            return iso_test::message_of(vector.at("fields").as_object(), iso_test::text(vector.at("mti")));
    throw std::out_of_range{std::string{id}};
}

inline std::string digits(std::int64_t value, int size) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*lld", size, static_cast<long long>(value));
    return text.data();
}

inline std::string next_stan() {
    static int stan = 1000;
    return digits(++stan, 6);
}

inline Message as(const Message& message, std::string_view mti) {
    Message copy{mti};
    for (const int field : message.present())
        copy.set(field, message.get(field));
    return copy;
}

inline Message purchase(std::int64_t amount, std::string_view number = "4242424242424242") {
    Message message = vector_message("A19");
    const std::string stan = next_stan();
    message.set(2, number);
    message.set(4, digits(amount, 12));
    message.set(11, stan);
    message.set(37, "607612" + stan);
    message.set(49, "978");
    message.set(48, "CI0011CV003123");
    return message;
}

// A later message about `original`.
inline Message about(const Message& original, std::string_view mti) {
    Message message = as(original, mti);
    message.set(11, next_stan());
    message.set(90, simulator::original_elements(original));
    message.erase(48);
    return message;
}

inline Message capture(const Message& payment, std::int64_t amount, std::string_view sequence = "0199") {
    Message message = about(payment, "0220");
    message.set(4, digits(amount, 12));
    message.set(17, "0317");
    message.set(38, "A1B2C3");
    message.set(48, "CS004" + std::string{sequence});
    return message;
}

inline Message reversal(const Message& original, std::string_view reason) {
    Message message = about(original, "0420");
    message.set(39, reason);
    return message;
}

inline Message refund(const Message& payment, std::int64_t amount) {
    Message message = about(payment, "0200");
    message.erase(90);
    message.set(3, "200000");
    message.set(4, digits(amount, 12));
    message.set(48, "RR012" + std::string{payment.get(37)});
    message.set(37, "607612" + std::string{message.get(11)});
    return message;
}

}  // namespace sim_test
