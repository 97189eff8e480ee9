// `portcullis-vault cards export` and `import`, with custodians who approve.
#include <sys/stat.h>

#include "certs/identity.h"
#include "certs/pem.h"
#include "hsm/custody/identity.h"
#include "integration/vault/operator.h"
#include "vault/transfer/package.h"

namespace {

using namespace std::chrono_literals;
using common::AccountId;
using support::content_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using vault_test::value_of;
namespace json = boost::json;

constexpr AccountId shop{4711}, other_shop{4712};
constexpr std::string_view number = "4242424242424242";

class CardTransfers : public vault_test::OperatorTest {
  protected:
    CardTransfers() {
        for (const char* name : {"recipient", "stranger"}) {
            const auto made =
                hsm::custody::make_identity(name, path(name), common::SecretBytes::copy_of(passphrase));
            if (!made) throw std::runtime_error{made.error().describe()};
        }
        file("passphrase", passphrase);
        ::chmod(path("passphrase").c_str(), 0600);
    }
    std::string path(const std::string& name) const { return identities.folder() + '/' + name; }
    std::vector<std::string> export_words(const std::string& recipient = "recipient",
                                          const std::string& out = "cards.export", AccountId account = shop,
                                          const std::vector<std::string>& more = {},
                                          const std::string& purpose = "move to another host") const {
        std::vector<std::string> command{"cards",       "export",
                                         "--account",   common::public_account_id(account),
                                         "--recipient", path(recipient + ".pem"),
                                         "--out",       path(out),
                                         "--purpose",   purpose};
        command.insert(command.end(), more.begin(), more.end());
        return command;
    }
    template <class... Given>
    Said export_cards(Given&&... given) const {
        return run(export_words(std::forward<Given>(given)...));
    }
    std::vector<std::string> import_words(AccountId account, const std::string& results) const {
        return {"cards",
                "import",
                "--account",
                common::public_account_id(account),
                path("cards.export"),
                "--key",
                path("recipient.key"),
                "--cert",
                path("recipient.pem"),
                "--passphrase-file",
                path("passphrase"),
                "--results",
                path(results)};
    }
    static std::vector<json::object> lines_of(const std::string& text) {
        std::vector<json::object> lines;
        std::istringstream stream{text};
        for (std::string line; std::getline(stream, line);)
            lines.push_back(json::parse(line).as_object());
        return lines;
    }
    // As another program may write it.
    void write_package(int cards) const {
        std::string package;
        const auto sink = [&](std::span<const std::uint8_t> data) -> common::Status {
            package.append(reinterpret_cast<const char*>(data.data()), data.size());
            return {};
        };
        const auto chain = *certs::read_certificates(path("recipient.pem"));
        auto writer = *vault::transfer::PackageWriter::begin({}, chain.front().get(), sink);
        for (int i = 0; i < cards; ++i) {
            const auto line = R"({"token":"c_)" + std::to_string(i) +
                              R"(","number":"4242424242424242","exp_month":12,"exp_year":2040})";
            if (!writer.add(line)) throw std::runtime_error{"a line was refused"};
        }
        if (!writer.end()) throw std::runtime_error{"no end"};
        file("cards.export", package);
    }
    static std::string count_of(AccountId account) {
        return value_of("SELECT count(*) FROM card WHERE account_id = " + std::to_string(account.value));
    }
    static constexpr std::string_view passphrase = "a passphrase of twelve";
};

