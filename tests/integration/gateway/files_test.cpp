// Files from an HTTP request to rows and back, on a real database, with a vault that the test plays.
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>

#include "gateway/api/api.h"
#include "gateway/api/service_backend.h"
#include "gateway/files/file.h"
#include "gateway/files/kinds.h"
#include "support/upload.h"
#include "world.h"

namespace tests {
namespace {

using common::http::Method;
using common::http::Response;
using gateway::KeyKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Keeps each key under its seal, for the scope that it was made for.
class DataKeys final : public gateway::files::KeyPort {
  public:
    Task<vault::DataKey> create_data_key(vault::DataKeyScope scope, Deadline) override {
        if (away) co_return common::Fail{common::Error::unavailable("the vault is away")};
        auto key = common::SecretBytes{32};
        common::crypto::random_bytes(key.bytes());
        const auto sealed = "seal " + std::to_string(keys.size());
        keys[sealed] = {std::move(scope), common::crypto::to_hex(key.bytes())};
        co_return vault::DataKey{std::move(key), {"KEK-pii-v1", sealed}};
    }
    Task<common::SecretBytes> open_data_key(vault::DataKeyScope scope, vault::SealedDataKey key,
                                            Deadline) override {
        if (away) co_return common::Fail{common::Error::unavailable("the vault is away")};
        ++opened;
        const auto& [made_for, bytes] = keys.at(key.sealed);
        if (made_for.account != scope.account || made_for.livemode != scope.livemode ||
            made_for.object != scope.object)
            co_return common::Fail{common::Error::internal("the seal is another one's")};
        co_return common::SecretBytes::copy_of(*common::crypto::from_hex(bytes));
    }
    bool away = false;
    int opened = 0;
    std::map<std::string, std::pair<vault::DataKeyScope, std::string>> keys;
};

class Files : public World {
  protected:
    Files()
        : desk_{&secrets_, {}},
          group_{*io, one_vault(), [] { return nullptr; }, metrics},
          backend_{*pool, *merchants, *service, group_, keys, renderer, desk_, numbers_, payouts_, clock},
          api_{backend_, limits_, renderer, digest_key_, metrics},
          test_{key_of(account, false)},
          live_{key_of(account, true)},
          foreign_{key_of(strict, false)} {}

