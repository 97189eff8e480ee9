// What one person, or one who can write to the database, tries to get an act done alone.
#include "vault/keys/custodians.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include "hsm/custody/documents.h"
#include "integration/vault/environment.h"
#include "support/audit_recorder.h"
#include "support/custodian.h"
#include "support/process.h"
#include "vault/keys/claim_holder.h"

namespace {

using namespace std::chrono_literals;
using common::Cause;
using common::Deadline;
using common::Result;
using common::crypto::Bytes;
using support::TestCustodian;
using testing::ElementsAre;
using testing::HasSubstr;
using vault::keys::Act;
using vault::keys::ApprovedAct;
using vault::keys::CustodialAct;
using vault::keys::Custodians;
using vault_test::value_of;
using vault_test::wait_for;

Deadline soon() {
    return Deadline::in(20s);
}

class CustodiansTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        token = new support::SoftHsm;
        vault_test::make_database();
        tests::Postgres::instance().run("ALTER DATABASE vault SET client_min_messages = warning");
    }
    static void TearDownTestSuite() {
        delete token;
        token = nullptr;
    }
    CustodiansTest() {
        for (const std::string table :
             {"custody_register", "custodian", "custodial_act", "custodial_approval"})
            run("DELETE FROM " + table);
        auto opened = hsm::Hsm::open(token->options(), {}, metrics);
        if (!opened) throw std::runtime_error{opened.error().describe()};
        hsm = std::move(*opened);
        pool.emplace(vault_test::pool_options(), metrics);
        rows.emplace(*pool);
        custodians = another();
    }
    // As another process would have it.
    std::unique_ptr<Custodians> another(Custodians::Options options = {}) {
        return std::make_unique<Custodians>(*hsm, *rows, clock, &trail, std::move(options));
    }
    Result<bool> init(std::int64_t threshold, std::vector<Bytes> acknowledgements) {
        return wait_for(custodians->init(threshold, std::move(acknowledgements), soon()));
    }
    void enrol_three(std::int64_t threshold = 2) {
        const auto made =
            init(threshold, {alice.acknowledgement(), bob.acknowledgement(), carol.acknowledgement()});
        ASSERT_TRUE(made) << made.error().describe();
    }
    Result<ApprovedAct> claim(const CustodialAct& wanted, Custodians* by = nullptr) {
        return wait_for((by != nullptr ? by : custodians.get())->claim(wanted, soon()));
    }
    Result<ApprovedAct> claim() { return claim(act); }
    Result<Custodians::Progress> approve(const std::string& id, Bytes signature) {
        return wait_for(custodians->approve(id, std::move(signature), soon()));
    }
    std::string document(const std::string& id) {
        const auto text = wait_for(custodians->document(id, soon()));
        EXPECT_TRUE(text) << text.error().describe();
        return text.value_or("");
    }
    // Proposed and signed by these.
    std::string approved(const CustodialAct& wanted, const std::vector<const TestCustodian*>& by) {
        const auto filed = wait_for(custodians->propose(wanted, soon()));
        EXPECT_TRUE(filed) << filed.error().describe();
        const auto text = document(filed->id);
        for (const auto* one : by)
            EXPECT_TRUE(approve(filed->id, one->sign(text)));
        return filed->id;
    }
    ~CustodiansTest() override {
        for (const std::string table : {"", "_custody_register", "_custodian", "_custodial_act"})
            run("DROP TABLE IF EXISTS kept" + table);
    }
    void run(const std::string& sql) { tests::Postgres::instance().run(sql, "vault"); }
    std::vector<std::string> actions() const {
        std::vector<std::string> names;
        for (const auto& entry : trail.entries())
            names.push_back(entry.action +
                            (entry.outcome == vault::audit::Outcome::refused ? " refused" : ""));
        return names;
    }
    void expect_tampered(std::string_view what) {
        const auto refused = claim();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().cause(), Cause::integrity);
        EXPECT_THAT(refused.error().log_detail(), HasSubstr(what));
    }

    static support::SoftHsm* token;
    common::Metrics metrics;
    common::ManualClock clock{common::SystemClock{}.now()};
    support::AuditRecorder trail;
    std::unique_ptr<hsm::Hsm> hsm;
    std::optional<common::db::Pool> pool;
    std::optional<vault::store::CustodianRows> rows;
    std::unique_ptr<Custodians> custodians;
    TestCustodian alice{"alice"}, bob{"bob"}, carol{"carol"};
    const CustodialAct act{"hsm_key.destroy", {{"label", "KEK-card-v1"}, {"copies", 2}}};
};

