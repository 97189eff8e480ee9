// Parameters and keys of set-ups, through the whole API.
#include "fixture.h"

namespace gateway::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto* setups = "/v1/setup_intents";
constexpr auto* one_setup = "/v1/setup_intents/seti_1";
constexpr auto* confirm = "/v1/setup_intents/seti_1/confirm";
constexpr auto* cancel = "/v1/setup_intents/seti_1/cancel";

struct FaultCase {
    const char* path;
    const char* body;
    const char* fault;
};

class FaultySetups : public ApiTest, public ::testing::WithParamInterface<FaultCase> {};

TEST_P(FaultySetups, AreAnsweredAsTheContractSays) {
    EXPECT_THAT(fault(post(GetParam().path, GetParam().body)), StartsWith(GetParam().fault));
    EXPECT_EQ(backend_.calls, 0) << "a faulty request changes nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Forms, FaultySetups,
    ::testing::Values(
        FaultCase{setups, "amount=100", "400 parameter_unknown amount: Received unknown parameter: amount"},
        FaultCase{setups, "usage=monthly", "400 - usage: Invalid usage: must be"},
        FaultCase{setups, "single_use[amount]=1", "400 parameter_unknown single_use: "},
        FaultCase{setups, "attach_to_self=true", "400 parameter_unknown attach_to_self: "},
        FaultCase{setups, "flow_directions[]=inbound", "400 parameter_unknown flow_directions: "},
        FaultCase{setups, "on_behalf_of=acct_1", "400 parameter_unknown on_behalf_of: "},
        FaultCase{setups, "customer_account=acct_1", "400 parameter_unknown customer_account: "},
        FaultCase{setups, "payment_method_configuration=pmc_1",
                  "400 parameter_unknown payment_method_configuration: "},
        FaultCase{setups, "payment_method_options[card][moto]=true",
                  "400 parameter_unknown payment_method_options[card][moto]: "},
        FaultCase{setups, "payment_method_options[card][three_d_secure][version]=2.2.0",
                  "400 parameter_unknown payment_method_options[card][three_d_secure]: "},
        FaultCase{setups, "payment_method_types[]=card&allowed_payment_method_types[]=card",
                  "400 parameters_exclusive allowed_payment_method_types: "},
        FaultCase{setups, "payment_method_types[]=sepa_debit", "400 - payment_method_types[0]: Invalid"},
        FaultCase{setups, "automatic_payment_methods[allow_redirects]=never",
                  "400 parameter_missing automatic_payment_methods[enabled]: "},
        FaultCase{setups, "confirmation_token=ctoken_1",
                  "400 - confirmation_token: The parameter `confirmation_token` cannot be passed"},
        FaultCase{setups, "return_url=https://shop.example/", "400 - return_url: The parameter `return_url`"},
        FaultCase{setups, "confirm=false&mandate_data[customer_acceptance][type]=offline",
                  "400 - mandate_data: The parameter `mandate_data`"},
        FaultCase{setups, "confirm=true&return_url=nowhere", "400 url_invalid return_url: "},
        FaultCase{setups, "confirm=true&mandate_data[customer_acceptance][accepted_at]=1",
                  "400 parameter_missing mandate_data[customer_acceptance][type]: "},
        FaultCase{setups, "metadata[a][b]=1", "400 - metadata[a]: Invalid string"},
        FaultCase{setups, "expand[]=latest_charge", "400 - expand: This property cannot be expanded"},
        FaultCase{one_setup, "usage=on_session", "400 parameter_unknown usage: "},
        FaultCase{one_setup, "confirmation_token=ctoken_1", "400 parameter_unknown confirmation_token: "},
        FaultCase{one_setup, "flow_directions[]=inbound", "400 parameter_unknown flow_directions: "},
        FaultCase{confirm,
                  "payment_method=pm_1&payment_method_data[type]=card&payment_method_data[card][token]=tok_1",
                  "400 parameters_exclusive payment_method: "},
        FaultCase{confirm, "customer=cus_1", "400 parameter_unknown customer: "},
        FaultCase{cancel, "cancellation_reason=fraudulent",
                  "400 - cancellation_reason: Invalid cancellation_reason: must be one of abandoned, "
                  "duplicate, or requested_by_customer"}));

