// The OpenAPI document against the table that it is made of.
#include "gateway/api/openapi.h"

#include "fixture.h"

namespace gateway::api {
namespace {

boost::json::object document() {
    return boost::json::parse(openapi_document()).as_object();
}

std::string lower(std::string_view text) {
    std::string result;
    for (const char c : text)
        result.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    return result;
}

TEST_F(ApiTest, EveryRouteStandsInTheOpenApiDocumentWithItsPermission) {
    const auto made = document();
    const auto& paths = made.at("paths").as_object();
    std::size_t operations = 0;
    for (const auto& path : paths)
        operations += path.value().as_object().size();
    EXPECT_EQ(operations, routes().size());
    for (const Route& route : routes()) {
        const auto& operation = paths.at(route.pattern).at(lower(to_string(route.method))).as_object();
        const std::string wanted =
            std::string{route.resource} + (route.right == Right::write ? ":write" : ":read");
        EXPECT_EQ(operation.at("x-permission"), boost::json::string_view{wanted}) << route.pattern;
        EXPECT_EQ(operation.at("x-publishable-key").as_bool(), route.callers.publishable);
    }
}

TEST_F(ApiTest, OpenApiDocumentShowsTypesLimitsAndWhatIsRequired) {
    const auto made = document();
    const auto& body = made.at("paths")
                           .at("/v1/payment_intents")
                           .at("post")
                           .at("requestBody")
                           .at("content")
                           .at("application/x-www-form-urlencoded");
    const auto& schema = body.at("schema").as_object();
    EXPECT_EQ(schema.at("required"), (boost::json::array{"amount", "currency"}));
    const auto& properties = schema.at("properties").as_object();
    EXPECT_EQ(properties.at("amount").at("type"), "integer");
    EXPECT_EQ(properties.at("capture_method").at("enum"),
              (boost::json::array{"automatic", "automatic_async", "manual"}));
    EXPECT_FALSE(properties.contains("transfer_data")) << "what is refused is not offered";
    EXPECT_EQ(body.at("encoding").at("shipping").at("style"), "deepObject");
}

TEST_F(ApiTest, OpenApiDocumentSaysWhereFilesTravel) {
    const auto made = document();
    const auto& paths = made.at("paths").as_object();
    const auto& upload = paths.at("/v1/files").at("post").at("requestBody").at("content").as_object();
    EXPECT_EQ(upload.size(), 1U);
    const auto& schema = upload.at("multipart/form-data").at("schema");
    EXPECT_EQ(schema.at("properties").at("file").at("contentMediaType"), "application/octet-stream");
    EXPECT_EQ(schema.at("required"), (boost::json::array{"file", "purpose"}));
    EXPECT_TRUE(paths.at("/v1/files/{id}/contents")
                    .at("get")
                    .at("responses")
                    .at("200")
                    .at("content")
                    .as_object()
                    .contains("application/octet-stream"));
}

TEST_F(ApiTest, OpenApiDocumentIsServedWithoutAKey) {
    const auto response = get(openapi_path, "");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, openapi_document());
}

TEST_F(ApiTest, AnAccountIsShownToItsOwnKeyOnly) {
    const auto own = common::public_account_id(common::AccountId{1});
    EXPECT_EQ(get("/v1/account").status, 200);
    EXPECT_EQ(get("/v1/accounts/" + own).status, 200);
    EXPECT_EQ(backend_.calls, 0) << "nothing is read";
    EXPECT_EQ(get("/v1/account?expand[]=external_accounts").status, 200);
    EXPECT_EQ(backend_.calls, 1);
    EXPECT_THAT(fault(get("/v1/accounts/acct_other")), ::testing::StartsWith("403 account_invalid -: "));
    EXPECT_THAT(fault(get("/v1/account", "pk_test_good")), ::testing::StartsWith("403 secret_key_required"));
    EXPECT_EQ(backend_.calls, 1);
}

}  // namespace
}  // namespace gateway::api