support::SoftHsm* CustodiansTest::token = nullptr;

TEST_F(CustodiansTest, CarriesAnActOutOnceTwoHaveSignedIt) {
    enrol_three();
    const auto asked = claim();
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().status(), 403);
    const auto open = *wait_for(custodians->open_acts(soon()));
    ASSERT_EQ(open.size(), 1U);
    const auto id = open[0].act.id;
    EXPECT_THAT(asked.error().message(), HasSubstr(id));
    EXPECT_FALSE(claim()) << "nobody has signed";
    EXPECT_EQ(wait_for(custodians->open_acts(soon()))->size(), 1U) << "asking again files it again";

    const auto text = document(id);
    EXPECT_FALSE(approve(id, alice.sign(text))->is_approved());
    const auto one = claim();
    ASSERT_FALSE(one);
    EXPECT_THAT(one.error().message(), HasSubstr("approved so far by alice"));
    EXPECT_TRUE(approve(id, carol.sign(text))->is_approved());
    const auto claimed = claim();
    ASSERT_TRUE(claimed) << claimed.error().describe();
    EXPECT_EQ(claimed->id, id);
    EXPECT_THAT(claimed->custodians, ElementsAre("alice", "carol"));
    EXPECT_TRUE(wait_for(custodians->finish(id, soon())));
    EXPECT_FALSE(wait_for(custodians->finish(id, soon()))) << "finished twice";
    const auto again = claim();
    ASSERT_FALSE(again) << "one approval for two runs";
    EXPECT_THAT(again.error().message(), testing::Not(HasSubstr(id)));
    EXPECT_THAT(actions(),
                ElementsAre("custody.init", "custody.propose", "custody.approve", "custody.approve",
                            "custody.claim", "custody.finish", "custody.propose"));
    EXPECT_EQ(trail.entries()[4].actor, "custodian:alice+carol");
}

// PCI DSS 4.0.1: 3.7.6
TEST_F(CustodiansTest, CountsOnePersonOnce) {
    enrol_three();
    const auto id = approved(act, {&alice});
    const auto twice = approve(id, alice.sign(document(id)));
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().message(), HasSubstr("alice has approved this act already"));
    EXPECT_FALSE(claim());
    // Her signature under another one's name in the database.
    run("INSERT INTO custodial_approval SELECT act, 'bob', signature, approved_at FROM custodial_approval");
    EXPECT_FALSE(claim());
    EXPECT_EQ(wait_for(custodians->open_acts(soon()))->at(0).approved_by, std::vector<std::string>{"alice"});
}

// PCI DSS 4.0.1: 3.7.6
TEST_F(CustodiansTest, TakesNoKeyUnderTwoNames) {
    const TestCustodian alias{"mallory", alice.key.get()};
    const auto refused = init(2, {alice.acknowledgement(), alias.acknowledgement()});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("mallory has the key of another custodian"));
    const TestCustodian namesake{"alice"};
    EXPECT_FALSE(init(2, {alice.acknowledgement(), namesake.acknowledgement()}));
    enrol_three();
    EXPECT_FALSE(wait_for(custodians->propose_enrolment(alias.acknowledgement(), soon())));
}

TEST_F(CustodiansTest, NeedsTwoOutOfAtLeastTwo) {
    EXPECT_FALSE(init(1, {alice.acknowledgement(), bob.acknowledgement()}));
    EXPECT_FALSE(init(0, {alice.acknowledgement(), bob.acknowledgement()}));
    EXPECT_FALSE(init(3, {alice.acknowledgement(), bob.acknowledgement()}));
    EXPECT_FALSE(init(2, {}));
    EXPECT_EQ(claim().error().code(), "custodians_missing");
    enrol_three(3);
    const auto id = approved(act, {&alice, &bob});
    EXPECT_FALSE(claim());
    EXPECT_TRUE(approve(id, carol.sign(document(id))));
    EXPECT_TRUE(claim());
    EXPECT_FALSE(init(2, {alice.acknowledgement(), bob.acknowledgement()})) << "a second beginning";
}

