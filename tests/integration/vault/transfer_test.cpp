// Exports and imports of cards on a real database and token, without the program around them.
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "integration/vault/service.h"
#include "support/custodian.h"
#include "vault/transfer/crowd.h"
#include "vault/transfer/exporter.h"
#include "vault/transfer/importer.h"

namespace {

using testing::HasSubstr;
using testing::Not;
using vault::transfer::Exporter;
using vault::transfer::Importer;
using vault::transfer::PackageReader;
using vault::transfer::PackageWriter;
using vault_test::AccountId;
using vault_test::NewCardInput;
using vault_test::PanTestAccess;
using vault_test::value_of;
using vault_test::wait_for;
namespace json = boost::json;

class Transfers : public vault_test::CardsTest {
  protected:
    static vault::audit::Caller operator_() { return {"operator:alice", "command line", "act_1"}; }

    PackageWriter writer() {
        package.clear();
        const auto sink = [this](std::span<const std::uint8_t> data) -> common::Status {
            package.append(reinterpret_cast<const char*>(data.data()), data.size());
            return {};
        };
        return *PackageWriter::begin({"acct_1", "act_1", "", false, ""}, recipient.certificate.get(), sink);
    }
    common::Result<Exporter::Report> exported(AccountId of = AccountId{4711}, bool livemode = false) {
        auto to = writer();
        Exporter exporter{{vault->rows, vault->ring, vault->trail}};
        auto told = wait_for(exporter.run({of, livemode, operator_()}, to));
        if (told && !to.end()) throw std::runtime_error{"no end"};
        return told;
    }
    void write(const std::vector<std::string>& lines) {
        auto to = writer();
        for (const auto& line : lines)
            if (!to.add(line)) throw std::runtime_error{"a line was refused"};
        if (!to.end()) throw std::runtime_error{"no end"};
    }
    common::Result<bool> import(AccountId into, bool livemode = false) {
        std::istringstream file{package};
        auto from = PackageReader::open(file, recipient.certificate.get(), recipient.key.get());
        if (!from) return common::Fail{from.error()};
        results.clear();
        report = {};
        Importer importer{vault->cards};
        const auto lines = Importer::check(*from);
        if (!lines) return common::Fail{lines.error()};
        const auto keep = [this](std::string_view line) -> common::Status {
            results.push_back(json::parse(json::string_view{line.data(), line.size()}).as_object());
            return {};
        };
        return wait_for(importer.run(*from, {into, livemode, operator_(), keep}, report));
    }
    static std::string text(const json::object& of, const char* member) {
        return std::string{of.at(member).as_string()};
    }
    static std::string card_line(const std::string& number, const std::string& more = "") {
        return R"({"token":"old_)" + number.substr(number.size() - 4) + R"(","number":")" + number +
               R"(","exp_month":9,"exp_year":2031)" + more + '}';
    }

    const support::TestCustodian recipient{"recipient"};
    std::string package;
    std::vector<json::object> results;
    Importer::Report report;
};

TEST_F(Transfers, TakeAllCardsOfAnAccountToAnotherOne) {
    constexpr int pages_and_more = 300;
    const std::vector<std::string> numbers{"4242424242424242", "5555555555554444", "378282246310005"};
    std::map<std::string, std::string> number_of;
    for (int i = 0; i < pages_and_more; ++i) {
        const auto& number = numbers[static_cast<std::size_t>(i) % numbers.size()];
        auto input = typed(number);
        input.cvc = {};
        if (i < 2) input.metadata = {{"order", std::to_string(i)}};
        if (i % 50 == 0) input.format = vault::cards::TokenFormat::digits;
        const auto card = store(std::move(input));
        ASSERT_TRUE(card) << card.error().describe();
        number_of[card->facts.token] = number;
    }
    const auto erased = stored(), others = stored("4242424242424242", AccountId{4799});
    ASSERT_TRUE(wait_for(vault->keeper.erase(account, erased, caller(), soon())));

    const auto told = exported();
    ASSERT_TRUE(told) << told.error().describe();
    EXPECT_EQ(told->cards, pages_and_more);
    EXPECT_EQ(told->refused, 0);
    const AccountId target{4712};
    const auto done = import(target);
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(report.stored, pages_and_more);
    ASSERT_EQ(results.size(), number_of.size());
    std::set<std::string> fingerprints, made;
    for (const auto& result : results) {
        const auto old_token = text(result, "token"), fresh = text(result, "new_token");
        ASSERT_TRUE(number_of.contains(old_token));
        const auto opened = open(fresh, "", target);
        ASSERT_TRUE(opened) << opened.error().describe();
        EXPECT_EQ(PanTestAccess::digits(opened->pan), number_of[old_token]);
        EXPECT_EQ(opened->expiry.yymm(), "3109");
        const auto before = facts(old_token), after = facts(fresh, target);
        ASSERT_TRUE(before && after);
        EXPECT_EQ(after->metadata, before->metadata);
        EXPECT_EQ(after->brand, before->brand);
        EXPECT_NE(after->fingerprint, before->fingerprint) << "it is of the account";
        fingerprints.insert(after->fingerprint);
        made.insert(fresh);
    }
    EXPECT_EQ(made.size(), results.size());
    EXPECT_EQ(fingerprints.size(), numbers.size()) << "the same number has the same one again";
}