// PCI DSS 4.0.1: 3.7.6, 10.2.1
TEST_F(CardTransfers, TakeTwoCustodiansAndThenMoveTheCardsToAnotherAccount) {
    serve();
    std::set<std::string> tokens;
    for (int i = 0; i < 3; ++i)
        tokens.insert(store()->token);
    enrol();
    const auto filed = export_cards();
    EXPECT_NE(filed.status, 0) << "nobody has approved";
    EXPECT_THAT(filed.err, AllOf(HasSubstr("approval of 2 custodians"), HasSubstr("then run this again")));
    const auto id = filed.err.substr(filed.err.find("act_"), std::string_view{"act_"}.size() + 24);
    const auto recipient = *certs::read_certificates(path("recipient.pem"));
    EXPECT_THAT(run({"custodians", "show", id}).out,
                AllOf(HasSubstr("Export card numbers"), HasSubstr(common::public_account_id(shop)),
                      HasSubstr("livemode: false"), HasSubstr(certs::fingerprint_of(recipient[0].get())),
                      HasSubstr("purpose: move to another host")));
    approve({0});
    EXPECT_NE(export_cards().status, 0) << "one is not two";
    approve({1});
    for (const auto& elsewhere :
         {export_cards("stranger", "b.export"), export_cards("recipient", "c.export", other_shop),
          export_cards("recipient", "d.export", shop, std::vector<std::string>{"--live"}),
          export_cards("recipient", "e.export", shop, std::vector<std::string>{}, "another one")})
        EXPECT_NE(elsewhere.status, 0) << "this was not approved of";
    EXPECT_FALSE(std::filesystem::exists(path("cards.export")));
    const auto done = export_cards();
    ASSERT_EQ(done.status, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("exported: 3 cards of " + common::public_account_id(shop)));
    const auto again = export_cards("recipient", "again.export");
    EXPECT_NE(again.status, 0) << "an approval is good for one export";
    EXPECT_THAT(again.err, HasSubstr("approval of 2 custodians"));
    for (const char* none : {"b.export", "c.export", "d.export", "e.export", "again.export"})
        EXPECT_FALSE(std::filesystem::exists(path(none))) << none;

    const auto imported = run(import_words(other_shop, "results"));
    ASSERT_EQ(imported.status, 0) << imported.err;
    EXPECT_THAT(imported.out, HasSubstr("stored: 3, there already: 0, refused: 0"));
    EXPECT_EQ(count_of(other_shop), "3");
    const auto results = lines_of(content_of(path("results")));
    ASSERT_EQ(results.size(), 3U);
    std::set<std::string> old_tokens, new_tokens;
    for (const auto& line : results) {
        old_tokens.emplace(line.at("token").as_string());
        new_tokens.emplace(line.at("new_token").as_string());
    }
    EXPECT_EQ(old_tokens, tokens);
    EXPECT_EQ(new_tokens.size(), 3U);
    EXPECT_EQ(value_of("SELECT count(DISTINCT fingerprint) FROM card WHERE account_id = 4712"), "1");
    EXPECT_EQ(value_of("SELECT count(DISTINCT fingerprint) FROM card"), "2") << "they are of the account";
    EXPECT_EQ(value_of("SELECT count(*) FROM audit_entry WHERE action = 'card.open'"), "3");
    for (const char* action : {"cards.export", "cards.import"})
        EXPECT_EQ(
            value_of("SELECT string_agg(outcome, ' ' ORDER BY sequence) FROM audit_entry WHERE action = '" +
                     std::string{action} + "'"),
            "begun done");
    EXPECT_EQ(run({"audit", "verify"}).status, 0);
}

// PCI DSS 4.0.1: 3.5.1
TEST_F(CardTransfers, LeaveNoCardNumberAnywhereButSealed) {
    serve();
    ASSERT_TRUE(store());
    enrol();
    EXPECT_NE(export_cards().status, 0);
    approve({0, 2});
    const auto exported = export_cards();
    ASSERT_EQ(exported.status, 0) << exported.err;
    const auto imported = run(import_words(other_shop, "results"));
    ASSERT_EQ(imported.status, 0) << imported.err;
    const auto log = value_of("SELECT string_agg(e::text, '') FROM audit_entry e");
    for (const auto& said : {exported.out, exported.err, imported.out, imported.err, vault->err(), log,
                             content_of(path("cards.export")), content_of(path("results"))})
        EXPECT_THAT(said, Not(HasSubstr(std::string{number})));
    struct stat info{};
    for (const char* name : {"cards.export", "results"}) {
        ASSERT_EQ(::stat(path(name).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777U, 0600U) << name;
    }
    // The key that is in the file comes out with a program of others.
    const auto opened = support::run_program({"/usr/bin/openssl", "cms", "-decrypt", "-inform", "PEM", "-in",
                                              path("cards.export"), "-recip", path("recipient.pem"), "-inkey",
                                              path("recipient.key"), "-passin", "file:" + path("passphrase"),
                                              "-out", path("content.key")});
    EXPECT_EQ(opened.code, 0) << opened.err;
    EXPECT_EQ(content_of(path("content.key")).size(), 32U);
}

TEST_F(CardTransfers, OfAnExportThatWasKilledLeaveNoFileAndTheApproval) {
    serve();
    ASSERT_TRUE(store());
    enrol();
    EXPECT_NE(export_cards().status, 0);
    approve({0, 1});
    const auto files = [&] {
        return std::distance(std::filesystem::directory_iterator{identities.folder()},
                             std::filesystem::directory_iterator{});
    };
    const auto before = files();
    {
        pqxx::connection connection{tests::Postgres::instance().url("vault")};
        pqxx::work work{connection};
        work.exec("LOCK TABLE card_metadata IN ACCESS EXCLUSIVE MODE");
        support::Process exporting{words(export_words())};
        for (int tries = 0; tries < 500 && value_of("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0";
             ++tries)
            std::this_thread::sleep_for(10ms);
        exporting.signal(SIGKILL);
        EXPECT_EQ(exporting.wait(), 128 + SIGKILL);
    }
    EXPECT_EQ(files(), before);
    const auto again = export_cards();
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_EQ(files(), before + 1);
    EXPECT_EQ(value_of("SELECT string_agg(outcome, ' ' ORDER BY sequence) FROM audit_entry WHERE action = "
                       "'cards.export'"),
              "begun begun done");
}

TEST_F(CardTransfers, OfAnImportThatWasKilledGoOnWithoutMakingACardTwice) {
    constexpr int cards = 3000;
    write_package(cards);
    {
        support::Process import{words(import_words(shop, "results"))};
        for (int tries = 0; tries < 6000 && std::stoi(count_of(shop)) < 100; ++tries)
            std::this_thread::sleep_for(2ms);
        import.signal(SIGKILL);
        EXPECT_EQ(import.wait(), 128 + SIGKILL) << "it was too fast to be interrupted";
    }
    const auto before = std::stoi(count_of(shop));
    EXPECT_GE(before, 100);
    EXPECT_LT(before, cards);
    EXPECT_FALSE(std::filesystem::exists(path("results"))) << "half of them would look like all";
    const auto resumed = run(import_words(shop, "results"));
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    // What was on its way to the database may have arrived after it was killed.
    const auto present = std::stoi(resumed.out.substr(resumed.out.find("already: ") + 9));
    EXPECT_GE(present, before);
    EXPECT_EQ(count_of(shop), std::to_string(cards));
    const auto results = lines_of(content_of(path("results")));
    ASSERT_EQ(results.size(), static_cast<std::size_t>(cards));
    std::set<std::string> made;
    for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i].at("token").as_string(), "c_" + std::to_string(i));
        made.emplace(results[i].at("new_token").as_string());
    }
    EXPECT_EQ(made.size(), results.size());
    EXPECT_EQ(run({"audit", "verify"}).status, 0);
}

