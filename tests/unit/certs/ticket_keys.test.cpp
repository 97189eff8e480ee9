#include "certs/ticket_keys.h"

#include <gtest/gtest.h>

namespace {

using certs::TicketKeys;
using namespace std::chrono_literals;

std::vector<std::uint8_t> name_of(const TicketKeys::Key& key) {
    const auto name = key.bytes().first(TicketKeys::name_size);
    return {name.begin(), name.end()};
}

TEST(TicketKeys, LastTwelveHoursForNewTicketsAndTwelveMoreForOldOnes) {
    TicketKeys keys;
    const TicketKeys::Steady::time_point start{1000h};
    const auto first = name_of(keys.current(start));
    EXPECT_EQ(name_of(keys.current(start + 11h + 59min)), first);
    EXPECT_FALSE(keys.find(first, start + 11h)->renew);
    const auto second = name_of(keys.current(start + 12h));
    EXPECT_NE(second, first);
    ASSERT_TRUE(keys.find(first, start + 23h));
    EXPECT_TRUE(keys.find(first, start + 23h)->renew);
    EXPECT_FALSE(keys.find(first, start + 24h));
    EXPECT_TRUE(keys.find(second, start + 24h)->renew);
}

TEST(TicketKeys, AreAllGoneAfterADayWithoutUse) {
    TicketKeys keys;
    const TicketKeys::Steady::time_point start{1000h};
    const auto first = name_of(keys.current(start));
    EXPECT_FALSE(keys.find(first, start + 25h));
}

TEST(TicketKeys, DoNotOpenTicketsOfOthers) {
    TicketKeys keys;
    TicketKeys others;
    const TicketKeys::Steady::time_point start{1000h};
    EXPECT_FALSE(keys.find(name_of(others.current(start)), start));
}

}  // namespace
