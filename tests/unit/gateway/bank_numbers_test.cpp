#include <gtest/gtest.h>

#include "gateway/bank_accounts/open.h"

namespace gateway {
namespace {

class BankNumbersTest : public ::testing::Test {
  protected:
    static BankNumbers numbers(std::string_view pepper) {
        return BankNumbers{common::SecretBytes::copy_of(pepper)};
    }
    static BankAccount sealed(const BankNumbers& with, std::string id, std::string_view number,
                              Scope scope = {common::AccountId{1}, false}) {
        BankAccount account;
        account.id = std::move(id);
        account.scope = scope;
        account.country = "US";
        account.routing_number = "110000000";
        with.seal(account, common::SecretText{number});
        return account;
    }
    BankNumbers numbers_ = numbers("pepper of thirty-two characters.");
};

TEST_F(BankNumbersTest, AreReadBackAndShowTheirLastFour) {
    const auto account = sealed(numbers_, "ba_1", "000123456789");
    EXPECT_EQ(account.last4, "6789");
    EXPECT_EQ(account.sealed_number.find("000123456789"), std::string::npos);
    ASSERT_TRUE(numbers_.open(account));
    EXPECT_EQ(numbers_.open(account)->view(), "000123456789");
}

TEST_F(BankNumbersTest, OpenForTheirOwnRowAndPepperOnly) {
    auto account = sealed(numbers_, "ba_1", "000123456789");
    EXPECT_FALSE(numbers("another pepper, of 32 characters").open(account));
    account.id = "ba_2";
    EXPECT_FALSE(numbers_.open(account));
    account.sealed_number = "no hexadecimal";
    EXPECT_FALSE(numbers_.open(account));
}

TEST_F(BankNumbersTest, HaveTheSameFingerprintWhereTheyAreTheSame) {
    const auto account = sealed(numbers_, "ba_1", "000123456789");
    EXPECT_EQ(account.fingerprint.size(), 16U);
    EXPECT_EQ(sealed(numbers_, "ba_2", "000123456789").fingerprint, account.fingerprint);
    EXPECT_NE(sealed(numbers_, "ba_2", "000123456788").fingerprint, account.fingerprint);
    const auto elsewhere = numbers("another pepper, of 32 characters");
    EXPECT_NE(sealed(elsewhere, "ba_1", "000123456789").fingerprint, account.fingerprint);
    const auto live = sealed(numbers_, "ba_1", "000123456789", {common::AccountId{1}, true});
    EXPECT_NE(live.fingerprint, account.fingerprint);
    const auto of_another = sealed(numbers_, "ba_1", "000123456789", {common::AccountId{2}, false});
    EXPECT_NE(of_another.fingerprint, account.fingerprint);
}

TEST_F(BankNumbersTest, AreTakenAsTheyAreWrittenDown) {
    Account owner;
    owner.id = common::AccountId{1};
    owner.default_currency = "eur";
    NewBankAccount input;
    input.number = common::SecretText{"de89 3704-0044 0532 0130 00"};
    input.country = "de";
    input.bank_name = "Sandbox Bank";
    const auto account = open_bank_account(owner, true, numbers_, input);
    ASSERT_TRUE(account) << account.error().message();
    EXPECT_EQ(numbers_.open(*account)->view(), "DE89370400440532013000");
    EXPECT_EQ(account->country, "DE");
    EXPECT_EQ(account->currency.code(), "eur");
    EXPECT_EQ(account->bank_name, "Sandbox Bank");
    EXPECT_TRUE(account->scope.livemode);
    EXPECT_EQ(common::account_of(account->id, "ba_"), owner.id);
}

TEST_F(BankNumbersTest, AreRefusedUnderTheNameOfTheirParameter) {
    NewBankAccount input;
    input.number = common::SecretText{"000123456789"};
    input.country = "US";
    input.currency = "usd";
    const auto param = [&](std::string_view within) {
        const auto account = open_bank_account({}, false, numbers_, input, within);
        return account ? "none" : account.error().param();
    };
    EXPECT_EQ(param(""), "routing_number");
    EXPECT_EQ(param("bank_account"), "bank_account[routing_number]");
    input.routing_number = "110000000";
    EXPECT_EQ(param(""), "none");
    input.number = {};
    EXPECT_EQ(param(""), "account_number");
}

}  // namespace
}  // namespace gateway
