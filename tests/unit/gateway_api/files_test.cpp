// Uploads, contents and public links, as far as that is HTTP.
#include "fixture.h"
#include "gateway/api/routes.h"
#include "gateway/files/kinds.h"
#include "support/upload.h"

namespace gateway::api {
namespace {

using common::http::Method;
using ::testing::StartsWith;
using tests::multipart;
using tests::multipart_type;
using tests::pdf;

constexpr std::string_view png{"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x02\0\0\0", 29};

class Files : public ApiTest {
  protected:
    Response upload(std::string_view body, Headers more = {}, std::string_view key = "sk_test_good") {
        more.emplace_back("Content-Type", multipart_type);
        return post("/v1/files", body, std::move(more), key);
    }
    std::string digest_of(std::string_view body) {
        EXPECT_EQ(fault(upload(body)), "200");
        return backend_.last_call.idempotency.parameters;
    }
};

TEST_F(Files, AnUploadGetsAKeyForItsIdAccountAndMode) {
    EXPECT_EQ(fault(upload(multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf))), "200");
    ASSERT_EQ(backend_.keys.scopes.size(), 1U);
    EXPECT_EQ(backend_.keys.scopes[0].account, common::AccountId{1});
    EXPECT_FALSE(backend_.keys.scopes[0].livemode);
    EXPECT_THAT(backend_.keys.scopes[0].object, StartsWith("file_00000001"));
    EXPECT_EQ(fault(upload(multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf), {}, "sk_live_good")),
              "200");
    EXPECT_TRUE(backend_.keys.scopes[1].livemode);
    EXPECT_NE(backend_.keys.scopes[0].object, backend_.keys.scopes[1].object);
}

TEST_F(Files, WhatIsMissingOrWrongIsToldByParameter) {
    const auto body = [](std::string_view purpose) {
        return multipart({{"purpose", purpose}}, "a.pdf", pdf);
    };
    EXPECT_THAT(fault(upload(multipart({{"purpose", "dispute_evidence"}}))),
                StartsWith("400 parameter_missing file: Missing required param: file"));
    EXPECT_THAT(fault(upload(multipart({}, "a.pdf", pdf))), StartsWith("400 parameter_missing purpose: "));
    EXPECT_THAT(fault(post("/v1/files", "")), StartsWith("400 parameter_missing file: "));
    EXPECT_THAT(fault(upload(body("holiday"))), StartsWith("400 - purpose: "));
    EXPECT_THAT(fault(upload(body("finance_report_run"))), StartsWith("400 - purpose: "))
        << "those are made by the gateway";
    EXPECT_THAT(fault(upload(multipart({{"purpose", "dispute_evidence"}, {"color", "red"}}, "a.pdf", pdf))),
                StartsWith("400 parameter_unknown color: "));
    EXPECT_THAT(fault(upload(multipart({{"purpose", "dispute_evidence"}, {"file", "no file"}}))),
                StartsWith("400 - file: Invalid file"));
    EXPECT_THAT(fault(upload(multipart({{"purpose", "dispute_evidence"}, {"file_link_data[expires_at]", "5"}},
                                       "a.pdf", pdf))),
                StartsWith("400 parameter_missing file_link_data[create]: "));
    EXPECT_EQ(backend_.calls, 0);
    EXPECT_TRUE(backend_.keys.scopes.empty()) << "no key is made for what is refused";
}

