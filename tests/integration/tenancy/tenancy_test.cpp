// Row-level security as the second wall between merchants. In this program the first one is down: a query
// names the account of the object's id (paging.cpp, PORTCULLIS_ACCOUNT_OF_ID), as if code had forgotten whose
// key it was. What the transaction has entered is still the caller's account.
#include "gateway/store/balance_transactions.h"
#include "gateway/store/customers.h"
#include "gateway/store/files.h"
#include "gateway/store/payments.h"
#include "gateway/store/refunds.h"
#include "gateway/store/webhooks.h"
#include "support/postgres.h"
#include "world.h"

namespace tests {
namespace {

using gateway::store::Transaction;

class Tenancy : public World {
  protected:
    template <class T>
    T new_object(const char* prefix) {
        T object;
        object.id = common::new_id(prefix, strict);
        object.scope = scope_of(strict);
        gateway::set_time(object, clock.now().time_since_epoch().count());
        return object;
    }
    template <class T>
    bool finds(common::AccountId entered, const gateway::Scope& scope, const std::string& id) {
        return as(entered,
                  [&](Transaction& tx) -> Result<bool> {
                      const bool found = gateway::store::find<T>(tx, scope, id).has_value();
                      EXPECT_EQ(gateway::store::lock<T>(tx, scope, id).has_value(), found);
                      EXPECT_EQ(gateway::store::find_all<T>(tx, scope, {id}).size(), found ? 1U : 0U);
                      return found;
                  })
            .value();
    }

    // The object belongs to `strict`; `account` tries everything with it. `change` alters its row.
    template <class T, class Change>
    void expect_walled(const T& object, Change change) {
        using gateway::store::Shape;
        SCOPED_TRACE(Shape<T>::table);
        ASSERT_TRUE(as(strict, [&](Transaction& tx) -> Result<bool> {
            gateway::store::insert(tx, object);
            return true;
        }));
        ASSERT_TRUE(finds<T>(strict, scope_of(account), object.id)) << "the first wall is not down";
        EXPECT_FALSE(finds<T>(account, scope_of(account), object.id));
        EXPECT_FALSE(finds<T>(account, scope_of(strict), object.id));

        const auto listed = as(account, [&](Transaction& tx) -> Result<std::size_t> {
            auto page = gateway::store::list<T>(tx, scope_of(strict), {});
            return page ? Result<std::size_t>{page->items.size()}
                        : Result<std::size_t>{common::Fail{page.error()}};
        });
        EXPECT_EQ(listed.value(), 0U);

        const auto before = row_of(Shape<T>::table, object.id);
        ASSERT_FALSE(before.empty());
        auto altered = object;
        change(altered);
        (void)as(account, [&](Transaction& tx) -> Result<bool> {
            gateway::store::update(tx, altered);
            return true;
        });
        EXPECT_EQ(row_of(Shape<T>::table, object.id), before) << "another merchant changed it";
        (void)as(account, [&](Transaction& tx) -> Result<bool> {
            gateway::store::remove<T>(tx, scope_of(account), object.id);
            return true;
        });
        EXPECT_EQ(row_of(Shape<T>::table, object.id), before) << "another merchant removed it";
        const auto written = as(account, [&](Transaction& tx) -> Result<bool> {
            auto forged = object;
            forged.id.back() = forged.id.back() == 'x' ? 'y' : 'x';
            gateway::store::insert(tx, forged);
            return true;
        });
        EXPECT_FALSE(written) << "a row was written for another merchant";
        const auto changed = as(strict, [&](Transaction& tx) -> Result<bool> {
            gateway::store::update(tx, altered);
            return true;
        });
        EXPECT_TRUE(changed) << changed.error().describe();
        EXPECT_NE(row_of(Shape<T>::table, object.id), before) << "the owner could not change it either";
    }

