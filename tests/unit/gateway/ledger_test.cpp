#include "gateway/ledger/ledger.h"

#include <gtest/gtest.h>

namespace gateway::ledger {
namespace {

Balance balance(std::string name, std::int64_t debits, std::int64_t credits, std::string currency = "eur") {
    Balance made;
    made.currency = std::move(currency);
    made.name = std::move(name);
    made.debits = debits;
    made.credits = credits;
    return made;
}

TEST(LedgerAccounts, GrowOnTheSideOfTheirKind) {
    EXPECT_EQ(balance("acq_recv", 100, 30).amount(), 70);
    EXPECT_EQ(balance("acq_recv", 0, 0).kind(), "asset");
    EXPECT_EQ(balance("m_pend", 30, 100).amount(), 70);
    EXPECT_EQ(balance("m_avail", 100, 30).amount(), -70) << "a merchant may owe";
    EXPECT_EQ(balance("m_hold", 0, 0).kind(), "liability");
    EXPECT_EQ(balance("bank", 0, 70).amount(), -70) << "what was paid out";
    EXPECT_EQ(balance("bank", 0, 0).kind(), "asset");
    EXPECT_EQ(balance("fee_inc", 0, 5).amount(), 5);
    EXPECT_EQ(balance("fee_inc", 0, 0).kind(), "income");
    EXPECT_EQ(balance("disp_loss", 5, 0).amount(), 5);
    EXPECT_EQ(balance("net_cost", 0, 0).kind(), "expense");
}

TEST(LedgerAccounts, AreSummedByCurrency) {
    const std::vector<Balance> all{balance("acq_recv", 1000, 0), balance("m_pend", 40, 1000),
                                   balance("fee_inc", 0, 40), balance("acq_recv", 7, 0, "jpy")};
    const auto totals = trial_balance(all);
    EXPECT_EQ(totals.at("eur").debits, 1040);
    EXPECT_EQ(totals.at("eur").difference(), 0);
    EXPECT_EQ(totals.at("jpy").difference(), 7) << "one side alone is seen";
}

TEST(LedgerAccounts, OfTheMerchantAreTheFunds) {
    const auto found =
        funds({balance("acq_recv", 1500, 0), balance("m_pend", 540, 1500), balance("m_avail", 100, 500),
               balance("fee_inc", 0, 40), balance("m_pend", 0, 3, "jpy")});
    EXPECT_EQ(found.at("eur").pending, 960);
    EXPECT_EQ(found.at("eur").available, 400);
    EXPECT_EQ(found.at("jpy").pending, 3);
    EXPECT_EQ(found.at("jpy").available, 0);
    EXPECT_TRUE(funds({}).empty());
}

}  // namespace
}  // namespace gateway::ledger
