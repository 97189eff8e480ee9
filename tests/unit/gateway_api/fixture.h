// The API in front of services that the test plays: requests go through the whole of api/, nothing else runs.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/api/api.h"
#include "samples.h"

namespace gateway::api {

// Plays the vault where files are concerned: its keys are all zeros.
class FakeKeys final : public files::KeyPort {
  public:
    common::Task<vault::DataKey> create_data_key(vault::DataKeyScope scope, common::Deadline) override {
        if (away) co_return common::Fail{common::Error::unavailable("the vault is away")};
        scopes.push_back(std::move(scope));
        co_return vault::DataKey{common::SecretBytes{32}, {"KEK-pii-v1", "AQID"}};
    }
    common::Task<common::SecretBytes> open_data_key(vault::DataKeyScope scope, vault::SealedDataKey,
                                                    common::Deadline) override {
        if (away) co_return common::Fail{common::Error::unavailable("the vault is away")};
        scopes.push_back(std::move(scope));
        co_return common::SecretBytes{32};
    }
    bool away = false;
    std::vector<vault::DataKeyScope> scopes;  // that it was asked for
};

// Remembers what reached it and answers with the samples.
class FakeBackend final : public Backend {
  public:
    explicit FakeBackend(const JsonRenderer& renderer) : renderer_{&renderer} {}

    common::Task<Caller> authenticate(std::string_view key) override {
        ++authentications;
        Caller caller;
        caller.account.id = common::AccountId{1};
        caller.account.statement_descriptor = statement_descriptor;
        caller.account.raw_card_data_live = raw_card_data_live;
        caller.livemode = key.find("_live_") != key.npos;
        caller.key_id = "key_1";
        caller.permissions = permissions;
        if (key.starts_with("pk_")) caller.kind = KeyKind::publishable;
        if (key.starts_with("rk_")) caller.kind = KeyKind::restricted;
        if (key.starts_with("ek_")) {
            caller.kind = KeyKind::ephemeral;
            caller.customer = "cus_own";
        }
        if (key.ends_with("_good")) co_return caller;
        co_return common::Fail{common::Error{401,
                                             common::ErrorType::invalid_request,
                                             "",
                                             "Invalid API Key provided: {}",
                                             {common::Safe::param("sk_test_***1234")}}};
    }
    common::Task<std::optional<StoredResponse>> look(Call call) override {
        last_call = call;
        if (used) co_return common::Fail{*used};
        co_return std::nullopt;
    }
    common::Task<StoredResponse> create_payment_method(Call call, NewPaymentMethod input) override {
        ++calls;
        last_call = call;
        method = std::move(input);
        const auto made = sample_method();
        co_return answered(&made, call);
    }
    common::Task<StoredResponse> create_token(Call call, NewToken input) override {
        token.emplace(std::move(input));
        return told(std::move(call));
    }
    common::Task<StoredResponse> create_confirmation_token(Call call, NewConfirmationToken input) override {
        confirmation_token.emplace(std::move(input));
        return told(std::move(call));
    }
    common::Task<StoredResponse> attach_method(Call call, std::string id, std::string) override {
        last_id = id;
        return told(std::move(call));
    }
    common::Task<StoredResponse> update_intent(Call call, std::string id, UpdateIntent input) override {
        last_id = id;
        updated.emplace(std::move(input));
        return told(std::move(call));
    }
    common::Task<StoredResponse> create_intent(Call call, CreateIntent input) override {
        ++calls;
        last_call = call;
        created.emplace(std::move(input));
        co_return outcome(call);
    }
    common::Task<StoredResponse> confirm_intent(Call call, std::string id, ConfirmIntent input) override {
        ++calls;
        last_call = call;
        last_id = id;
        confirmed.emplace(std::move(input));
        co_return outcome(call);
    }
    common::Task<StoredResponse> capture_intent(Call call, std::string id, CaptureIntent input) override {
        ++calls;
        last_call = call;
        last_id = id;
        captured.emplace(std::move(input));
        co_return outcome(call);
    }
    common::Task<StoredResponse> create_refund(Call call, NewRefund input) override {
        refund = std::move(input);
        return told(std::move(call));
    }
    common::Task<StoredResponse> increase_intent(Call call, std::string id, IncreaseIntent input) override {
        last_id = id;
        increased = std::move(input);
        return told(std::move(call));
    }
    common::Task<StoredResponse> cancel_intent(Call call, std::string id, CancelIntent input) override {
        ++calls;
        last_call = call;
        last_id = id;
        canceled.emplace(std::move(input));
        co_return outcome(call);
    }
    common::Task<StoredResponse> create_setup(Call call, CreateSetup input) override {
        setup_created.emplace(std::move(input));
        return told(std::move(call), &setup);
    }
    common::Task<StoredResponse> update_setup(Call call, std::string id, UpdateSetup input) override {
        last_id = id;
        setup_updated.emplace(std::move(input));
        return told(std::move(call), &setup);
    }
    common::Task<StoredResponse> confirm_setup(Call call, std::string id, ConfirmSetup input) override {
        last_id = id;
        setup_confirmed.emplace(std::move(input));
        return told(std::move(call), &setup);
    }
    common::Task<StoredResponse> cancel_setup(Call call, std::string id, CancelIntent input) override {
        last_id = id;
        canceled.emplace(std::move(input));
        return told(std::move(call), &setup);
    }
    common::Task<StoredResponse> change(Call call, Account, Job) override { return told(std::move(call)); }
    common::Task<StoredResponse> read(Call call, Account, Job) override { return told(std::move(call)); }
    common::Task<StoredResponse> told(Call call, ObjectRef object) {
        ++calls;
        last_call = call;
        co_return outcome(call, object);
    }
    common::Task<StoredResponse> told(Call call) { return told(std::move(call), &view); }
    const webhooks::Desk& webhooks() const override {
        static const auto pepper =
            common::SecretBytes::copy_of(std::string_view{"pepper of the test, 32 characters"});
        static const webhooks::Secrets secrets{pepper};
        static const webhooks::Desk desk{&secrets, {}};
        return desk;
    }
    files::KeyPort& file_keys() override { return keys; }
    const BankNumbers& bank_numbers() const override {
        static const BankNumbers numbers{
            common::SecretBytes::copy_of(std::string_view{"pepper of the test, 32 characters"})};
        return numbers;
    }
    common::SecretText text_of(const EphemeralKey& key) const override {
        return common::SecretText{"ek_test_of_" + key.id};
    }
    void forget(const EphemeralKey& key) override { forgotten = key.id; }
    const payouts::Terms& payouts() const override {
        static const payouts::Terms terms;
        return terms;
    }
    boost::asio::awaitable<Readiness> readiness(common::Deadline) override { co_return ready; }