TEST_F(Transfers, KeepTheFingerprintWithinAnAccount) {
    const auto card = stored();
    ASSERT_TRUE(exported());
    ASSERT_TRUE(import(account));
    ASSERT_EQ(results.size(), 1U);
    EXPECT_NE(text(results[0], "new_token"), card);
    EXPECT_EQ(facts(text(results[0], "new_token"))->fingerprint, facts(card)->fingerprint);
}

TEST_F(Transfers, TakeTheCardsOfOneModeOnly) {
    auto live = typed("4539578763621486");
    live.livemode = true;
    live.cvc = {};
    ASSERT_TRUE(store(std::move(live)));
    stored();
    EXPECT_EQ(exported(account, true)->cards, 1);
    ASSERT_TRUE(import(AccountId{4712}, true));
    EXPECT_EQ(report.stored, 1);
    EXPECT_TRUE(text(results[0], "new_token").starts_with("vt_live_"));
    ASSERT_TRUE(import(AccountId{4712}, false)) << "it is for each line to be refused";
    EXPECT_EQ(report.refused, 1);
    EXPECT_EQ(results[0].at("error").at("decline_code"), "test_mode_live_card");
    EXPECT_EQ(exported(account, false)->cards, 1);
    EXPECT_EQ(exported(AccountId{4799})->cards, 0);
    ASSERT_TRUE(import(account));
    EXPECT_EQ(report.lines(), 0) << "an export of nothing";
}

// PCI DSS 4.0.1: 10.2.1, 10.2.2
TEST_F(Transfers, AreRecordedCardByCard) {
    std::set<std::string> tokens;
    for (int i = 0; i < 5; ++i)
        tokens.insert(stored());
    ASSERT_TRUE(exported());
    std::set<std::string> opened;
    for (const auto& entry : vault->trail.entries()) {
        if (entry.action != "card.open") continue;
        opened.insert(entry.object);
        EXPECT_EQ(entry.actor, "operator:alice");
        EXPECT_EQ(entry.origin, "command line");
        EXPECT_EQ(entry.detail, "act_1");
    }
    EXPECT_EQ(opened, tokens);
    const auto before = vault->trail.count("card.create");
    ASSERT_TRUE(import(AccountId{4712}));
    EXPECT_EQ(vault->trail.count("card.create"), before + 5);
    ASSERT_TRUE(import(AccountId{4712}));
    EXPECT_EQ(vault->trail.count("card.create"), before + 5) << "nothing is made a second time";
}

// PCI DSS 4.0.1: 10.7.2
TEST_F(Transfers, OpenAndStoreNothingThatCannotBeRecorded) {
    stored();
    ASSERT_TRUE(exported());
    const auto kept = package;
    vault->trail.fail(common::Error::unavailable("the log is full"));
    EXPECT_FALSE(exported());
    package = kept;
    const auto refused = import(account);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 503);
    EXPECT_EQ(count("card"), "1");
    vault->trail.fail(std::nullopt);
    EXPECT_TRUE(import(account));
    EXPECT_EQ(count("card"), "2");
}

// PCI DSS 4.0.1: 3.7.7
TEST_F(Transfers, LeaveOutAndNameWhatIsNotWhatWasSealed) {
    const auto good = stored(), bad = stored("5555555555554444"), alien = stored();
    tamper("UPDATE card SET record = overlay(record placing '\\x00'::bytea from 60) WHERE token = '" + bad +
           "'");
    tamper("UPDATE card_key SET sealed = (SELECT sealed FROM card_key WHERE token = '" + good +
           "') WHERE token = '" + alien + "'");
    const auto told = exported();
    ASSERT_TRUE(told) << told.error().describe();
    EXPECT_EQ(told->cards, 1);
    EXPECT_EQ(told->refused, 2);
    EXPECT_THAT(told->refused_names, testing::UnorderedElementsAre(bad, alien));
    ASSERT_TRUE(import(AccountId{4712}));
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(text(results[0], "token"), good);
}