TEST_F(Files, OnlyAMultipartBodyIsAnUpload) {
    for (const auto* type : {"application/x-www-form-urlencoded", "application/json", "application/pdf"})
        EXPECT_THAT(
            fault(post("/v1/files", "purpose=dispute_evidence&file=x", {{"Content-Type", type}})),
            StartsWith("400 - -: Invalid request: check that your POST content type is multipart/form-data"))
            << type;
    EXPECT_THAT(fault(post("/v1/files", "--limit--\r\n", {{"Content-Type", "multipart/form-data"}})),
                StartsWith("400 - -: The multipart/form-data body could not be read: "));
    EXPECT_EQ(fault(upload("no multipart")).substr(0, 3), "400");
    const auto elsewhere = post("/v1/payment_intents", multipart({{"amount", "100"}, {"currency", "eur"}}),
                                {{"Content-Type", multipart_type}});
    EXPECT_THAT(fault(elsewhere), StartsWith("400 - -: Invalid request: check that your POST content type is "
                                             "application/x-www-form-urlencoded"));
    EXPECT_EQ(backend_.calls, 0);
}

TEST_F(Files, OneFileIsSentInTheRightPart) {
    const auto fields = multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf);
    const auto second = fields.substr(fields.rfind("--limit\r\n"));
    const auto twice = fields.substr(0, fields.size() - std::string_view{"--limit--\r\n"}.size()) + second;
    EXPECT_THAT(fault(upload(twice)), StartsWith("400 - file: The only file"));
    auto elsewhere = fields;
    elsewhere.replace(elsewhere.find("name=\"file\""), 11, "name=\"paper\"");
    EXPECT_THAT(fault(upload(elsewhere)), StartsWith("400 - paper: The only file"));
    EXPECT_THAT(fault(upload(multipart({{"purpose", std::string(1024 * 1024, 'x')}}, "a.pdf", pdf))),
                StartsWith("400 - purpose: The fields of the form are too large."));
}

TEST_F(Files, SizeAndKindAreJudgedByTheContent) {
    const auto send = [&](std::string_view purpose, std::string_view name, std::string_view content) {
        return fault(upload(multipart({{"purpose", purpose}}, name, content)));
    };
    EXPECT_EQ(send("dispute_evidence", "picture.pdf", png), "200") << "a picture whatever its name says";
    EXPECT_THAT(send("dispute_evidence", "a.pdf", "MZ not a document"), StartsWith("400 - file: "));
    EXPECT_THAT(send("business_logo", "logo.png", pdf), StartsWith("400 - file: "));
    EXPECT_THAT(send("dispute_evidence", "a.pdf", ""), StartsWith("400 - file: The file is empty."));
    const auto large = std::string{pdf}.append(files::size_max, ' ');
    EXPECT_THAT(send("dispute_evidence", "a.pdf", large), StartsWith("400 - file: The file is too large"));
    const auto image = std::string{png}.append(std::size_t{512} * 1024, ' ');
    EXPECT_EQ(send("dispute_evidence", "a.png", image), "200");
    EXPECT_THAT(send("business_logo", "a.png", image), StartsWith("400 - file: The file is too large"));
}

TEST_F(Files, NoUploadIsAnsweredWith413) {
    EXPECT_GT(body_bytes_max(Method::post, "/v1/files"), files::size_max + 1024);
    EXPECT_EQ(body_bytes_max(Method::post, "/v1/file_links"), 1024U * 1024);
    const auto refusal = body_refusal(Method::post, "/v1/files");
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status(), 400);
    EXPECT_EQ(refusal->param(), "file");
    EXPECT_FALSE(body_refusal(Method::post, "/v1/payment_intents"));
    EXPECT_FALSE(body_refusal(Method::post, "/nowhere"));
}

TEST_F(Files, ContentAndNameCountForIdempotencyAndTheOrderOfPartsDoesNot) {
    const std::string other = std::string{pdf} + ' ';
    const auto digest = digest_of(multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf));
    EXPECT_EQ(digest_of(multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf)), digest);
    EXPECT_NE(digest_of(multipart({{"purpose", "dispute_evidence"}}, "a.pdf", other)), digest);
    EXPECT_NE(digest_of(multipart({{"purpose", "dispute_evidence"}}, "b.pdf", pdf)), digest);
    EXPECT_NE(digest_of(multipart({{"purpose", "identity_document"}}, "a.pdf", pdf)), digest);
    const auto file_first = multipart({}, "a.pdf", pdf);
    const auto swapped = file_first.substr(0, file_first.size() - std::string_view{"--limit--\r\n"}.size()) +
                         multipart({{"purpose", "dispute_evidence"}});
    EXPECT_EQ(digest_of(swapped), digest);
}