    common::Result<StoredResponse> outcome(const Call& call) const { return outcome(call, &view); }
    common::Result<StoredResponse> outcome(const Call& call, const ObjectRef& object) const {
        if (throws) throw std::runtime_error{"4242424242424242"};
        if (error) return common::Fail{*error};
        if (stored) return *stored;
        return answered(object, call);
    }

    StoredResponse answered(const ObjectRef& object, const Call& call) const {
        StoredResponse response;
        response.body = boost::json::serialize(renderer_->object(object, call));
        response.original_request = call.request_id;
        return response;
    }

    FakeKeys keys;
    int authentications = 0, calls = 0;
    std::vector<std::string> permissions;
    std::string statement_descriptor, last_id, forgotten;
    bool raw_card_data_live = false, throws = false;
    Readiness ready{true, true};
    PaymentView view{sample_intent(), sample_method(), sample_charge()};
    SetupView setup{sample_setup(), {}};
    std::optional<common::Error> error, used;
    std::optional<StoredResponse> stored;
    NewRefund refund;
    IncreaseIntent increased;
    Call last_call;
    NewPaymentMethod method;
    std::optional<NewToken> token;
    std::optional<NewConfirmationToken> confirmation_token;
    std::optional<CreateIntent> created;
    std::optional<CreateSetup> setup_created;
    std::optional<UpdateSetup> setup_updated;
    std::optional<ConfirmSetup> setup_confirmed;
    std::optional<ConfirmIntent> confirmed;
    std::optional<UpdateIntent> updated;
    std::optional<CaptureIntent> captured;
    std::optional<CancelIntent> canceled;

  private:
    const JsonRenderer* renderer_;
};

class ApiTest : public ::testing::Test {
  protected:
    using Response = common::http::Response;
    using Headers = std::vector<std::pair<std::string, std::string>>;

    Response send(common::http::Method method, std::string_view target, std::string_view body = {},
                  Headers headers = {}, std::string_view key = "sk_test_good") {
        common::http::Request request;
        request.method = method;
        const auto mark = target.find('?');
        request.path = target.substr(0, mark);
        request.query = mark == target.npos ? "" : target.substr(mark + 1);
        request.body = common::SecretText{body};
        request.request_id = "req_0123456789abcdefgh";
        request.peer_address = peer_;
        if (!key.empty()) request.headers.set("Authorization", "Bearer " + std::string{key});
        if (!body.empty()) request.headers.set("Content-Type", "application/x-www-form-urlencoded");
        for (const auto& [name, value] : headers)
            request.headers.set(name, value);
        boost::asio::io_context io{1};
        auto answer = boost::asio::co_spawn(io, api_.handle(request), boost::asio::use_future);
        io.run();
        return answer.get();
    }
    Response post(std::string_view target, std::string_view body, Headers headers = {},
                  std::string_view key = "sk_test_good") {
        return send(common::http::Method::post, target, body, std::move(headers), key);
    }
    Response get(std::string_view target, std::string_view key = "sk_test_good", Headers headers = {}) {
        return send(common::http::Method::get, target, {}, std::move(headers), key);
    }
    static boost::json::object json(const Response& response) {
        return boost::json::parse(response.body).as_object();
    }
    // "400 code param: message"
    static std::string fault(const Response& response) {
        const auto body = json(response);
        if (!body.contains("error")) return std::to_string(response.status);
        const auto& error = body.at("error").as_object();
        const auto text = [&](const char* name) {
            const auto* value = error.if_contains(name);
            return value ? std::string{value->as_string()} : std::string{"-"};
        };
        return std::to_string(response.status) + " " + text("code") + " " + text("param") + ": " +
               text("message");
    }

    std::string peer_ = "192.0.2.1";
    common::Metrics metrics_;
    const common::SecretBytes pepper_ =
        common::SecretBytes::copy_of(std::string_view{"pepper of the test, 32 characters"});
    common::ManualClock clock_{common::TimePoint{std::chrono::seconds{1790000100}}};
    JsonRenderer renderer_{"https://pay.example", "", pepper_, clock_};
    FakeBackend backend_{renderer_};
    Limits limits_{{.live = 0}};
    std::array<std::uint8_t, 32> digest_key_{1, 2, 3};
    Api api_{backend_, limits_, renderer_, digest_key_, metrics_};
    static constexpr auto* card =
        "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123";
};

}  // namespace gateway::api