// PCI DSS 4.0.1: 3.7.8
TEST_F(CustodiansTest, TakesNobodyWithoutHisAcknowledgement) {
    const auto words = *hsm::custody::acknowledgement_text("bob", bob.certificate.get());
    auto fewer = words;
    fewer.replace(fewer.find("I never hold"), 12, "I may holdxx");
    const Bytes unsigned_words(words.begin(), words.end());
    for (const auto& bad : {unsigned_words, alice.sign(words), bob.sign(fewer), bob.sign("{}"), Bytes{},
                            bob.sign(*hsm::custody::acknowledgement_text("bob", alice.certificate.get()))})
        EXPECT_FALSE(init(2, {alice.acknowledgement(), bad}));
    EXPECT_TRUE(init(2, {alice.acknowledgement(), bob.acknowledgement()}));
}

TEST_F(CustodiansTest, TakesNoCertificateOutsideItsTimeOrOfAWeakKey) {
    const TestCustodian late{"late", nullptr, {.common_name = "late", .names = {}, .ends_in = -1s}};
    const TestCustodian early{"early", nullptr, {.common_name = "early", .names = {}, .starts_in = 1h}};
    const certs::KeyPtr short_key{EVP_RSA_gen(1024)};
    const TestCustodian weak{"weak", short_key.get()};
    for (const auto* one : {&late, &early, &weak})
        EXPECT_FALSE(init(2, {alice.acknowledgement(), one->acknowledgement()})) << one->name;
    const certs::KeyPtr long_key{EVP_RSA_gen(2048)};
    const TestCustodian card{"card", long_key.get()};
    EXPECT_TRUE(init(2, {alice.acknowledgement(), card.acknowledgement()}));
    approved(act, {&alice, &card});
    EXPECT_TRUE(claim());
}

// PCI DSS 4.0.1: 3.7.6
TEST_F(CustodiansTest, BindsAnApprovalToItsActAndParameters) {
    enrol_three();
    const auto first = approved(act, {&alice});
    const CustodialAct other{"hsm_key.destroy", {{"label", "KEK-card-v2"}, {"copies", 2}}};
    const auto second = approved(other, {&alice});
    const auto refused = approve(second, bob.sign(document(first)));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("another document"));
    EXPECT_TRUE(approve(first, bob.sign(document(first))));
    // His true signature of the first act, put beside the second one.
    run("INSERT INTO custodial_approval SELECT '" + second +
        "', custodian, signature, approved_at FROM custodial_approval WHERE custodian = 'bob'");
    EXPECT_FALSE(claim(other));
    EXPECT_FALSE(claim({"hsm_key.create", act.parameters}));
    EXPECT_FALSE(claim({act.kind, {{"label", "KEK-card-v1"}, {"copies", "2"}}})) << "a text for a number";
    EXPECT_TRUE(claim({act.kind, {{"copies", 2}, {"label", "KEK-card-v1"}}})) << "order means nothing";
    EXPECT_THAT(actions(), testing::Contains("custody.approve refused"));
}

TEST_F(CustodiansTest, RefusesWhatWasSignedForAnotherVaultByAStrangerOrTooLate) {
    enrol_three();
    const auto id = approved(act, {&alice});
    auto text = document(id);
    const auto here = text.find("vlt_");
    text[here + 5] = text[here + 5] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(approve(id, bob.sign(text)));
    const TestCustodian stranger{"bob"};
    EXPECT_FALSE(approve(id, stranger.sign(document(id))));
    EXPECT_FALSE(approve(id, {'x'}));
    EXPECT_EQ(approve("act_none", bob.sign(document(id))).error().status(), 404);
    const auto in_time = bob.sign(document(id));
    clock.advance(24h);
    EXPECT_EQ(approve(id, in_time).error().status(), 404);
    const auto anew = claim();
    ASSERT_FALSE(anew);
    EXPECT_THAT(anew.error().message(), testing::Not(HasSubstr(id)));
    EXPECT_EQ(value_of("SELECT state FROM custodial_act WHERE id = '" + id + "'"), "expired");
}