TEST_F(Files, AUsedKeyIsAnsweredWithoutTheVault) {
    backend_.used = common::Error{400, common::ErrorType::idempotency, "", "used"};
    const auto body = multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf);
    EXPECT_THAT(fault(upload(body, {{"Idempotency-Key", "k"}})), StartsWith("400 - -: used"));
    EXPECT_TRUE(backend_.keys.scopes.empty());
    EXPECT_EQ(backend_.calls, 0);
}

TEST_F(Files, WithoutAVaultNothingIsStoredAndTheRequestMayBeRepeated) {
    backend_.keys.away = true;
    const auto response = upload(multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf));
    EXPECT_THAT(fault(response), StartsWith("503 - -: "));
    EXPECT_EQ(response.headers.find("Stripe-Should-Retry"), "true");
    EXPECT_EQ(backend_.calls, 0);
}

TEST_F(Files, AnAddressWithoutItsProofOpensNothing) {
    const auto url = renderer_.files().of_link(sample_file_link().id);
    ASSERT_THAT(url, StartsWith("https://pay.example/links/link_00000001"));
    const auto path = url.substr(std::string_view{"https://pay.example"}.size());
    for (auto wrong :
         {path + "0", path.substr(0, path.size() - 1), path.substr(0, path.rfind('_')),
          path.substr(0, path.rfind('_') + 1), std::string{"/links/"}, std::string{"/links/_"}}) {
        const auto response = get(wrong, "");
        EXPECT_EQ(response.status, 404) << wrong;
        EXPECT_THAT(response.content_type, StartsWith("text/html"));
    }
    for (std::size_t at = std::string_view{"/links/"}.size(); at < path.size(); ++at) {
        auto wrong = path;
        wrong[at] = wrong[at] == '0' ? '1' : '0';
        EXPECT_EQ(get(wrong, "").status, 404) << wrong;
    }
    EXPECT_EQ(backend_.calls, 0) << "nobody looks for what was not proven";
    EXPECT_EQ(get(path, "").status, 200);
    EXPECT_EQ(backend_.calls, 1);
    EXPECT_EQ(backend_.authentications, 0);
    EXPECT_EQ(backend_.last_call.scope.account, common::AccountId{1});
}

TEST_F(Files, AnotherPepperGivesOtherAddresses) {
    const auto other = common::SecretBytes::copy_of(std::string_view{"another one of thirty-two bytes.."});
    const files::Urls urls{"https://pay.example", other};
    const auto url = urls.of_link(sample_file_link().id);
    EXPECT_NE(url, renderer_.files().of_link(sample_file_link().id));
    EXPECT_FALSE(renderer_.files().link_of(url.substr(19)));
    EXPECT_EQ(urls.link_of(url.substr(19)), sample_file_link().id);
}

TEST_F(Files, FaultsBehindALinkArePagesToo) {
    const auto path = renderer_.files().of_link(sample_file_link().id).substr(19);
    backend_.error = common::Error::unavailable("the database is away");
    const auto away = get(path, "");
    EXPECT_EQ(away.status, 503);
    EXPECT_THAT(away.content_type, StartsWith("text/html"));
    EXPECT_EQ(away.body.find("database"), std::string::npos);
    backend_.error.reset();
    int slowed = 0;
    for (int i = 0; i < 40; ++i)
        slowed += get(path, "").status == 429;
    EXPECT_GE(slowed, 15) << "an account's links are not fetched more than twenty times a second";
    EXPECT_EQ(route_label(Method::get, path), "/links/{link}");
}

}  // namespace
}  // namespace gateway::api