    Response send(Method method, std::string_view target, std::string_view body = {},
                  std::string_view key = {}, std::string_view idempotency = {}) {
        auto request = made(method, target, body, key, idempotency);
        auto answer = boost::asio::co_spawn(*io, api_.handle(request), boost::asio::use_future);
        io->restart();
        io->run();
        return answer.get();
    }
    Response get(std::string_view target, std::string_view key) { return send(Method::get, target, {}, key); }
    Response upload(std::string_view body, std::string_view key, std::string_view idempotency = {}) {
        return send(Method::post, "/v1/files", body, key, idempotency);
    }
    boost::json::object uploaded(std::string_view content, std::string_view key,
                                 std::string_view purpose = "dispute_evidence") {
        const auto response = upload(multipart({{"purpose", purpose}}, "a.pdf", content), key);
        EXPECT_EQ(response.status, 200) << response.body;
        return json(response);
    }
    static boost::json::object json(const Response& response) {
        return boost::json::parse(response.body).as_object();
    }
    static std::string text(const boost::json::object& object, const char* name) {
        return std::string{object.at(name).as_string()};
    }
    // "400 code param"
    static std::string fault(const Response& response) {
        const auto error = json(response).at("error").as_object();
        const auto part = [&error](const char* name) {
            const auto* value = error.if_contains(name);
            return value ? std::string{value->as_string()} : std::string{"-"};
        };
        return std::to_string(response.status) + " " + part("code") + " " + part("param");
    }
    static std::string path_of(const std::string& url) { return url.substr(url.find('/', 8)); }
    std::int64_t rows(const std::string& table) {
        return count("SELECT count(*) FROM " + table +
                     " WHERE account_id = " + std::to_string(account.value));
    }
    // How many rows of any table hold the text, however they write it.
    std::int64_t rows_with(const std::string& text) {
        const auto hex = common::crypto::to_hex(
            std::span{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        std::int64_t found = 0;
        for (const auto* table : {"files", "file_contents", "file_links", "events", "idempotency_keys"})
            for (const auto& form : {text, hex})
                found += count(std::string{"SELECT count(*) FROM "} + table +
                               " AS t WHERE strpos(t::text, '" + form + "') > 0");
        return found;
    }

    common::http::Request made(Method method, std::string_view target, std::string_view body,
                               std::string_view key, std::string_view idempotency) {
        common::http::Request request;
        request.method = method;
        const auto mark = target.find('?');
        request.path = target.substr(0, mark);
        request.query = mark == target.npos ? "" : target.substr(mark + 1);
        request.body = common::SecretText{body};
        request.request_id = "req_" + common::crypto::random_base62(18);
        request.peer_address = "192.0.2.1";
        request.deadline = Deadline::in(std::chrono::seconds{30});
        if (!key.empty()) request.headers.set("Authorization", "Bearer " + std::string{key});
        if (!idempotency.empty()) request.headers.set("Idempotency-Key", idempotency);
        request.headers.set("Content-Type",
                            body.starts_with("--") ? multipart_type : "application/x-www-form-urlencoded");
        return request;
    }
    std::string key_of(common::AccountId owner, bool livemode) {
        return std::string{merchants->create_key(owner, livemode, KeyKind::secret).value().view()};
    }
    static std::vector<vault::Group::Vault> one_vault() { return std::vector<vault::Group::Vault>(1); }

    DataKeys keys;
    gateway::webhooks::Secrets secrets_{pepper};
    gateway::webhooks::Desk desk_;
    gateway::BankNumbers numbers_{pepper};
    gateway::payouts::Terms payouts_;
    vault::Group group_;
    gateway::api::ServiceBackend backend_;
    gateway::api::Limits limits_{{.live = 0}};
    std::array<std::uint8_t, 32> digest_key_{1, 2, 3};
    gateway::api::Api api_;
    std::string test_, live_, foreign_;
};

TEST_F(Files, AContentComesBackByteForByteAndTheDatabaseHoldsNothingOfIt) {
    std::string content{pdf};
    content += "unmistakable plaintext";
    for (int i = 0; content.size() < 1'000'000; ++i)
        content += static_cast<char>(i * 7 % 256);
    const auto file = uploaded(content, test_);
    const auto id = text(file, "id");
    EXPECT_THAT(id, StartsWith("file_"));
    EXPECT_EQ(file.at("size"), content.size());
    EXPECT_EQ(text(file, "type"), "pdf");
    EXPECT_EQ(text(file, "filename"), "a.pdf");
    EXPECT_EQ(text(file, "url"), "https://pay.example/v1/files/" + id + "/contents");
    EXPECT_TRUE(file.at("links").at("data").as_array().empty());

    const auto contents = get("/v1/files/" + id + "/contents", test_);
    ASSERT_EQ(contents.status, 200);
    EXPECT_TRUE(contents.body == content);
    EXPECT_EQ(contents.content_type, "application/pdf");
    EXPECT_EQ(contents.headers.find("Content-Disposition"),
              "attachment; filename=\"" + id + ".pdf\"; filename*=UTF-8''a.pdf");
    EXPECT_EQ(json(get("/v1/files/" + id, test_)), file);

    EXPECT_EQ(rows("file_contents"), 1);
    EXPECT_EQ(count("SELECT length(content) FROM file_contents WHERE id = '" + id + "'"),
              static_cast<std::int64_t>(content.size()) + 28);
    EXPECT_EQ(rows_with("unmistakable plaintext"), 0);
    EXPECT_EQ(rows_with("obj\n<<>>"), 0);
    ASSERT_EQ(keys.keys.size(), 1U);
    const auto& key = keys.keys.begin()->second.second;
    EXPECT_EQ(rows_with(key), 0) << "nor the open key";
    EXPECT_EQ(rows_with(common::crypto::to_base64(*common::crypto::from_hex(key))), 0);
    EXPECT_THAT(event_types(), ElementsAre("file.created"));
    EXPECT_EQ(
        count("SELECT count(*) FROM events AS t WHERE strpos(t::text, 'KEK-pii') > 0 AND account_id = " +
              std::to_string(account.value)),
        0);
}

TEST_F(Files, AContentThatWasMovedOrChangedDoesNotOpen) {
    const auto one = text(uploaded(pdf, test_), "id"), two = text(uploaded(pdf, test_), "id");
    const auto with = [this](const std::string& sql) {
        return count("WITH done AS (" + sql + " RETURNING 1) SELECT count(*) FROM done");
    };
    ASSERT_EQ(with("UPDATE file_contents SET content = (SELECT content FROM file_contents WHERE id = '" +
                   two + "') WHERE id = '" + one + "'"),
              1);
    EXPECT_EQ(get("/v1/files/" + one + "/contents", test_).status, 500);
    // The whole of another file's row, sealed key and all.
    ASSERT_EQ(with("UPDATE files SET document = (SELECT document FROM files WHERE id = '" + two +
                   "') WHERE id = '" + one + "'"),
              1);
    const auto moved = get("/v1/files/" + one + "/contents", test_);
    EXPECT_EQ(moved.status, 500);
    EXPECT_EQ(moved.body.find("%PDF"), std::string::npos);
    EXPECT_EQ(get("/v1/files/" + two + "/contents", test_).status, 200);
    ASSERT_EQ(with("UPDATE file_contents SET content = set_byte(content, 30, get_byte(content, 30) # 1) "
                   "WHERE id = '" +
                   two + "'"),
              1);
    EXPECT_EQ(get("/v1/files/" + two + "/contents", test_).status, 500);
    ASSERT_EQ(with("DELETE FROM file_contents WHERE id = '" + two + "'"), 1);
    EXPECT_EQ(get("/v1/files/" + two + "/contents", test_).status, 500);
}

TEST_F(Files, OtherAccountsAndModesDoNotSeeAFile) {
    const auto id = text(uploaded(pdf, test_), "id");
    for (const auto& path : {"/v1/files/" + id, "/v1/files/" + id + "/contents"}) {
        EXPECT_EQ(fault(get(path, foreign_)), "404 resource_missing id");
        const auto live = get(path, live_);
        EXPECT_EQ(fault(live), "404 resource_missing id");
        EXPECT_THAT(live.body, HasSubstr("a similar object exists in test mode"));
    }
    for (const auto& key : {foreign_, live_}) {
        EXPECT_EQ(fault(send(Method::post, "/v1/file_links", "file=" + id, key)),
                  "400 resource_missing file");
        EXPECT_TRUE(json(get("/v1/files", key)).at("data").as_array().empty());
    }
    const auto link = json(send(Method::post, "/v1/file_links", "file=" + id, test_));
    for (const auto& key : {foreign_, live_}) {
        EXPECT_EQ(fault(get("/v1/file_links/" + text(link, "id"), key)), "404 resource_missing id");
        EXPECT_EQ(fault(send(Method::post, "/v1/file_links/" + text(link, "id"), "expires_at=now", key)),
                  "404 resource_missing id");
    }
    EXPECT_EQ(get(path_of(text(link, "url")), {}).status, 200);
}

TEST_F(Files, WithoutTheVaultNothingIsStoredAndTheSameRequestSucceedsLater) {
    const auto body = multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf);
    keys.away = true;
    const auto refused = upload(body, test_, "evidence-1");
    EXPECT_EQ(fault(refused), "503 - -");
    EXPECT_EQ(refused.headers.find("Stripe-Should-Retry"), "true");
    for (const auto* table : {"files", "file_contents", "events", "idempotency_keys"})
        EXPECT_EQ(rows(table), 0) << table;
    keys.away = false;
    const auto stored = upload(body, test_, "evidence-1");
    ASSERT_EQ(stored.status, 200) << stored.body;
    keys.away = true;
    const auto id = text(json(stored), "id");
    EXPECT_EQ(upload(body, test_, "evidence-1").body, stored.body) << "a replay needs no vault";
    EXPECT_EQ(get("/v1/files/" + id, test_).status, 200);
    EXPECT_EQ(fault(get("/v1/files/" + id + "/contents", test_)), "503 - -");
    const auto link = json(send(Method::post, "/v1/file_links", "file=" + id, test_));
    EXPECT_EQ(get(path_of(text(link, "url")), {}).status, 503);
}

TEST_F(Files, AKeyUsedWithOtherContentIsRefused) {
    const auto body = [](std::string_view content) {
        return multipart({{"purpose", "dispute_evidence"}}, "a.pdf", content);
    };
    const auto first = upload(body(pdf), test_, "evidence-2");
    ASSERT_EQ(first.status, 200) << first.body;
    const auto again = upload(body(pdf), test_, "evidence-2");
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.headers.find("Idempotent-Replayed"), "true");
    const auto other = upload(body(std::string{pdf} + " "), test_, "evidence-2");
    EXPECT_EQ(fault(other), "400 - -");
    EXPECT_EQ(text(json(other).at("error").as_object(), "type"), "idempotency_error");
    EXPECT_THAT(other.body,
                HasSubstr("Keys for idempotent requests can only be used with the same parameters"));
    EXPECT_EQ(rows("files"), 1);
    EXPECT_EQ(keys.keys.size(), 1U);
}

TEST_F(Files, OneOfTwentyRequestsUnderOneKeyStoresTheFile) {
    const auto body = multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf);
    std::vector<common::http::Request> requests;
    for (int i = 0; i < 20; ++i)
        requests.push_back(made(Method::post, "/v1/files", body, test_, "evidence-3"));
    std::vector<std::future<Response>> answers;
    for (auto& request : requests)
        answers.push_back(boost::asio::co_spawn(*io, api_.handle(request), boost::asio::use_future));
    io->restart();
    io->run();
    std::set<std::string> bodies;
    for (auto& answer : answers) {
        const auto got = answer.get();
        EXPECT_TRUE(got.status == 200 || got.status == 409) << got.body;
        if (got.status == 200) bodies.insert(got.body);
    }
    EXPECT_EQ(bodies.size(), 1U);
    EXPECT_EQ(rows("files"), 1);
    EXPECT_EQ(rows("file_contents"), 1);
    EXPECT_THAT(event_types(), ElementsAre("file.created"));
}

TEST_F(Files, ALinkOpensTheFileToAnyoneUntilItExpires) {
    const auto file = json(upload(multipart({{"purpose", "dispute_evidence"},
                                             {"file_link_data[create]", "true"},
                                             {"file_link_data[metadata][order]", "6735"}},
                                            "r\xc3\xa9sum\xc3\xa9.pdf", pdf),
                                  live_));
    const auto& links = file.at("links").as_object();
    ASSERT_EQ(links.at("data").as_array().size(), 1U);
    EXPECT_EQ(text(links, "url"), "/v1/file_links?file=" + text(file, "id"));
    const auto link = links.at("data").as_array()[0].as_object();
    EXPECT_TRUE(link.at("livemode").as_bool());
    EXPECT_EQ(link.at("metadata").at("order"), "6735");
    EXPECT_TRUE(link.at("expires_at").is_null());
    EXPECT_FALSE(link.at("expired").as_bool());
    const auto path = path_of(text(link, "url"));
    EXPECT_EQ(rows_with(path.substr(path.rfind('_') + 1)), 1)
        << "in the stored answer, and in no row of links";

    const auto contents = get(path, {});
    ASSERT_EQ(contents.status, 200);
    EXPECT_EQ(contents.body, pdf);
    EXPECT_EQ(contents.content_type, "application/pdf");
    EXPECT_THAT(std::string{contents.headers.find("Content-Disposition")},
                HasSubstr("filename*=UTF-8''r%C3%A9sum%C3%A9.pdf"));

    const auto at = "/v1/file_links/" + text(link, "id");
    const auto now = clock.now().time_since_epoch().count() / 1000;
    const auto later = json(send(Method::post, at, "expires_at=" + std::to_string(now + 60), live_));
    EXPECT_EQ(later.at("expires_at"), now + 60);
    EXPECT_EQ(text(later, "url"), text(link, "url"));
    clock.advance(std::chrono::seconds{59});
    EXPECT_EQ(get(path, {}).status, 200);
    clock.advance(std::chrono::seconds{1});
    const auto gone = get(path, {});
    EXPECT_EQ(gone.status, 404);
    EXPECT_THAT(gone.content_type, StartsWith("text/html"));
    EXPECT_EQ(gone.body.find("%PDF"), std::string::npos);
    const auto expired = json(get(at, live_));
    EXPECT_TRUE(expired.at("expired").as_bool());
    EXPECT_TRUE(expired.at("url").is_null());

    EXPECT_EQ(json(send(Method::post, at, "expires_at=", live_)).at("url"), link.at("url"))
        << "open again, for ever";
    EXPECT_EQ(get(path, {}).status, 200);
    const auto ended = json(send(Method::post, at, "expires_at=now&metadata[order]=", live_));
    EXPECT_TRUE(ended.at("expired").as_bool());
    EXPECT_TRUE(ended.at("metadata").as_object().empty());
    EXPECT_EQ(get(path, {}).status, 404);
}

TEST_F(Files, ALinkCannotBeginInThePast) {
    const auto id = text(uploaded(pdf, test_), "id");
    const auto now = std::to_string(clock.now().time_since_epoch().count() / 1000);
    EXPECT_EQ(fault(send(Method::post, "/v1/file_links", "file=" + id + "&expires_at=" + now, test_)),
              "400 - expires_at");
    EXPECT_EQ(fault(send(Method::post, "/v1/file_links", "file=" + id + "&expires_at=soon", test_)),
              "400 parameter_invalid_integer expires_at");
    const auto link = json(send(Method::post, "/v1/file_links", "file=" + id, test_));
    const auto at = "/v1/file_links/" + text(link, "id");
    EXPECT_EQ(fault(send(Method::post, at, "expires_at=" + now, test_)), "400 - expires_at");
    for (const auto* wrong : {"soon", "1.5", "99999999999999999999", "now "})
        EXPECT_EQ(fault(send(Method::post, at, std::string{"expires_at="} + wrong, test_)),
                  "400 parameter_invalid_integer expires_at")
            << wrong;
    EXPECT_EQ(json(get(at, test_)), link);
    // With the file's own request, neither is stored.
    const auto body = multipart({{"purpose", "dispute_evidence"},
                                 {"file_link_data[create]", "true"},
                                 {"file_link_data[expires_at]", "1"}},
                                "a.pdf", pdf);
    EXPECT_EQ(fault(upload(body, test_)), "400 - expires_at");
    EXPECT_EQ(rows("files"), 1);
}

TEST_F(Files, ListsGoByPurposeFileAndExpiry) {
    const auto evidence = text(uploaded(pdf, test_), "id");
    const auto paper = text(uploaded(pdf, test_, "identity_document"), "id");
    const auto ids = [this](std::string_view target) {
        std::vector<std::string> found;
        const auto listed = json(get(target, test_));
        for (const auto& item : listed.at("data").as_array())
            found.push_back(text(item.as_object(), "id"));
        return found;
    };
    EXPECT_THAT(ids("/v1/files"), ElementsAre(paper, evidence));
    EXPECT_THAT(ids("/v1/files?purpose=dispute_evidence"), ElementsAre(evidence));
    EXPECT_THAT(ids("/v1/files?purpose=finance_report_run"), ElementsAre());
    EXPECT_THAT(ids("/v1/files?limit=1&starting_after=" + paper), ElementsAre(evidence));
    EXPECT_EQ(fault(get("/v1/files?purpose=holiday", test_)), "400 - purpose");
    EXPECT_EQ(fault(get("/v1/files?starting_after=file_none", test_)), "400 resource_missing starting_after");

    const auto link = [&](const std::string& file) {
        return text(json(send(Method::post, "/v1/file_links", "file=" + file, test_)), "id");
    };
    const auto one = link(evidence), two = link(paper), three = link(evidence);
    send(Method::post, "/v1/file_links/" + one, "expires_at=now", test_);
    EXPECT_THAT(ids("/v1/file_links"), ElementsAre(three, two, one));
    EXPECT_THAT(ids("/v1/file_links?file=" + evidence), ElementsAre(three, one));
    EXPECT_THAT(ids("/v1/file_links?expired=true"), ElementsAre(one));
    EXPECT_THAT(ids("/v1/file_links?expired=false&file=" + evidence), ElementsAre(three));
    EXPECT_THAT(ids("/v1/file_links?limit=1&expired=false&starting_after=" + three), ElementsAre(two));
    const auto expanded = json(get("/v1/file_links/" + three + "?expand[]=file", test_));
    EXPECT_EQ(text(expanded.at("file").as_object(), "id"), evidence);
    EXPECT_EQ(json(get("/v1/files/" + evidence, test_)).at("links").at("data").as_array().size(), 2U);
}

TEST_F(Files, AParameterNamesAFileOfTheRightPurpose) {
    const auto id = text(uploaded(pdf, test_), "id");
    const auto require = [&](const std::string& file, std::string_view purpose) -> std::string {
        auto found = run(backend_.read(
            call(), gateway::Account{}, [&](gateway::Work& work) -> Result<boost::json::object> {
                const auto got = gateway::files::require(work, file, purpose, "evidence[receipt]");
                if (!got) return common::Fail{got.error()};
                return boost::json::object{{"id", got->id}};
            }));
        if (!found)
            return std::to_string(found.error().status()) + " " + std::string{found.error().code()} + " " +
                   found.error().param();
        return text(json_of(*found), "id");
    };
    EXPECT_EQ(require(id, "dispute_evidence"), id);
    EXPECT_EQ(require(id, "identity_document"), "400  evidence[receipt]");
    EXPECT_EQ(require("file_none", "dispute_evidence"), "400 resource_missing evidence[receipt]");
    EXPECT_EQ(require(text(uploaded(pdf, foreign_), "id"), "dispute_evidence"),
              "400 resource_missing evidence[receipt]");
    EXPECT_EQ(require(text(uploaded(pdf, live_), "id"), "dispute_evidence"),
              "400 resource_missing evidence[receipt]");
}

}  // namespace
}  // namespace tests