TEST_F(CustodiansTest, ExpiresWithItsApprovals) {
    enrol_three();
    approved(act, {&alice, &bob});
    clock.advance(24h);
    EXPECT_FALSE(claim());
}

TEST_F(CustodiansTest, NoticesAnActThatWasEditedAfterItsApproval) {
    enrol_three();
    const auto id = approved(act, {&alice, &bob});
    const auto kept = value_of("SELECT parameters FROM custodial_act");
    for (const auto* const edit :
         {"kind = 'cards.export'", "parameters = '{\"copies\":3,\"label\":\"KEK-card-v1\"}'",
          "expires_at = expires_at + 1000", "digest = sha256('x')", "state = 'claimed'", "holder = 'x'",
          "proposed_by = 'bob'", "id = 'act_other'"}) {
        run("CREATE TABLE kept AS SELECT * FROM custodial_act");
        run(std::string{"UPDATE custodial_act SET "} + edit);
        const auto refused = claim();
        ASSERT_FALSE(refused) << edit;
        EXPECT_EQ(refused.error().cause(), Cause::integrity) << edit;
        run("DELETE FROM custodial_act");
        run("INSERT INTO custodial_act SELECT * FROM kept");
        run("DROP TABLE kept");
    }
    run("UPDATE custodial_act SET state = 'finished'");
    expect_tampered("taken out of the database");
    run("UPDATE custodial_act SET state = 'proposed'");
    EXPECT_EQ(claim()->id, id);
}

TEST_F(CustodiansTest, DoesNotRunAFinishedActAgainWhenItsOldRowIsPutBack) {
    enrol_three();
    const auto id = approved(act, {&alice, &bob});
    run("CREATE TABLE kept AS SELECT * FROM custodial_act");
    ASSERT_TRUE(claim());
    ASSERT_TRUE(wait_for(custodians->finish(id, soon())));
    run("UPDATE custodial_act a SET state = k.state, holder = k.holder, claimed_at = k.claimed_at, "
        "ended_at = k.ended_at FROM kept k WHERE k.id = a.id");
    expect_tampered("opened again, by hand");
}

TEST_F(CustodiansTest, NoticesCustodiansThatWereInsertedEditedOrTakenOut) {
    enrol_three();
    approved(act, {&alice, &bob});
    run("CREATE TABLE kept AS SELECT * FROM custodian");
    const auto restore = [&] {
        run("DELETE FROM custodian");
        run("INSERT INTO custodian SELECT * FROM kept");
    };
    run("INSERT INTO custodian SELECT 'mallory', state, certificate, acknowledgement, enrolled_at, "
        "removed_at "
        "FROM custodian WHERE name = 'carol'");
    expect_tampered("mallory was put into the database by hand");
    restore();
    run("UPDATE custodian SET certificate = (SELECT certificate FROM custodian WHERE name = 'alice') "
        "WHERE name = 'bob'");
    expect_tampered("bob was changed");
    restore();
    run("DELETE FROM custodian WHERE name = 'carol'");
    expect_tampered("taken out");
    restore();
    EXPECT_TRUE(claim());
}

TEST_F(CustodiansTest, NoticesARegisterThatIsNotTheOneTheHsmSigned) {
    enrol_three(3);
    approved(act, {&alice, &bob});
    run("UPDATE custody_register SET content = replace(content, '\"threshold\":3', '\"threshold\":2')");
    expect_tampered("differs from what the HSM signed");
    run("UPDATE custody_register SET content = replace(content, '\"threshold\":2', '\"threshold\":3')");
    run("UPDATE custody_register SET sequence = sequence + 1");
    expect_tampered("differs from what the HSM signed");
    run("DELETE FROM custody_register");
    expect_tampered("register was taken out");
    EXPECT_FALSE(init(2, {alice.acknowledgement(), bob.acknowledgement()}));
    run("DELETE FROM custodian");
    run("UPDATE custodial_act SET state = 'cancelled'");
    const auto anew = init(2, {alice.acknowledgement(), bob.acknowledgement()});
    ASSERT_FALSE(anew) << "a new beginning while acts are in the books";
    EXPECT_EQ(anew.error().code(), "custodians_present");
}

