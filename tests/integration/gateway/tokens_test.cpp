// Tokens, confirmation tokens and ephemeral keys: used once, in time, and given back when nothing happened.
#include "gateway/store/tokens.h"

#include "gateway/store/customers.h"
#include "gateway/store/ephemeral_keys.h"
#include "gateway/store/payments.h"
#include "gateway/store/setups.h"
#include "gateway/tokens/bank_account_token.h"
#include "world.h"

namespace tests {
namespace {

using gateway::CaptureMethod;
using gateway::IntentStatus;
using gateway::TokenType;

class Tokens : public World {
  protected:
    static std::string id_of(const Result<StoredResponse>& response) {
        if (!response || response->status != 200)
            throw std::runtime_error{response ? response->body : response.error().describe()};
        return std::string{json_of(*response).at("id").as_string()};
    }
    static std::string fault(const Result<StoredResponse>& response) {
        if (!response) return response.error().describe();
        if (response->status < 400) return std::to_string(response->status);
        const auto error = json_of(*response).at("error").as_object();
        const auto text = [&](const char* name) {
            const auto* value = error.if_contains(name);
            return value ? std::string{value->as_string()} : std::string{"-"};
        };
        return std::to_string(response->status) + " " + text("code") + " " + text("param");
    }
    static gateway::NewToken card() {
        gateway::NewToken input;
        input.card.number = common::SecretText{std::string_view{"4242424242424242"}};
        input.card.cvc = common::SecretText{std::string_view{"123"}};
        input.card.billing_details.name = "Jenny Rosen";
        input.card.billing_details.address = boost::json::object{{"postal_code", "10115"}};
        return input;
    }
    std::string card_token() { return id_of(run(service->create_token(call(), card()))); }
    std::string code_token() {
        gateway::NewToken input;
        input.type = TokenType::cvc_update;
        input.card.cvc = common::SecretText{std::string_view{"314"}};
        return id_of(run(service->create_token(call(), std::move(input))));
    }
    static gateway::NewPaymentMethod of_token(std::string token) {
        gateway::NewPaymentMethod data;
        data.token = std::move(token);
        data.token_param = "card[token]";
        return data;
    }
    auto method_of(const std::string& token) {
        return service->create_payment_method(call(), of_token(token));
    }
    std::string confirmation_token() {
        gateway::NewConfirmationToken input;
        input.token.return_url = "https://shop.example/token";
        input.token.setup_future_usage = "off_session";
        input.token.shipping = boost::json::object{{"name", "By token"}};
        input.token.mandate_data = boost::json::object{{"customer_acceptance", {{"type", "online"}}}};
        input.payment_method_data.emplace();
        input.payment_method_data->number = common::SecretText{std::string_view{"4242424242424242"}};
        return id_of(run(service->create_confirmation_token(call(), std::move(input))));
    }
    static gateway::ConfirmIntent with(std::string confirmation_token) {
        gateway::ConfirmIntent input;
        input.confirmation_token = std::move(confirmation_token);
        return input;
    }
    template <class T>
    T stored(const std::string& id) {
        return as(account,
                  [&](gateway::store::Transaction& tx) -> Result<T> {
                      return gateway::store::require<T>(tx, scope_of(account), id);
                  })
            .value();
    }
    bool used(const std::string& token) { return stored<gateway::Token>(token).used; }
    std::optional<std::string> used_for(const std::string& token) {
        return stored<gateway::ConfirmationToken>(token).payment_intent;
    }
    std::optional<std::string> used_for_setup(const std::string& token) {
        return stored<gateway::ConfirmationToken>(token).setup_intent;
    }
    static gateway::ConfirmSetup setup_with(std::string confirmation_token) {
        gateway::ConfirmSetup input;
        input.confirmation_token = std::move(confirmation_token);
        return input;
    }
    std::string new_setup() { return id_of(run(service->create_setup(call(), {}))); }
    gateway::SetupIntent setup_of(const std::string& id) { return stored<gateway::SetupIntent>(id); }
};

TEST_F(Tokens, OfACardMakeOnePaymentMethod) {
    const auto token = card_token();
    EXPECT_FALSE(used(token));
    const auto made = run(method_of(token));
    ASSERT_EQ(fault(made), "200");
    const auto method = json_of(*made);
    EXPECT_EQ(method.at("card").at("last4"), "4242");
    EXPECT_EQ(method.at("billing_details").at("name"), "Jenny Rosen");
    EXPECT_EQ(method.at("billing_details").at("address").at("postal_code"), "10115");
    EXPECT_TRUE(used(token));
    EXPECT_EQ(fault(run(method_of(token))), "400 token_already_used card[token]");
    EXPECT_EQ(vault.cards, 1);
}

TEST_F(Tokens, LeaveTheNameThatTheRequestGives) {
    auto data = of_token(card_token());
    data.billing_details.name = "Somebody else";
    const auto made = run(service->create_payment_method(call(), std::move(data)));
    ASSERT_EQ(fault(made), "200");
    EXPECT_EQ(json_of(*made).at("billing_details").at("name"), "Somebody else");
}

TEST_F(Tokens, AreUsedOnceByTwentyAtTheSameTime) {
    const auto token = card_token();
    std::vector<Task<StoredResponse>> uses;
    for (int i = 0; i < 20; ++i)
        uses.push_back(method_of(token));
    int made = 0, refused = 0;
    for (const auto& outcome : run_all(std::move(uses))) {
        made += fault(outcome) == "200";
        refused += fault(outcome) == "400 token_already_used card[token]";
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(refused, 19);
    EXPECT_EQ(
        count("SELECT count(*) FROM payment_methods WHERE account_id = " + std::to_string(account.value)), 1);
}

TEST_F(Tokens, AreGoodForAnHour) {
    const auto in_time = card_token(), late = card_token();
    clock.advance(std::chrono::seconds{3599});
    EXPECT_EQ(fault(run(method_of(in_time))), "200");
    clock.advance(std::chrono::seconds{1});
    EXPECT_EQ(fault(run(method_of(late))), "400 expired_payment_method card[token]");
    EXPECT_FALSE(used(late));
}

TEST_F(Tokens, OfNobodyAndOfOthersAreNotFound) {
    for (const auto& id :
         {std::string{"tok_unknown"}, common::new_id("tok_", account), common::new_id("tok_", strict)})
        EXPECT_EQ(fault(run(method_of(id))), "400 resource_missing card[token]") << id;
}

TEST_F(Tokens, OfTheSandboxTableAreTemplatesThatAreNeverUsedUp) {
    EXPECT_EQ(fault(run(method_of("tok_visa"))), "200");
    EXPECT_EQ(fault(run(method_of("tok_visa"))), "200");
    EXPECT_EQ(fault(run(method_of("tok_chargeDeclinedIncorrectCvc"))), "200") << "as long as an id of ours";
    EXPECT_EQ(vault.sandbox_ids.back(), "tok_chargeDeclinedIncorrectCvc");
    auto live = call();
    live.scope.livemode = true;
    EXPECT_EQ(fault(run(service->create_payment_method(live, of_token("tok_visa")))),
              "400 resource_missing card[token]");
}

TEST_F(Tokens, OfAnotherTypeAreRefused) {
    EXPECT_EQ(fault(run(method_of(code_token()))), "400 - card[token]");
}

TEST_F(Tokens, AreMadeOnceByARepeatedRequest) {
    const auto first = run(service->create_token(call("k", "/v1/tokens"), card()));
    const auto again = run(service->create_token(call("k", "/v1/tokens"), card()));
    EXPECT_EQ(id_of(first), id_of(again));
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(vault.cards, 1);
}

TEST_F(Tokens, StayUnusedWhenTheRequestIsRefused) {
    const auto token = card_token();
    const auto id = new_intent();
    gateway::ConfirmIntent input;
    input.payment_method_data = of_token(token);
    input.amount_to_confirm = 1;
    EXPECT_EQ(fault(run(service->confirm_intent(call(), id, std::move(input)))), "400 - amount_to_confirm");
    EXPECT_FALSE(used(token));
}

TEST_F(Tokens, OfASecurityCodeBringItToTheAcquirerAndNowhereElse) {
    const auto token = code_token();
    auto input = with_card();
    input.cvc_token = token;
    ASSERT_EQ(fault(run(service->confirm_intent(call(), new_intent(), std::move(input)))), "200");
    EXPECT_EQ(vault.authorized_codes.back(), "cvc_alone");
    EXPECT_TRUE(used(token));
    EXPECT_EQ(count("SELECT count(*) FROM tokens WHERE document::text LIKE '%314%'"), 0);
    auto again = with_card();
    again.cvc_token = token;
    EXPECT_EQ(fault(run(service->confirm_intent(call(), new_intent(), std::move(again)))),
              "400 token_already_used payment_method_options[card][cvc_token]");
    expect_consistent();
}

TEST_F(Tokens, AreGivenBackWhenTheConfirmationCouldNotBeSent) {
    const auto card = card_token(), code = code_token(), confirmation = confirmation_token();
    const auto id = new_intent();
    const auto confirm_with_all = [&](const char* key) {
        gateway::ConfirmIntent input = with(confirmation);
        input.payment_method_data = of_token(card);
        input.cvc_token = code;
        return run(service->confirm_intent(call(key, "/v1/confirm"), id, std::move(input)));
    };
    vault.authorize_mode = FakeVault::Mode::unavailable;
    ASSERT_FALSE(confirm_with_all("k"));
    EXPECT_FALSE(used(card));
    EXPECT_FALSE(used(code));
    EXPECT_FALSE(used_for(confirmation));

    vault.authorize_mode = FakeVault::Mode::normal;
    ASSERT_EQ(fault(confirm_with_all("k")), "200");
    EXPECT_TRUE(used(card));
    EXPECT_TRUE(used(code));
    EXPECT_EQ(used_for(confirmation), id);
    recover();
    EXPECT_TRUE(used(card)) << "what was taken back before gives nothing back any more";
    EXPECT_EQ(used_for(confirmation), id);
    expect_consistent();
}

TEST_F(Tokens, AreGivenBackByAPaymentThatWasNeverMade) {
    const auto token = confirmation_token();
    auto input = intent(1000, CaptureMethod::automatic_async);
    input.confirm = with(token);
    vault.authorize_mode = FakeVault::Mode::unavailable;
    ASSERT_FALSE(run(service->create_intent(call(), std::move(input))));
    EXPECT_FALSE(used_for(token));
    vault.authorize_mode = FakeVault::Mode::normal;
    input = intent(1000, CaptureMethod::automatic_async);
    input.confirm = with(token);
    const auto made = run(service->create_intent(call(), std::move(input)));
    ASSERT_EQ(fault(made), "200");
    EXPECT_EQ(used_for(token), id_of(made));
}

TEST_F(Tokens, OfAConfirmationFillInWhatItDoesNotSay) {
    const auto token = confirmation_token();
    const auto id = new_intent();
    auto input = with(token);
    input.shipping.emplace(boost::json::object{{"name", "By request"}});
    ASSERT_EQ(fault(run(service->confirm_intent(call(), id, std::move(input)))), "200");
    const auto paid = find(id);
    EXPECT_EQ(paid.intent.status, IntentStatus::succeeded);
    EXPECT_EQ(paid.intent.shipping->at("name"), "By request");
    EXPECT_EQ(paid.intent.return_url, "https://shop.example/token");
    EXPECT_EQ(paid.intent.setup_future_usage, "off_session");
    EXPECT_TRUE(paid.intent.echoed.contains("mandate_data"));
    EXPECT_EQ(paid.method->card.last4, "4242");
    EXPECT_EQ(used_for(token), id);
    EXPECT_EQ(fault(run(service->confirm_intent(call(), new_intent(), with(token)))),
              "400 token_already_used confirmation_token");
    expect_consistent();
}

TEST_F(Tokens, OfAConfirmationGiveWayToTheMethodOfTheRequest) {
    const auto token = confirmation_token();
    const auto method = id_of(run(method_of("tok_visa")));
    const auto id = new_intent();
    auto input = with(token);
    input.payment_method = method;
    ASSERT_EQ(fault(run(service->confirm_intent(call(), id, std::move(input)))), "200");
    EXPECT_EQ(find(id).intent.payment_method, method);
    EXPECT_EQ(used_for(token), id);

    auto at_once = intent(1000, CaptureMethod::automatic_async);
    at_once.intent.payment_method = id_of(run(method_of("tok_visa")));
    at_once.confirm = with(confirmation_token());
    const auto wanted = at_once.intent.payment_method;
    const auto made = run(service->create_intent(call(), std::move(at_once)));
    ASSERT_EQ(fault(made), "200");
    EXPECT_EQ(find(id_of(made)).intent.payment_method, wanted);
}

TEST_F(Tokens, OfAConfirmationNameAMethodThatIsThere) {
    const auto method = id_of(run(method_of("tok_visa")));
    gateway::NewConfirmationToken made_of;
    made_of.token.payment_method = method;
    const auto token = id_of(run(service->create_confirmation_token(call(), std::move(made_of))));
    auto input = intent(1000, CaptureMethod::automatic_async);
    input.confirm = with(token);
    const auto made = run(service->create_intent(call(), std::move(input)));
    ASSERT_EQ(fault(made), "200");
    EXPECT_EQ(json_of(*made).at("payment_method").as_string(), method);
}

TEST_F(Tokens, OfAConfirmationAreGoodForTwelveHours) {
    const auto in_time = confirmation_token(), late = confirmation_token();
    clock.advance(std::chrono::hours{12} - std::chrono::seconds{1});
    EXPECT_EQ(fault(run(service->confirm_intent(call(), new_intent(), with(in_time)))), "200");
    clock.advance(std::chrono::seconds{1});
    EXPECT_EQ(fault(run(service->confirm_intent(call(), new_intent(), with(late)))),
              "400 expired_payment_method confirmation_token");
    EXPECT_EQ(fault(run(service->confirm_intent(call(), new_intent(), with("ctoken_1")))),
              "400 resource_missing confirmation_token");
}

TEST_F(Tokens, OfAConfirmationPayOneOfTwentyIntents) {
    const auto token = confirmation_token();
    std::vector<Task<StoredResponse>> uses;
    for (int i = 0; i < 20; ++i)
        uses.push_back(service->confirm_intent(call(), new_intent(), with(token)));
    int paid = 0, refused = 0;
    for (const auto& outcome : run_all(std::move(uses))) {
        paid += fault(outcome) == "200";
        refused += fault(outcome) == "400 token_already_used confirmation_token";
    }
    EXPECT_EQ(paid, 1);
    EXPECT_EQ(refused, 19);
    EXPECT_EQ(vault.authorizations, 1);
    expect_consistent();
}

TEST_F(Tokens, OfAConfirmationThatWasRefusedOrDeclinedAreUsedOnlyByTheDecline) {
    const auto token = confirmation_token();
    const auto id = new_intent();
    auto wrong = with(token);
    wrong.amount_to_confirm = 1;
    EXPECT_EQ(fault(run(service->confirm_intent(call(), id, std::move(wrong)))), "400 - amount_to_confirm");
    EXPECT_FALSE(used_for(token));
    vault.authorize_code = "05";
    EXPECT_EQ(run(service->confirm_intent(call(), id, with(token)))->status, 402);
    EXPECT_EQ(used_for(token), id);
    expect_consistent();
}

TEST_F(Tokens, OfAConfirmationSurviveACrashWithTheirPayment) {
    const auto token = confirmation_token();
    const auto id = new_intent();
    vault.authorize_mode = FakeVault::Mode::hang_after;
    run_until_hanging_and_crash(service->confirm_intent(call("k", "/v1/confirm"), id, with(token)));
    EXPECT_EQ(used_for(token), id);
    EXPECT_GE(recover(), 1);
    EXPECT_EQ(find(id).intent.status, IntentStatus::succeeded);
    EXPECT_EQ(fault(run(service->confirm_intent(call(), new_intent(), with(token)))),
              "400 token_already_used confirmation_token");
    EXPECT_EQ(vault.authorizations, 1);
    expect_consistent();
}

// — confirmation tokens for set-ups —

TEST_F(Tokens, OfAConfirmationSetACardUpOnce) {
    const auto token = confirmation_token();
    const auto id = new_setup();
    ASSERT_EQ(fault(run(service->confirm_setup(call(), id, setup_with(token)))), "200");
    const auto setup = setup_of(id);
    EXPECT_EQ(setup.status, gateway::SetupStatus::succeeded);
    EXPECT_EQ(setup.return_url, "https://shop.example/token");
    EXPECT_TRUE(setup.echoed.contains("mandate_data"));
    EXPECT_EQ(stored<gateway::PaymentMethod>(setup.payment_method.value()).card.last4, "4242");
    EXPECT_EQ(used_for_setup(token), id);
    EXPECT_FALSE(used_for(token));
    EXPECT_EQ(fault(run(service->confirm_setup(call(), new_setup(), setup_with(token)))),
              "400 token_already_used confirmation_token");
    EXPECT_EQ(fault(run(service->confirm_intent(call(), new_intent(), with(token)))),
              "400 token_already_used confirmation_token");
    EXPECT_EQ(fault(run(service->confirm_setup(call(), new_setup(), setup_with("ctoken_1")))),
              "400 resource_missing confirmation_token");
    expect_consistent();
}

TEST_F(Tokens, OfAConfirmationGiveWayToWhatTheSetupSays) {
    const auto confirm_new = [&](const std::string& method) {
        gateway::CreateSetup input;
        input.intent.payment_method = method;
        input.intent.return_url = "https://shop.example/request";
        input.confirm = setup_with(confirmation_token());
        input.confirm->return_url = input.intent.return_url;
        return run(service->create_setup(call(), std::move(input)));
    };
    const auto method = id_of(run(method_of("tok_visa")));
    const auto made = confirm_new(method);
    ASSERT_EQ(fault(made), "200");
    EXPECT_EQ(setup_of(id_of(made)).payment_method, method);
    EXPECT_EQ(setup_of(id_of(made)).return_url, "https://shop.example/request");

    const auto open = new_setup(), token = confirmation_token();
    auto input = setup_with(token);
    input.payment_method = id_of(run(method_of("tok_visa")));
    const auto wanted = input.payment_method;
    ASSERT_EQ(fault(run(service->confirm_setup(call(), open, std::move(input)))), "200");
    EXPECT_EQ(setup_of(open).payment_method, wanted);
    EXPECT_EQ(used_for_setup(token), open);
}

TEST_F(Tokens, AreGivenBackByASetupThatWasTakenBack) {
    const auto card = card_token(), code = code_token(), confirmation = confirmation_token();
    const auto id = new_setup();
    const auto confirm = [&] {
        auto input = setup_with(confirmation);
        input.payment_method_data = of_token(card);
        input.cvc_token = code;
        return run(service->confirm_setup(call("k", "/v1/confirm"), id, std::move(input)));
    };
    vault.authorize_mode = FakeVault::Mode::unavailable;
    ASSERT_FALSE(confirm());
    EXPECT_FALSE(used(card));
    EXPECT_FALSE(used(code));
    EXPECT_FALSE(used_for_setup(confirmation));
    vault.authorize_mode = FakeVault::Mode::normal;
    ASSERT_EQ(fault(confirm()), "200");
    recover();
    EXPECT_TRUE(used(card)) << "what was taken back before gives nothing back any more";
    EXPECT_TRUE(used(code));
    EXPECT_EQ(used_for_setup(confirmation), id);
    expect_consistent();
}

TEST_F(Tokens, AreGivenBackByASetupThatWasNeverMade) {
    const auto token = confirmation_token();
    const auto confirm_new = [&] {
        gateway::CreateSetup input;
        input.confirm = setup_with(token);
        return run(service->create_setup(call(), std::move(input)));
    };
    vault.authorize_mode = FakeVault::Mode::unavailable;
    ASSERT_FALSE(confirm_new());
    EXPECT_FALSE(used_for_setup(token));
    vault.authorize_mode = FakeVault::Mode::normal;
    const auto made = confirm_new();
    ASSERT_EQ(fault(made), "200");
    EXPECT_EQ(used_for_setup(token), id_of(made));
}

TEST_F(Tokens, OfAConfirmationServeOneOfTenPaymentsAndTenSetups) {
    const auto token = confirmation_token();
    std::vector<Task<StoredResponse>> uses;
    for (int i = 0; i < 10; ++i) {
        uses.push_back(service->confirm_setup(call(), new_setup(), setup_with(token)));
        uses.push_back(service->confirm_intent(call(), new_intent(), with(token)));
    }
    int done = 0, refused = 0;
    for (const auto& outcome : run_all(std::move(uses))) {
        done += fault(outcome) == "200";
        refused += fault(outcome) == "400 token_already_used confirmation_token";
    }
    EXPECT_EQ(done, 1);
    EXPECT_EQ(refused, 19);
    EXPECT_NE(used_for(token).has_value(), used_for_setup(token).has_value());
    expect_consistent();
}

TEST_F(Tokens, OfAConfirmationAreUsedByTheDeclineOfASetup) {
    const auto token = confirmation_token();
    const auto id = new_setup();
    vault.authorize_code = "05";
    EXPECT_EQ(run(service->confirm_setup(call(), id, setup_with(token)))->status, 402);
    EXPECT_EQ(used_for_setup(token), id);
}

// — bank accounts —

class BankAccounts : public Tokens {
  protected:
    Result<StoredResponse> make(gateway::NewBankAccount input) {
        gateway::Account merchant;
        merchant.id = account;
        const auto held = std::make_shared<gateway::NewBankAccount>(std::move(input));
        return run(
            works.change(call(), merchant, [this, held](gateway::Work& work) -> Result<boost::json::object> {
                const auto token = gateway::tokens::create(work, numbers, *held);
                if (!token) return common::Fail{token.error()};
                return work.show(&*token);
            }));
    }
    static gateway::NewBankAccount bank(std::string_view country, std::string_view number,
                                        std::optional<std::string> routing = std::nullopt) {
        gateway::NewBankAccount input;
        input.number = common::SecretText{number};
        input.country = country;
        input.routing_number = std::move(routing);
        return input;
    }
    gateway::Works works{*pool, renderer, clock};
    gateway::BankNumbers numbers{
        common::SecretBytes::copy_of(std::string_view{"pepper of thirty-two characters."})};
};

TEST_F(BankAccounts, AreKeptWithoutTheirNumberInPlain) {
    const auto made = make(bank("US", "000123456789", "110000000"));
    ASSERT_EQ(fault(made), "200");
    const auto shown = json_of(*made).at("bank_account").as_object();
    EXPECT_EQ(shown.at("last4"), "6789");
    EXPECT_EQ(shown.at("routing_number"), "110000000");
    EXPECT_EQ(shown.at("currency"), "eur");
    EXPECT_EQ(made->body.find("000123456789"), std::string::npos);
    EXPECT_EQ(count("SELECT count(*) FROM tokens WHERE document::text LIKE '%00123456789%'"), 0);

    const auto kept = stored<gateway::Token>(id_of(made)).bank_account.value();
    EXPECT_EQ(numbers.open(kept)->view(), "000123456789");
    auto moved = kept;
    moved.id = "ba_another";
    EXPECT_FALSE(numbers.open(moved)) << "sealed for one bank account only";
}

TEST_F(BankAccounts, HaveAFingerprintForEachNumberAndMode) {
    const auto print = [&](const char* number) {
        return stored<gateway::Token>(id_of(make(bank("US", number, "110000000")))).bank_account->fingerprint;
    };
    EXPECT_EQ(print("000123456789"), print("0001 2345 6789"));
    EXPECT_NE(print("000123456789"), print("000111111116"));
    const auto kept = stored<gateway::Token>(id_of(make(bank("US", "000123456789", "110000000"))));
    auto live = *kept.bank_account;
    live.scope = {account, true};
    numbers.seal(live, common::SecretText{"000123456789"});
    EXPECT_NE(live.fingerprint, kept.bank_account->fingerprint);
}

TEST_F(BankAccounts, AreJudgedByTheirNumbers) {
    EXPECT_EQ(fault(make(bank("DE", "DE89 3704 0044 0532 0130 00"))), "200");
    EXPECT_EQ(fault(make(bank("DE", "DE88370400440532013000"))),
              "400 account_number_invalid bank_account[account_number]");
    EXPECT_EQ(fault(make(bank("US", "12", "110000000"))),
              "400 account_number_invalid bank_account[account_number]");
    EXPECT_EQ(fault(make(bank("US", "000123456789", "110000001"))),
              "400 routing_number_invalid bank_account[routing_number]");
    EXPECT_EQ(fault(make(bank("US", "000123456789"))), "400 parameter_missing bank_account[routing_number]");
    EXPECT_EQ(fault(make(bank("U1", "000123456789"))), "400 country_code_invalid bank_account[country]");
}

// — ephemeral keys —

class EphemeralKeys : public World {
  protected:
    gateway::EphemeralKey make() {
        gateway::EphemeralKey key;
        key.id = gateway::new_ephemeral_key_id(account);
        key.scope = scope_of(account);
        gateway::set_time(key, clock.now().time_since_epoch().count());
        key.customer = customer;
        key.expires_at = key.created + gateway::ephemeral_key_life_seconds;
        as(account, [&](gateway::store::Transaction& tx) -> Result<bool> {
            if (!gateway::store::find<gateway::Customer>(tx, key.scope, customer)) {
                gateway::Customer owner;
                owner.id = customer;
                owner.scope = key.scope;
                gateway::store::insert(tx, owner);
            }
            gateway::store::insert(tx, key);
            return true;
        }).value();
        return key;
    }
    Result<gateway::Caller> present(std::string_view text) { return run(merchants->authenticate(text)); }
    std::string customer = common::new_id("cus_", account);
};

TEST_F(EphemeralKeys, SpeakForOneCustomerForAnHour) {
    const auto key = make();
    const auto text = merchants->text_of(key);
    EXPECT_TRUE(text.view().starts_with("ek_test_"));
    const auto caller = present(text.view());
    ASSERT_TRUE(caller) << caller.error().describe();
    EXPECT_EQ(caller->kind, gateway::KeyKind::ephemeral);
    EXPECT_EQ(caller->customer, customer);
    EXPECT_FALSE(caller->livemode);
    EXPECT_EQ(count("SELECT count(*) FROM ephemeral_keys WHERE document::text LIKE '%" +
                    std::string{text.view().substr(text.size() - 38, 32)} + "%'"),
              0);
    clock.advance(std::chrono::seconds{3599});
    EXPECT_TRUE(present(text.view()));
    clock.advance(std::chrono::seconds{1});
    EXPECT_EQ(present(text.view()).error().code(), "api_key_expired");
}

TEST_F(EphemeralKeys, EndWhenTheyAreForgotten) {
    const auto key = make();
    const auto text = merchants->text_of(key);
    ASSERT_TRUE(present(text.view()));
    as(account, [&](gateway::store::Transaction& tx) -> Result<bool> {
        gateway::store::remove<gateway::EphemeralKey>(tx, key.scope, key.id);
        return true;
    }).value();
    merchants->forget(key);
    EXPECT_EQ(present(text.view()).error().status(), 401);
}

TEST_F(EphemeralKeys, AreRefusedWithAnotherSecretOrMode) {
    const auto key = make();
    auto other = make();
    const std::string text{merchants->text_of(key).view()};
    const auto forged = text.substr(0, 29) + std::string{merchants->text_of(other).view().substr(29, 32)};
    EXPECT_EQ(present(forged + common::checksum62(forged)).error().status(), 401);
    auto live = key;
    live.scope.livemode = true;
    EXPECT_EQ(present(merchants->text_of(live).view()).error().status(), 401);
}

}  // namespace
}  // namespace tests
