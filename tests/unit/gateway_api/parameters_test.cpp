// The texts and codes of faulty parameters, through the whole API.
#include "fixture.h"

namespace gateway::api {
namespace {

struct FaultCase {
    const char* path;
    const char* body;
    const char* fault;
};

class FaultyParameters : public ApiTest, public ::testing::WithParamInterface<FaultCase> {};

TEST_P(FaultyParameters, AreAnsweredAsTheContractSays) {
    const auto& given = GetParam();
    const auto response = post(given.path, given.body);
    EXPECT_THAT(fault(response), ::testing::StartsWith(given.fault));
    EXPECT_EQ(backend_.calls, 0) << "a faulty request changes nothing";
    EXPECT_EQ(response.headers.find("Stripe-Should-Retry"), "false");
    EXPECT_EQ(json(response).at("error").at("type"), "invalid_request_error");
}

constexpr auto* intents = "/v1/payment_intents";
constexpr auto* methods = "/v1/payment_methods";
constexpr auto* confirm = "/v1/payment_intents/pi_1/confirm";
constexpr auto* tokens = "/v1/tokens";
constexpr auto* confirmation_tokens = "/v1/test_helpers/confirmation_tokens";
constexpr auto* capture = "/v1/payment_intents/pi_1/capture";
constexpr auto* cancel = "/v1/payment_intents/pi_1/cancel";

INSTANTIATE_TEST_SUITE_P(
    Forms, FaultyParameters,
    ::testing::Values(
        FaultCase{intents, "amount=100&currency=eur&foo[bar]=1",
                  "400 parameter_unknown foo[bar]: Received unknown parameter: foo[bar]"},
        FaultCase{intents, "amount=100&currency=eur&b=1&a=2",
                  "400 parameter_unknown b: Received unknown parameters: b, a"},
        FaultCase{intents, "amount=x&bogus=1",
                  "400 parameter_unknown bogus: Received unknown parameter: bogus"},
        FaultCase{intents, "amount=100&currency=eur&shipping[name]=a&shipping[address][planet]=earth",
                  "400 parameter_unknown shipping[address][planet]: Received unknown parameter"},
        FaultCase{intents, "currency=eur", "400 parameter_missing amount: Missing required param: amount."},
        FaultCase{intents, "amount=100", "400 parameter_missing currency: Missing required param: currency."},
        FaultCase{intents, "amount=10.5&currency=eur",
                  "400 parameter_invalid_integer amount: Invalid integer: 10.5"},
        FaultCase{intents, "amount=1e3&currency=eur",
                  "400 parameter_invalid_integer amount: Invalid integer: 1e3"},
        FaultCase{intents, "amount=%2B5&currency=eur",
                  "400 parameter_invalid_integer amount: Invalid integer: +5"},
        FaultCase{intents, "amount=1,000&currency=eur",
                  "400 parameter_invalid_integer amount: Invalid integer: 1,000"},
        FaultCase{intents, "amount=99999999999999999999&currency=eur",
                  "400 parameter_invalid_integer amount: Invalid"},
        FaultCase{intents, "amount=-&currency=eur",
                  "400 parameter_invalid_integer amount: Invalid integer: -"},
        FaultCase{intents, "amount=0&currency=eur",
                  "400 parameter_invalid_integer amount: This value must be"},
        FaultCase{intents, "amount=-5&currency=eur",
                  "400 parameter_invalid_integer amount: This value must be"},
        FaultCase{intents, "amount[a]=5&currency=eur", "400 - amount: Invalid string"},
        FaultCase{intents, "amount=&currency=eur",
                  "400 parameter_invalid_empty amount: You passed an empty string for 'amount'."},
        FaultCase{intents, "amount=49&currency=eur", "400 amount_too_small amount: Amount must be at least"},
        FaultCase{intents, "amount=100000000&currency=eur",
                  "400 amount_too_large amount: Amount must be no more than"},
        FaultCase{intents, "amount=1001&currency=kwd", "400 invalid_charge_amount amount: Amounts in kwd"},
        FaultCase{intents, "amount=100&currency=zzz", "400 - currency: Invalid currency: zzz."},
        FaultCase{intents, "amount=100&currency=eur&confirm=yes", "400 - confirm: Invalid boolean: yes"},
        FaultCase{intents, "amount=100&currency=eur&capture_method=never",
                  "400 - capture_method: Invalid capture_method: must be one of automatic, automatic_async, "
                  "or manual"},
        FaultCase{intents, "amount=100&currency=eur&off_session=true",
                  "400 - off_session: The parameter `off_session` cannot be passed"},
        FaultCase{intents, "amount=100&currency=eur&return_url=https://a.example/",
                  "400 - return_url: The parameter `return_url` cannot be passed"},
        FaultCase{intents, "amount=100&currency=eur&confirm=true&return_url=nowhere",
                  "400 url_invalid return_url"},
        FaultCase{intents, "amount=100&currency=eur&confirm=true&return_url=JavaScript:alert(1)",
                  "400 url_invalid return_url"},
        FaultCase{intents, "amount=100&currency=eur&confirm=true&return_url=data:text/html,x",
                  "400 url_invalid return_url"},
        FaultCase{intents, "amount=100&currency=eur&excluded_payment_method_types[]=card",
                  "400 - excluded_payment_method_types[0]: Invalid"},
        FaultCase{intents, "amount=100&currency=eur&excluded_payment_method_types[]=seashells",
                  "400 - excluded_payment_method_types[0]: Invalid"},
        FaultCase{methods, "card[number]=4242424242424242", "400 parameter_missing type: "},
        FaultCase{intents, "amount=100&currency=eur&receipt_email=me", "400 email_invalid receipt_email"},
        FaultCase{intents, "amount=100&currency=eur&transfer_data[destination]=acct_1",
                  "400 parameter_unknown transfer_data: Received unknown parameter: transfer_data. It is not "
                  "supported by "
                  "this gateway."},
        FaultCase{intents, "amount=100&currency=eur&application_fee_amount=1",
                  "400 parameter_unknown application_fee_amount: "},
        FaultCase{intents, "amount=100&currency=eur&on_behalf_of=acct_1",
                  "400 parameter_unknown on_behalf_of: "},
        FaultCase{intents, "amount=100&currency=eur&payment_method_options[card][moto]=true",
                  "400 parameter_unknown payment_method_options[card][moto]: "},
        FaultCase{intents,
                  "amount=100&currency=eur&payment_method_options[card][three_d_secure][version]=2.2.0",
                  "400 parameter_unknown payment_method_options[card][three_d_secure]: "},
        FaultCase{intents, "amount=100&currency=eur&payment_method_options[sepa_debit][x]=1",
                  "400 parameter_unknown payment_method_options[sepa_debit]: Received unknown parameter: "
                  "payment_method_options[sepa_debit]. It is not supported"},
        FaultCase{intents, "amount=100&currency=eur&payment_method_types[]=sepa_debit",
                  "400 - payment_method_types[0]: Invalid"},
        FaultCase{intents, "amount=100&currency=eur&payment_method_types=card",
                  "400 - payment_method_types: Invalid array"},
        FaultCase{intents,
                  "amount=100&currency=eur&payment_method_types[]=card&allowed_payment_method_types[]=card",
                  "400 parameters_exclusive allowed_payment_method_types: You may only specify one of"},
        FaultCase{
            intents,
            "amount=100&currency=eur&payment_method_types[]=card&automatic_payment_methods[enabled]=true",
            "400 parameters_exclusive automatic_payment_methods: "},
        FaultCase{intents, "amount=100&currency=eur&automatic_payment_methods[allow_redirects]=never",
                  "400 parameter_missing automatic_payment_methods[enabled]: "},
        FaultCase{intents,
                  "amount=100&currency=eur&payment_method=pm_1&payment_method_data[type]=card&payment_method_"
                  "data[card]"
                  "[number]=1&payment_method_data[card][exp_month]=1&payment_method_data[card][exp_year]=1",
                  "400 parameters_exclusive payment_method: "},
        FaultCase{intents, "amount=100&currency=eur&statement_descriptor=SHOP",
                  "400 - statement_descriptor: "},
        FaultCase{intents, "amount=100&currency=eur&statement_descriptor_suffix=a*b",
                  "400 - statement_descriptor_suffix: "},
        FaultCase{intents, "amount=100&currency=eur&statement_descriptor_suffix=12345678901234567890123",
                  "400 - statement_descriptor_suffix: Invalid string"},
        FaultCase{intents, "amount=100&currency=eur&shipping[name]=x",
                  "400 parameter_missing shipping[address]: "},
        FaultCase{intents, "amount=100&currency=eur&shipping=x", "400 - shipping: Invalid object"},
        FaultCase{intents, "amount=100&currency=eur&expand[]=shoes",
                  "400 - expand: This property cannot be expanded (shoes)."},
        FaultCase{
            intents,
            "amount=100&currency=eur&expand[]=latest_charge.payment_intent.latest_charge.payment_intent.x",
            "400 - expand: This property cannot be expanded ("},
        FaultCase{intents, "amount=100&currency=eur&expand=latest_charge", "400 - expand: Invalid array"},
        FaultCase{intents, "amount=100&currency=eur&metadata[a][b]=1", "400 - metadata[a]: Invalid string"},
        FaultCase{intents, "amount=100&currency=eur&metadata=text", "400 - metadata: "},
        FaultCase{intents, "amount=100&currency=eur&metadata[]=text", "400 - metadata: "},
        FaultCase{intents, "amount=100&currency=eur&metadata[a2345678b012345678c012345678d0123456789e1]=x",
                  "400 - metadata[a2345678b01"},
        FaultCase{intents, "amount=100&currency=eur&key=abc", "400 parameter_unknown key: "},
        FaultCase{intents, "amount=100&currency=eur&payment_user_agent=js",
                  "400 parameter_unknown payment_user_agent: "},
        FaultCase{intents, "amount=%ff&currency=eur", "400 invalid_characters amount: "},
        FaultCase{intents, "amount=100&currency=eur&description=%00", "400 invalid_characters description: "},
        FaultCase{methods, "type=sepa_debit&sepa_debit[iban]=DE1", "400 parameter_unknown sepa_debit: "},
        FaultCase{methods, "type=card", "400 parameter_missing card: Missing required param: card."},
        FaultCase{methods, "type=card&card[exp_month]=1&card[exp_year]=2030",
                  "400 parameter_missing card[number]: Missing required param: card[number]."},
        FaultCase{methods, "type=card&card[token]=tok_visa&card[number]=4242424242424242",
                  "400 parameters_exclusive card[number]: "},
        FaultCase{confirm, "payment_method_data[type]=card&payment_method_data[card][exp_month]=1",
                  "400 parameter_missing payment_method_data[card][number]: "},
        FaultCase{tokens, "", "400 parameter_missing card: You must supply"},
        FaultCase{tokens, "card[number]=1&card[exp_month]=1&card[exp_year]=2030&cvc_update[cvc]=123",
                  "400 parameters_exclusive card: "},
        FaultCase{tokens, "card[exp_month]=1&card[exp_year]=2030", "400 parameter_missing card[number]: "},
        FaultCase{tokens, "cvc_update[cvc]=", "400 parameter_invalid_empty cvc_update[cvc]: "},
        FaultCase{tokens, "bank_account[country]=US", "400 parameter_missing bank_account[account_number]: "},
        FaultCase{tokens, "pii[id_number]=1", "400 parameter_unknown pii: "},
        FaultCase{tokens, "person[first_name]=x", "400 parameter_unknown person: "},
        FaultCase{tokens, "account[business_type]=x", "400 parameter_unknown account: "},
        FaultCase{confirmation_tokens, "return_url=https://shop.example/",
                  "400 parameter_missing payment_method_data: "},
        FaultCase{confirmation_tokens, "payment_method=pm_1&mandate_data[customer_acceptance][type]=online",
                  "400 parameter_unknown mandate_data[customer_acceptance][type]: "},
        FaultCase{confirmation_tokens,
                  "payment_method=pm_1&payment_method_data[type]=card&payment_method_data[card][token]=tok_1",
                  "400 parameters_exclusive payment_method: "},
        FaultCase{"/v1/ephemeral_keys", "", "400 parameter_missing customer: "},
        FaultCase{"/v1/ephemeral_keys", "customer=cus_1", "400 - -: An ephemeral key is made for"},
        FaultCase{"/v1/ephemeral_keys", "issuing_card=ic_1", "400 parameter_unknown issuing_card: "},
        FaultCase{intents, "amount=100&currency=eur&confirmation_token=ctoken_1",
                  "400 - confirmation_token: "},
        FaultCase{intents, "amount=100&currency=eur&payment_method_options[card][cvc_token]=tok_1",
                  "400 - payment_method_options[card][cvc_token]: "},
        FaultCase{methods, "type=card&card[number]=1&card[exp_month]=May&card[exp_year]=2030",
                  "400 parameter_invalid_integer card[exp_month]: Invalid integer: May"},
        FaultCase{methods, "customer=cus_1&payment_method=pm_1", "400 parameter_unknown customer: "},
        FaultCase{confirm, "capture_method=never", "400 - capture_method: Invalid capture_method: must be"},
        FaultCase{capture, "amount_to_capture=0", "400 parameter_invalid_integer amount_to_capture: "},
        FaultCase{capture, "transfer_data[amount]=1", "400 parameter_unknown transfer_data: "},
        FaultCase{cancel, "cancellation_reason=bored",
                  "400 - cancellation_reason: Invalid cancellation_reason: must be one of abandoned, "
                  "duplicate, fraudulent, "
                  "or requested_by_customer"}));

TEST_F(ApiTest, MetadataIsMeasuredInCharacters) {
    std::string value;
    for (int i = 0; i < 500; ++i)
        value += "%F0%9F%98%80";
    EXPECT_EQ(fault(post("/v1/payment_intents", "amount=100&currency=eur&metadata[a]=" + value)), "200");
    EXPECT_THAT(fault(post("/v1/payment_intents", "amount=100&currency=eur&metadata[a]=" + value + "x")),
                ::testing::StartsWith("400 - metadata[a]: "));
}

TEST_F(ApiTest, MetadataHoldsFiftyKeysAndNoMore) {
    std::string body = "amount=100&currency=eur";
    for (int i = 0; i < 50; ++i)
        body += "&metadata[k" + std::to_string(i) + "]=v";
    EXPECT_EQ(fault(post("/v1/payment_intents", body)), "200");
    EXPECT_EQ(backend_.created->intent.metadata.size(), 50u);
    EXPECT_THAT(fault(post("/v1/payment_intents", body + "&metadata[one_more]=v")),
                ::testing::StartsWith("400 - metadata: "));
}

TEST_F(ApiTest, MetadataKeysMayBeNumbers) {
    ASSERT_EQ(fault(post("/v1/payment_intents", "amount=100&currency=eur&metadata[6735]=a&metadata[2]=b")),
              "200");
    EXPECT_EQ(backend_.created->intent.metadata, (boost::json::object{{"2", "b"}, {"6735", "a"}}));
}

TEST_F(ApiTest, DescriptorSuffixSharesItsRoomWithThePrefix) {
    backend_.statement_descriptor = "SHOP";
    EXPECT_EQ(fault(post("/v1/payment_intents",
                         "amount=100&currency=eur&statement_descriptor_suffix=1234567890123456")),
              "200");
    EXPECT_THAT(fault(post("/v1/payment_intents",
                           "amount=100&currency=eur&statement_descriptor_suffix=12345678901234567")),
                ::testing::StartsWith("400 - statement_descriptor_suffix: "));
}

TEST_F(ApiTest, CreateHandsTheServiceWhatWasAsked) {
    const auto response =
        post("/v1/payment_intents",
             "amount=1999&currency=EUR&capture_method=manual&confirm=true&off_session=one_off&payment_method="
             "pm_card_visa"
             "&description=Caf%C3%A9&metadata[order]=1&metadata[empty]=&shipping[name]=J&shipping[address]["
             "line1]=S"
             "&payment_method_options[card][request_three_d_secure]=any&amount_details[tip][amount]=5"
             "&setup_future_usage=off_session&transfer_group=g&return_url=https://shop.example/"
             "back&expand[0]=latest_charge");
    ASSERT_EQ(fault(response), "200");
    const auto& created = *backend_.created;
    EXPECT_EQ(created.intent.amount, 1999);
    EXPECT_EQ(created.intent.currency.code(), "eur");
    EXPECT_EQ(created.intent.capture_method, CaptureMethod::manual);
    EXPECT_EQ(created.intent.description, "Caf\xC3\xA9");
    EXPECT_EQ(created.intent.payment_method, "pm_card_visa");
    EXPECT_EQ(created.intent.metadata, (boost::json::object{{"order", "1"}}));
    EXPECT_EQ(created.intent.shipping, (boost::json::object{{"name", "J"}, {"address", {{"line1", "S"}}}}));
    EXPECT_EQ(created.intent.payment_method_options,
              (boost::json::object{{"card", {{"request_three_d_secure", "any"}}}}));
    EXPECT_EQ(created.intent.echoed.at("amount_details"), (boost::json::object{{"tip", {{"amount", 5}}}}));
    EXPECT_EQ(created.intent.setup_future_usage, "off_session");
    EXPECT_EQ(created.intent.transfer_group, "g");
    ASSERT_TRUE(created.confirm);
    EXPECT_TRUE(created.confirm->off_session);
    EXPECT_EQ(created.confirm->return_url, "https://shop.example/back");
    EXPECT_EQ(backend_.last_call.expand, std::vector<std::string>{"latest_charge"});
}

TEST_F(ApiTest, CreateWithoutAChoiceOfMethodsTakesAllThatFit) {
    ASSERT_EQ(fault(post("/v1/payment_intents", "amount=100&currency=eur")), "200");
    EXPECT_EQ(backend_.created->intent.automatic_payment_methods,
              (boost::json::object{{"allow_redirects", "always"}, {"enabled", true}}));
    EXPECT_EQ(backend_.created->intent.capture_method, CaptureMethod::automatic_async);
    ASSERT_EQ(fault(post("/v1/payment_intents", "amount=100&currency=eur&payment_method_types[0]=card")),
              "200");
    EXPECT_FALSE(backend_.created->intent.automatic_payment_methods);
    ASSERT_EQ(
        fault(post("/v1/payment_intents", "amount=100&currency=eur&allowed_payment_method_types[0]=card")),
        "200");
    EXPECT_EQ(backend_.created->intent.allowed_payment_method_types, boost::json::array{"card"});
}

TEST_F(ApiTest, CardOptionsMayAskForManualCapture) {
    ASSERT_EQ(fault(post("/v1/payment_intents",
                         "amount=100&currency=eur&payment_method_options[card][capture_method]=manual")),
              "200");
    EXPECT_TRUE(captured_by_merchant(backend_.created->intent));
    EXPECT_EQ(backend_.created->intent.capture_method, CaptureMethod::automatic_async);
}

TEST_F(ApiTest, ConfirmHandsOnWhatIsToChange) {
    ASSERT_EQ(fault(post(confirm,
                         "receipt_email=&setup_future_usage=&shipping=&capture_method=manual"
                         "&payment_method_options[card][network]=visa&amount_details[tip][amount]=5"
                         "&payment_details=&excluded_payment_method_types[]=klarna")),
              "200");
    const auto& changes = *backend_.confirmed;
    for (const auto& text : {changes.receipt_email, changes.setup_future_usage})
        EXPECT_TRUE(text && !*text) << "given empty, so to be removed";
    EXPECT_TRUE(changes.shipping && !*changes.shipping);
    EXPECT_EQ(changes.capture_method, CaptureMethod::manual);
    EXPECT_EQ(changes.payment_method_options, (boost::json::object{{"card", {{"network", "visa"}}}}));
    EXPECT_EQ(changes.echoed, (boost::json::object{{"amount_details", {{"tip", {{"amount", 5}}}}},
                                                   {"excluded_payment_method_types", {"klarna"}},
                                                   {"payment_details", nullptr}}));

    ASSERT_EQ(fault(post(confirm, "receipt_email=a@b.example&shipping[name]=J&shipping[address][line1]=S")),
              "200");
    EXPECT_EQ(**backend_.confirmed->receipt_email, "a@b.example");
    EXPECT_EQ((**backend_.confirmed->shipping).at("name"), "J");
    EXPECT_FALSE(backend_.confirmed->setup_future_usage);
}

TEST_F(ApiTest, CaptureHandsOnWhatIsToChange) {
    ASSERT_EQ(fault(post(capture, "metadata[kept]=1&metadata[6735]=&payment_details[order_reference]=o")),
              "200");
    EXPECT_EQ(**backend_.captured->metadata, (boost::json::object{{"kept", "1"}, {"6735", nullptr}}));
    EXPECT_EQ(backend_.captured->echoed,
              (boost::json::object{{"payment_details", {{"order_reference", "o"}}}}));
    ASSERT_EQ(fault(post(capture, "metadata=")), "200");
    EXPECT_TRUE(backend_.captured->metadata && !*backend_.captured->metadata);
    ASSERT_EQ(fault(post(capture, "")), "200");
    EXPECT_FALSE(backend_.captured->metadata);
}

TEST_F(ApiTest, ExpiryBeyondAllCalendarsIsLeftToTheVaultToRefuse) {
    ASSERT_EQ(fault(post(methods,
                         "type=card&card[number]=4242424242424242&card[exp_month]=9223372036854775807"
                         "&card[exp_year]=-9223372036854775808")),
              "200");
    EXPECT_EQ(backend_.method.exp_month, 9999);
    EXPECT_EQ(backend_.method.exp_year, -1);
}

TEST_F(ApiTest, SessionOfTheFraudCheckIsHandedOn) {
    ASSERT_EQ(fault(post(methods, std::string{card} + "&radar_options[session]=rse_1")), "200");
    EXPECT_EQ(backend_.method.radar_session, "rse_1");
}

TEST_F(ApiTest, CardIsHandedOnAndNothingElseKeepsIt) {
    ASSERT_EQ(fault(post("/v1/payment_methods", std::string{card} + "&billing_details[email]=a@b.example")),
              "200");
    EXPECT_EQ(backend_.method.number.view(), "4242424242424242");
    EXPECT_EQ(backend_.method.cvc.view(), "123");
    EXPECT_EQ(backend_.method.exp_month, 12);
    EXPECT_EQ(backend_.method.exp_year, 2034);
    EXPECT_EQ(backend_.method.billing_details.email, "a@b.example");
}

TEST_F(ApiTest, CaptureAndCancelHandOnTheirParameters) {
    ASSERT_EQ(fault(post("/v1/payment_intents/pi_9/capture", "amount_to_capture=500&final_capture=false")),
              "200");
    EXPECT_EQ(backend_.last_id, "pi_9");
    EXPECT_EQ(backend_.captured->amount_to_capture, 500);
    EXPECT_FALSE(backend_.captured->final_capture);
    ASSERT_EQ(fault(post("/v1/payment_intents/pi_9/cancel", "cancellation_reason=duplicate")), "200");
    EXPECT_EQ(backend_.canceled->cancellation_reason, "duplicate");
    ASSERT_EQ(fault(post("/v1/payment_intents/pi_9/cancel", "")), "200");
    EXPECT_FALSE(backend_.canceled->cancellation_reason);
}

}  // namespace
}  // namespace gateway::api