TEST_F(CustodiansTest, ChangesItsCustodiansOnlyByTheirOwnApproval) {
    enrol_three();
    const TestCustodian dave{"dave"};
    const auto enrolment = wait_for(custodians->propose_enrolment(dave.acknowledgement(), soon()));
    ASSERT_TRUE(enrolment) << enrolment.error().describe();
    const auto text = document(enrolment->id);
    EXPECT_FALSE(approve(enrolment->id, dave.sign(text))) << "he has no vote yet";
    EXPECT_TRUE(approve(enrolment->id, alice.sign(text)));
    EXPECT_EQ(wait_for(custodians->apply(enrolment->id, soon())).error().code(), "approval_required");
    EXPECT_TRUE(approve(enrolment->id, bob.sign(text)));
    EXPECT_FALSE(claim({enrolment->kind, {}}));
    const auto view = wait_for(custodians->apply(enrolment->id, soon()));
    ASSERT_TRUE(view) << view.error().describe();
    EXPECT_EQ(view->rows.custodians.size(), 4U);
    EXPECT_EQ(view->entry.set, 2);
    EXPECT_FALSE(wait_for(custodians->apply(enrolment->id, soon()))) << "twice";
    approved(act, {&dave, &carol});
    EXPECT_TRUE(claim());

    const auto higher = approved({"custodians.threshold", {{"threshold", 4}}}, {&alice, &bob});
    ASSERT_TRUE(wait_for(custodians->apply(higher, soon())));
    const auto removal = wait_for(custodians->propose({"custodians.remove", {{"name", "dave"}}}, soon()));
    ASSERT_FALSE(removal) << "fewer would be left than must approve";
    EXPECT_FALSE(wait_for(custodians->propose({"custodians.threshold", {{"threshold", 1}}}, soon())));
    EXPECT_FALSE(wait_for(custodians->propose({"custodians.threshold", {{"threshold", 5}}}, soon())));
    EXPECT_FALSE(wait_for(custodians->propose({"custodians.remove", {{"name", "eve"}}}, soon())));
}

TEST_F(CustodiansTest, ForgetsTheVotesOfARemovedCustodianAndDoesNotTakeHimBack) {
    enrol_three();
    const auto id = approved(act, {&alice, &carol});
    run("CREATE TABLE kept AS SELECT * FROM custodian");
    const auto removal = approved({"custodians.remove", {{"name", "carol"}}}, {&alice, &bob});
    ASSERT_TRUE(wait_for(custodians->apply(removal, soon())));
    EXPECT_FALSE(claim()) << "her vote counts though she is gone";
    EXPECT_FALSE(approve(id, carol.sign(document(id))));
    run("UPDATE custodian c SET state = k.state, removed_at = k.removed_at FROM kept k WHERE k.name = "
        "c.name");
    expect_tampered("carol was put into the database by hand");
    run("UPDATE custodian SET state = 'removed' WHERE name = 'carol'");
    EXPECT_TRUE(approve(id, bob.sign(document(id))));
    EXPECT_TRUE(claim());
}

TEST_F(CustodiansTest, CountsOnlyTheNewKeyOfOneWhoseCertificateWasReplaced) {
    enrol_three();
    const auto id = approved(act, {&alice, &bob});
    const TestCustodian renewed{"bob"};
    const auto replacement = wait_for(custodians->propose_enrolment(renewed.acknowledgement(), soon()));
    ASSERT_TRUE(replacement);
    EXPECT_EQ(replacement->kind, "custodians.replace");
    for (const auto* one : {&alice, &carol})
        ASSERT_TRUE(approve(replacement->id, one->sign(document(replacement->id))));
    ASSERT_TRUE(wait_for(custodians->apply(replacement->id, soon())));
    EXPECT_FALSE(claim()) << "the lost key still counts";
    EXPECT_FALSE(approve(id, bob.sign(document(id))));
    EXPECT_TRUE(approve(id, renewed.sign(document(id))));
    EXPECT_TRUE(claim());
}