TEST_F(Transfers, MakeEachCardOnceHoweverOftenTheyAreRepeated) {
    write({card_line("4242424242424242"), card_line("4242424242424242"), card_line("5555555555554444")});
    ASSERT_TRUE(import(account));
    EXPECT_EQ(report.stored, 3) << "two lines are two cards, though of one number";
    const auto first = results;
    for (int i = 0; i < 2; ++i) {
        if (i == 1) restart();
        ASSERT_TRUE(import(account));
        EXPECT_EQ(report.present, 3);
        EXPECT_EQ(report.stored, 0);
        EXPECT_EQ(results, first);
    }
    EXPECT_EQ(count("card"), "3");
    ASSERT_TRUE(import(AccountId{4712}));
    EXPECT_EQ(report.stored, 3) << "another account is another matter";
    write({card_line("4242424242424242")});
    ASSERT_TRUE(import(account));
    EXPECT_EQ(report.stored, 1) << "and so is another file";
}

TEST_F(Transfers, GoOnAfterAChangeOfTheMerchantKey) {
    write({card_line("4242424242424242"), card_line("5555555555554444")});
    stored();
    vault_test::Vault other{*hsm, metrics};
    ASSERT_TRUE(wait_for(other.rotation.rotate({account, false}, false, soon())));
    ASSERT_TRUE(import(account)) << "the old one is in this vault's memory";
    EXPECT_EQ(report.stored, 2);
    EXPECT_EQ(value_of("SELECT count(*) FROM card_key WHERE merchant_key_version = 2"), "2");
}

TEST_F(Transfers, MakeOneCardOfALineThatSeveralStoreAtATime) {
    constexpr std::size_t times = 20;
    const auto token = vault::cards::new_token(account, false);
    std::size_t stored_times = 0;
    std::vector<std::string> refusals;
    const auto one = [&](std::size_t) -> common::Task<bool> {
        auto input = typed();
        input.token = token;
        const auto card = co_await vault->cards.store(std::move(input), soon());
        if (card)
            ++stored_times;
        else
            refusals.emplace_back(card.error().code());
        co_return true;
    };
    ASSERT_TRUE(wait_for(vault::transfer::for_each_of(times, times, one)));
    EXPECT_EQ(stored_times, 1U);
    EXPECT_EQ(refusals, std::vector<std::string>(times - 1, "token_exists"));
    EXPECT_EQ(count("card"), "1");
    EXPECT_TRUE(open(token));
}

TEST_F(Transfers, DoNotBringBackACardThatWasErasedSince) {
    write({card_line("4242424242424242"), card_line("5555555555554444")});
    ASSERT_TRUE(import(account));
    const auto gone = text(results[0], "new_token");
    ASSERT_TRUE(wait_for(vault->keeper.erase(account, gone, caller(), soon())));
    ASSERT_TRUE(import(account));
    EXPECT_EQ(report.present, 1);
    EXPECT_EQ(report.refused, 1);
    EXPECT_EQ(results[0].at("error").at("cause"), "erased");
    EXPECT_FALSE(open(gone));
    EXPECT_EQ(count("card"), "1");
}

// PCI DSS 4.0.1: 3.5.1, 6.2.4
TEST_F(Transfers, RefuseALineThatIsNoCardAndGoOn) {
    write({card_line("4242424242424242"), card_line("4242424242424241"),
           card_line("4242424242424242", R"(,"cvc":"123")"), "nonsense",
           R"({"number":"4242424242424242","exp_month":9,"exp_year":2020})",
           card_line("4242424242424242", R"(,"metadata":{"note":"5555555555554444"})"),
           R"({"token":"4242424242424242","number":"5555555555554444","exp_month":9,"exp_year":2031})",
           card_line("5555555555554444")});
    const auto done = import(account);
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(report.stored, 2);
    EXPECT_EQ(report.refused, 6);
    ASSERT_EQ(results.size(), 8U);
    const std::vector<std::string> codes{"",
                                         "incorrect_number",
                                         "parameter_unknown",
                                         "",
                                         "invalid_expiry_year",
                                         "parameter_invalid",
                                         "parameter_invalid",
                                         ""};
    for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i].at("line"), static_cast<std::int64_t>(i + 1));
        EXPECT_EQ(results[i].contains("new_token"), i == 0 || i == 7) << i;
        if (!codes[i].empty()) EXPECT_EQ(text(results[i].at("error").as_object(), "code"), codes[i]) << i;
        for (const char* number : {"4242424242424242", "4242424242424241", "5555555555554444"})
            EXPECT_THAT(json::serialize(results[i]), Not(HasSubstr(number)));
    }
}

// PCI DSS 4.0.1: 6.2.4
TEST_F(Transfers, StoreNothingOfAFileThatIsNotWhole) {
    std::vector<std::string> lines(1000, card_line("4242424242424242"));
    write(lines);
    const auto whole = package;
    package.resize(package.size() - 1);
    EXPECT_THAT(import(account).error().message(), HasSubstr("cut off"));
    package = whole;
    package[package.size() - 40] = static_cast<char>(package[package.size() - 40] ^ 1);
    EXPECT_FALSE(import(account));
    EXPECT_EQ(count("card"), "0") << "though its first chunks are sound";
}

}  // namespace