TEST_F(CardTransfers, SayWhatIsWrongAndChangeNothing) {
    serve();
    ASSERT_TRUE(store());
    EXPECT_THAT(export_cards().err, HasSubstr("custodians init"));
    enrol();
    EXPECT_THAT(export_cards("recipient", "x", other_shop).err, HasSubstr("has no cards in this mode"));
    EXPECT_THAT(export_cards("nobody", "x").err, HasSubstr("nobody.pem"));
    EXPECT_THAT(export_cards("recipient", "none/x").err, HasSubstr("No such file or directory"));
    EXPECT_THAT(export_cards("recipient", "passphrase").err, HasSubstr("File exists"));
    EXPECT_THAT(export_cards("recipient", "x", shop, std::vector<std::string>{}, std::string(161, 'x')).err,
                HasSubstr("160 characters"));
    EXPECT_THAT(run({"custodians", "acts"}).out, HasSubstr("no open acts")) << "and nobody is asked";

    write_package(2);
    auto import = import_words(shop, "results");
    const auto with = [&](const std::string& from, const std::string& to) {
        auto changed = import;
        std::ranges::replace(changed, from, to);
        const auto said = run(changed);
        EXPECT_NE(said.status, 0) << to;
        return said.err;
    };
    EXPECT_THAT(with(common::public_account_id(shop), "acct_1"), HasSubstr("acct_1 is no account"));
    EXPECT_THAT(with(path("recipient.key"), path("stranger.key")), HasSubstr("does not belong"));
    EXPECT_THAT(with(path("passphrase"), path("recipient.pem")), HasSubstr("group or others"));
    EXPECT_THAT(with(path("cards.export"), path("recipient.pem")), HasSubstr("no export of cards"));
    EXPECT_THAT(with(path("results"), path("recipient.pem")), HasSubstr("File exists"));
    std::ranges::replace(import, path("recipient.key"), path("stranger.key"));
    EXPECT_THAT(with(path("recipient.pem"), path("stranger.pem")), HasSubstr("is sealed to the certificate"));
    EXPECT_EQ(count_of(shop), "1");
}

TEST_F(CardTransfers, TakeAKeyWithoutAPassphraseAndPrintTheirResults) {
    write_package(2);
    const auto key =
        *certs::read_protected_key(path("recipient.key"), common::SecretBytes::copy_of(passphrase));
    ASSERT_TRUE(certs::write_private_key(path("plain.key"), key.get()));
    const auto said =
        run({"cards", "import", "--account", common::public_account_id(shop), "--test", path("cards.export"),
             "--key", path("plain.key"), "--cert", path("recipient.pem")});
    ASSERT_EQ(said.status, 0) << said.err;
    EXPECT_EQ(lines_of(said.out).size(), 2U);
    EXPECT_THAT(said.err, HasSubstr("stored: 2"));
}

}  // namespace