TEST_F(CustodiansTest, RefusesADatabaseThatWasPutBackAsAWhole) {
    const auto anchor = token->folder() + "/anchor";
    std::filesystem::remove(anchor);
    custodians = another({.anchor_file = anchor});
    enrol_three();
    const auto id = approved(act, {&alice, &bob});
    for (const auto* const table : {"custody_register", "custodian", "custodial_act"})
        run(std::string{"CREATE TABLE kept_"} + table + " AS SELECT * FROM " + table);
    ASSERT_TRUE(claim());
    ASSERT_TRUE(wait_for(custodians->finish(id, soon())));
    for (const std::string table : {"custody_register", "custodian", "custodial_act"}) {
        run("DELETE FROM " + table);
        run("INSERT INTO " + table + " SELECT * FROM kept_" + table);
    }
    expect_tampered("older or another register");
    for (const std::string table : {"custody_register", "custodian", "custodial_act", "custodial_approval"})
        run("DELETE FROM " + table);
    EXPECT_FALSE(init(2, {alice.acknowledgement(), bob.acknowledgement()})) << "all begun anew by one person";
}

// PCI DSS 4.0.1: 3.7.6
TEST_F(CustodiansTest, LetsExactlyOneOfTwoRunsHaveAnApproval) {
    enrol_three();
    for (int round = 0; round < 5; ++round) {
        const auto id = approved(act, {&alice, &bob});
        const auto first = another(), second = another();
        auto beside = std::async(std::launch::async, [&] { return claim(act, second.get()); });
        const auto here = claim(act, first.get());
        const auto there = beside.get();
        EXPECT_NE(here.has_value(), there.has_value());
        const auto& loser = here ? there : here;
        EXPECT_EQ(loser.error().status(), 409) << loser.error().describe();
        EXPECT_FALSE(wait_for((here ? second : first)->finish(id, soon()))) << "finished by who has it not";
        EXPECT_TRUE(wait_for((here ? first : second)->finish(id, soon())));
    }
}