    static std::string row_of(const std::string& table, const std::string& id) {
        pqxx::connection connection{Postgres::instance().url("gateway_test")};
        pqxx::nontransaction work{connection};
        const auto rows = work.exec("SELECT t::text FROM " + table + " AS t WHERE id = " + work.quote(id));
        return rows.empty() ? "" : rows[0][0].as<std::string>();
    }
};

TEST_F(Tenancy, HidesThePartsOfAPaymentFromOtherMerchants) {
    expect_walled(new_object<gateway::Customer>("cus_"), [](auto& customer) { customer.name = "Mallory"; });
    const auto method = new_object<gateway::PaymentMethod>("pm_");
    expect_walled(method, [](auto& other) { other.card.brand = "amex"; });
    auto intent = new_object<gateway::PaymentIntent>("pi_");
    intent.amount = 1000;
    expect_walled(intent, [](auto& other) { other.description = "Mallory's"; });
    auto charge = new_object<gateway::Charge>("ch_");
    charge.amount = charge.amount_authorized = charge.amount_captured = 1000;
    charge.payment_intent = intent.id;
    expect_walled(charge, [](auto& other) { other.refunds = 1000; });
    auto refund = new_object<gateway::Refund>("re_");
    refund.amount = 10;
    refund.charge = charge.id;
    expect_walled(refund, [](auto& other) { other.reason = "duplicate"; });
}

// What the service's role may not change at all has no change to try.
TEST_F(Tenancy, HidesWhatIsNeverChangedToo) {
    auto transaction = new_object<gateway::BalanceTransaction>("txn_");
    transaction.amount = transaction.net = 100;
    ASSERT_TRUE(as(strict, [&](Transaction& tx) -> Result<bool> {
        gateway::store::insert(tx, transaction);
        return true;
    }));
    EXPECT_TRUE(finds<gateway::BalanceTransaction>(strict, scope_of(account), transaction.id));
    EXPECT_FALSE(finds<gateway::BalanceTransaction>(account, scope_of(strict), transaction.id));
}

TEST_F(Tenancy, HidesFilesTheirContentsAndLinks) {
    using gateway::File;
    const auto file = new_object<File>("file_");
    const common::crypto::Bytes sealed(28);
    ASSERT_TRUE(as(strict, [&](Transaction& tx) -> Result<bool> {
        gateway::store::insert(tx, file);
        gateway::store::insert_content(tx, file, sealed);
        return true;
    }));
    const auto seen = [&](common::AccountId entered) {
        return as(entered,
                  [&](Transaction& tx) -> Result<int> {
                      const auto found = gateway::store::find<File>(tx, scope_of(account), file.id);
                      const auto content = gateway::store::content_of(tx, file);
                      return (found ? 1 : 0) + (content ? 2 : 0);
                  })
            .value();
    };
    EXPECT_EQ(seen(strict), 3) << "the first wall is not down";
    EXPECT_EQ(seen(account), 0);
    EXPECT_FALSE(as(account, [&](Transaction& tx) -> Result<bool> {
        auto forged = file;
        forged.id.back() = forged.id.back() == 'x' ? 'y' : 'x';
        gateway::store::insert(tx, forged);
        return true;
    })) << "a row was written for another merchant";
    auto link = new_object<gateway::FileLink>("link_");
    link.file = file.id;
    expect_walled(link, [](auto& other) { other.expires_at = 1; });
}

TEST_F(Tenancy, AnswersEveryUseCaseAsIfTheObjectDidNotExist) {
    auto foreign = call();
    foreign.scope = scope_of(strict);
    auto input = intent(1000, gateway::CaptureMethod::manual);
    const auto made = run(service->create_intent(foreign, std::move(input)));
    const std::string id{json_of(made.value()).at("id").as_string()};
    const auto missing = [&](const Result<StoredResponse>& answer) {
        ASSERT_TRUE(answer) << answer.error().describe();
        EXPECT_GE(answer->status, 400);
        EXPECT_EQ(json_of(*answer).at("error").at("code"), "resource_missing") << answer->body;
    };
    missing(run(service->confirm_intent(call("", "/v1/confirm"), id, with_card())));
    missing(run(service->update_intent(call("", "/v1/update"), id, {})));
    missing(run(service->capture_intent(call("", "/v1/capture"), id, {})));
    missing(run(service->cancel_intent(call("", "/v1/cancel"), id, {})));
    gateway::NewRefund refund;
    refund.payment_intent = id;
    missing(run(service->create_refund(call("", "/v1/refunds"), refund)));
    EXPECT_EQ(vault.authorizations, 0);
}

}  // namespace
}  // namespace tests