TEST_F(ApiTest, SetupsAreHandedOnAsTheyWereAsked) {
    ASSERT_EQ(fault(post(setups,
                         "customer=cus_1&payment_method=pm_1&usage=on_session&description=d&metadata[a]=1"
                         "&allowed_payment_method_types[]=card&excluded_payment_method_types[]=alipay"
                         "&payment_method_options[card][request_three_d_secure]=any&confirm=true"
                         "&return_url=https://shop.example/&mandate_data[customer_acceptance][type]=offline"
                         "&use_stripe_sdk=true")),
              "200");
    const auto& intent = backend_.setup_created->intent;
    EXPECT_EQ(intent.customer, "cus_1");
    EXPECT_EQ(intent.payment_method, "pm_1");
    EXPECT_EQ(intent.usage, "on_session");
    EXPECT_EQ(intent.description, "d");
    EXPECT_EQ(intent.return_url, "https://shop.example/");
    EXPECT_EQ(intent.metadata, (boost::json::object{{"a", "1"}}));
    EXPECT_EQ(intent.allowed_payment_method_types, (boost::json::array{"card"}));
    EXPECT_FALSE(intent.automatic_payment_methods);
    EXPECT_EQ(intent.payment_method_options,
              (boost::json::object{{"card", {{"request_three_d_secure", "any"}}}}));
    EXPECT_EQ(intent.echoed.at("mandate_data"),
              (boost::json::object{{"customer_acceptance", {{"type", "offline"}}}}));
    EXPECT_TRUE(backend_.setup_created->confirm);
    EXPECT_EQ(json(post(setups, "")).at("object"), "setup_intent");
    EXPECT_EQ(backend_.setup_created->intent.usage, "off_session");
    EXPECT_FALSE(backend_.setup_created->confirm);
    EXPECT_TRUE(backend_.setup_created->intent.automatic_payment_methods);
}

TEST_F(ApiTest, SetupsTakeConfirmationTokensBesideWhatTheySay) {
    const auto* body =
        "confirmation_token=ctoken_1&payment_method=pm_1&return_url=https://shop.example/"
        "&payment_method_options[card][network]=visa&mandate_data[customer_acceptance][type]=offline";
    const auto expect_all = [](const ConfirmSetup& input) {
        EXPECT_EQ(input.confirmation_token, "ctoken_1");
        EXPECT_EQ(input.payment_method, "pm_1");
        EXPECT_EQ(input.return_url, "https://shop.example/");
        EXPECT_EQ(input.payment_method_options, (boost::json::object{{"card", {{"network", "visa"}}}}));
        EXPECT_TRUE(input.echoed.contains("mandate_data"));
    };
    ASSERT_EQ(fault(post(setups, std::string{"confirm=true&"} + body)), "200");
    expect_all(backend_.setup_created->confirm.value());
    ASSERT_EQ(fault(post(confirm, body)), "200");
    expect_all(*backend_.setup_confirmed);
}

TEST_F(ApiTest, ChangesOfASetupTellWhatIsToGo) {
    ASSERT_EQ(fault(post(one_setup,
                         "payment_method=&description=&metadata[a]=&customer=cus_1"
                         "&allowed_payment_method_types[]=card")),
              "200");
    const auto& input = *backend_.setup_updated;
    ASSERT_TRUE(input.payment_method && input.description && input.metadata);
    EXPECT_FALSE(*input.payment_method);
    EXPECT_FALSE(*input.description);
    EXPECT_EQ(**input.metadata, (boost::json::object{{"a", nullptr}}));
    EXPECT_EQ(input.customer, "cus_1");
    EXPECT_EQ(input.allowed_payment_method_types, (boost::json::array{"card"}));
    ASSERT_EQ(fault(post(cancel, "cancellation_reason=duplicate")), "200");
    EXPECT_EQ(backend_.canceled->cancellation_reason, "duplicate");
}

TEST_F(ApiTest, BrowserConfirmsASetupAndSeesItReduced) {
    const auto response = post(confirm,
                               "client_secret=s&payment_method_data[type]=card"
                               "&payment_method_data[card][number]=4242424242424242"
                               "&payment_method_data[card][exp_month]=12"
                               "&payment_method_data[card][exp_year]=2034&guid=1&use_stripe_sdk=true",
                               {}, "pk_test_good");
    ASSERT_EQ(fault(response), "200");
    EXPECT_EQ(backend_.setup_confirmed->client_secret, "s");
    EXPECT_EQ(backend_.setup_confirmed->payment_method_data->number.view(), "4242424242424242");
    const auto setup = json(response);
    for (const auto* hidden : {"customer", "metadata", "latest_attempt", "payment_method_options", "mandate"})
        EXPECT_FALSE(setup.contains(hidden)) << hidden;
    for (const auto* shown : {"id", "client_secret", "status", "usage", "next_action", "last_setup_error"})
        EXPECT_TRUE(setup.contains(shown)) << shown;
    EXPECT_THAT(fault(post(confirm, "client_secret=s&expand[]=latest_attempt", {}, "pk_test_good")),
                StartsWith("400 - expand: "));
    EXPECT_EQ(fault(post(confirm, "client_secret=s&expand[]=payment_method", {}, "pk_test_good")), "200");
}

TEST_F(ApiTest, AttemptsAreListedOfOneSetupOnly) {
    EXPECT_THAT(fault(get("/v1/setup_attempts")),
                StartsWith("400 parameter_missing setup_intent: Missing required param: setup_intent."));
    EXPECT_EQ(fault(get("/v1/setup_attempts?setup_intent=seti_1&expand[]=data.payment_method"
                        "&expand[]=data.setup_intent.customer&created[gt]=5")),
              "200");
    EXPECT_THAT(fault(get("/v1/setup_intents?attach_to_self=true")),
                HasSubstr("not supported by this gateway"));
}

}  // namespace
}  // namespace gateway::api