// A process of its own, which does nothing: after a fork from a program with threads little else is safe.
class Idler {
  public:
    Idler() : child_{::fork()} {
        if (child_ < 0) throw std::runtime_error{"fork failed"};
        if (child_ == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (child_ == 0)
            ::pause();
    }
    ~Idler() {
        if (child_ > 0) end();
        reap();
    }
    Idler(const Idler&) = delete;
    Idler& operator=(const Idler&) = delete;
    std::string holder() const { return vault::keys::new_claim_holder(child_); }
    // It has ended, though nobody has asked how.
    void end() const {
        ::kill(child_, SIGKILL);
        siginfo_t how{};
        ::waitid(P_PID, static_cast<id_t>(child_), &how, WEXITED | WNOWAIT);
    }
    void reap() {
        if (child_ > 0) ::waitpid(child_, nullptr, 0);
        child_ = -1;
    }

  private:
    pid_t child_;
};

// The name of a run in a process that has ended since.
std::string holder_that_is_gone() {
    const Idler process;
    return process.holder();
}

TEST_F(CustodiansTest, LetsTheNextRunTakeUpWhatAnInterruptedOneHad) {
    enrol_three();
    const auto id = approved(act, {&alice, &bob});
    const auto crashed = another({.holder = holder_that_is_gone()});
    ASSERT_TRUE(claim(act, crashed.get()));
    const auto resumed = claim();
    ASSERT_TRUE(resumed) << resumed.error().describe();
    EXPECT_EQ(resumed->id, id);
    EXPECT_THAT(resumed->custodians, ElementsAre("alice", "bob"));
    EXPECT_FALSE(wait_for(crashed->finish(id, soon()))) << "it has lost its claim";
    EXPECT_TRUE(wait_for(custodians->finish(id, soon())));
    EXPECT_FALSE(claim());
}

TEST_F(CustodiansTest, LeavesAClaimToARunThatStillLives) {
    enrol_three();
    approved(act, {&alice, &bob});
    ASSERT_TRUE(claim());
    const auto next = another();
    EXPECT_EQ(claim(act, next.get()).error().status(), 409);
    EXPECT_EQ(claim().error().status(), 409) << "twice in one process";
    clock.advance(61min);
    EXPECT_EQ(claim(act, next.get()).error().status(), 409) << "alive is alive";
    EXPECT_TRUE(claim()) << "its own first try failed long ago";
    clock.advance(24h * 8);
    EXPECT_FALSE(claim()) << "an approval for ever";
}

TEST_F(CustodiansTest, TakesAClaimOfAnotherMachineOverAfterAnHour) {
    enrol_three();
    approved(act, {&alice, &bob});
    const auto elsewhere = another({.holder = "another-boot/pid:[1]/1/1/x"});
    ASSERT_TRUE(claim(act, elsewhere.get()));
    clock.advance(59min);
    EXPECT_EQ(claim().error().status(), 409);
    clock.advance(2min);
    EXPECT_TRUE(claim());
}

TEST_F(CustodiansTest, CancelsAProposalForGood) {
    enrol_three();
    const auto id = approved(act, {&alice, &bob});
    ASSERT_TRUE(wait_for(custodians->cancel(id, soon())));
    EXPECT_FALSE(claim());
    EXPECT_FALSE(wait_for(custodians->cancel(id, soon())));
    run("UPDATE custodial_act SET state = 'proposed', ended_at = 0 WHERE id = '" + id + "'");
    expect_tampered("opened again");
}

TEST_F(CustodiansTest, LimitsActsAndTheirParameters) {
    enrol_three();
    const auto propose = [&](boost::json::object parameters) {
        return wait_for(custodians->propose({"x", std::move(parameters)}, soon()));
    };
    EXPECT_FALSE(propose({{"a b", 1}}));
    EXPECT_FALSE(propose({{"a", 1.5}}));
    EXPECT_FALSE(propose({{"a", "line\nbreak"}}));
    EXPECT_FALSE(propose({{"a", std::string(17 * 1024, 'x')}}));
    for (int i = 0; i < 64; ++i)
        ASSERT_TRUE(propose({{"number", i}}));
    EXPECT_EQ(propose({{"number", 64}}).error().code(), "acts_too_many");
}

TEST_F(CustodiansTest, DoesNothingThatCannotBeRecorded) {
    enrol_three();
    const auto id = approved(act, {&alice, &bob});
    trail.fail(common::Error::unavailable("the trail is full"));
    EXPECT_FALSE(claim());
    EXPECT_FALSE(wait_for(custodians->cancel(id, soon())));
    trail.fail(std::nullopt);
    EXPECT_TRUE(claim());
}

TEST(ClaimHolder, TellsAProcessThatHasEndedFromOneThatRuns) {
    using vault::keys::HolderState;
    using vault::keys::state_of_holder;
    EXPECT_EQ(state_of_holder(vault::keys::new_claim_holder()), HolderState::alive);
    Idler process;
    const auto holder = process.holder();
    EXPECT_EQ(state_of_holder(holder), HolderState::alive);
    process.end();
    EXPECT_EQ(state_of_holder(holder), HolderState::gone) << "ended, but not taken note of by its parent";
    process.reap();
    EXPECT_EQ(state_of_holder(holder), HolderState::gone);
    EXPECT_EQ(state_of_holder("other-boot" + holder), HolderState::unknown);
    EXPECT_EQ(state_of_holder(""), HolderState::unknown);
}

TEST(ClaimHolder, IsNotTakenForALaterProcessOfTheSameNumber) {
    const auto mine = vault::keys::new_claim_holder();
    const auto number = '/' + std::to_string(::getpid()) + '/';
    auto earlier = mine;
    earlier.insert(earlier.find(number) + number.size(), "1");
    EXPECT_EQ(vault::keys::state_of_holder(earlier), vault::keys::HolderState::gone);
    auto unnamed = mine.substr(0, mine.find(number)) + number + "/x";
    EXPECT_EQ(vault::keys::state_of_holder(unnamed), vault::keys::HolderState::unknown) << "no start time";
}

}  // namespace
