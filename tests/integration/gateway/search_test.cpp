// What a search finds in PostgreSQL is what reading all rows one by one would find, by an index where it can
// be.
#include "gateway/store/search.h"

#include <filesystem>

#include "common/db/migrate.h"
#include "gateway/store/customers.h"
#include "gateway/store/payments.h"
#include "support/postgres.h"
#include "support/random_query.h"
#include "world.h"

namespace tests {
namespace {

using namespace gateway::search;
using gateway::store::SearchRequest;

constexpr int rows_of_each = 120, queries_of_each = 400;

// A row by the names of its fields; what is absent is null.
struct Row {
    std::string id;
    std::int64_t position = 0;
    std::map<std::string, Value> values;
    std::map<std::string, Value> metadata;

    std::string text(const std::string& field) const { return std::get<std::string>(values.at(field)); }
    std::int64_t number(const std::string& field) const { return std::get<std::int64_t>(values.at(field)); }
    int small(const std::string& field) const { return static_cast<int>(number(field)); }
    std::optional<std::string> optional_text(const std::string& field) const {
        return values.contains(field) ? std::optional{text(field)} : std::nullopt;
    }
    boost::json::object metadata_document() const {
        boost::json::object out;
        for (const auto& [key, value] : metadata)
            out[key] = std::get<std::string>(value);
        return out;
    }
};

// PostgreSQL's own folding when the locale is C, as in the tests' cluster.
std::string folded(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

bool in_order(std::int64_t found, Operator op, std::int64_t wanted) {
    switch (op) {
        case Operator::greater:
            return found > wanted;
        case Operator::greater_or_equal:
            return found >= wanted;
        case Operator::less:
            return found < wanted;
        case Operator::less_or_equal:
            return found <= wanted;
        case Operator::equal:
        case Operator::contains:
            break;
    }
    return found == wanted;
}

bool fits(const Value& found, const Clause& clause) {
    if (found.index() != clause.value.index()) return false;
    if (const auto* number = std::get_if<std::int64_t>(&found))
        return in_order(*number, clause.op, std::get<std::int64_t>(clause.value));
    if (clause.field.kind != Kind::text || std::holds_alternative<std::monostate>(found))
        return found == clause.value;
    const auto text = folded(std::get<std::string>(found));
    const auto wanted = folded(std::get<std::string>(clause.value));
    return clause.op == Operator::contains ? text.find(wanted) != text.npos : text == wanted;
}

bool finds(const Query& query, const Row& row) {
    const auto holds = [&](const Clause& clause) {
        const bool in_metadata = clause.field.kind == Kind::metadata;
        const auto& values = in_metadata ? row.metadata : row.values;
        const auto found = values.find(in_metadata ? clause.key : std::string{clause.field.name});
        return fits(found == values.end() ? Value{} : found->second, clause) != clause.negated;
    };
    return query.join == Join::all ? std::ranges::all_of(query.clauses, holds)
                                   : std::ranges::any_of(query.clauses, holds);
}

SearchRequest request_for(std::string_view text, Resource resource, int limit = 1000) {
    SearchRequest request;
    request.resource = resource;
    request.query = parse(text, fields_of(resource)).value();
    request.limit = limit;
    return request;
}

class Search : public World {
  protected:
    Row random_row(Resource resource, std::string_view prefix) {
        Row row;
        row.id = common::new_id(prefix, account);
        for (const auto& field : fields_of(resource)) {
            const bool may_be_absent = field.name == "customer" || resource == Resource::customers;
            if (field.kind == Kind::metadata ||
                (may_be_absent && field.name != "created" && random.below(3) == 0))
                continue;
            auto value = random.value(field);
            while (field.name == "status" && !is_status(resource, std::get<std::string>(value)))
                value = random.value(field);
            // The card's details leave empty texts out.
            if (resource == Resource::charges && value == Value{""}) continue;
            row.values[std::string{field.name}] = std::move(value);
        }
        for (auto left = random.below(4); left > 0; --left)
            row.metadata[random.key()] = random.text();
        row.position = row.number("created") * 1'000'000 + ++rows_made;
        return row;
    }

    static bool is_status(Resource resource, std::string_view text) {
        if (resource == Resource::payment_intents) return gateway::intent_status_of(text).has_value();
        return text == "pending" || text == "succeeded" || text == "failed";
    }

    void stamp(gateway::Object& object, const Row& row) const {
        object.id = row.id;
        object.scope = scope_of(account);
        object.created = row.number("created");
        object.position = row.position;
    }

    template <class T, class Write>
    void write(const T& object, Write by) {
        const auto done = as(object.scope.account, [&](gateway::store::Transaction& tx) -> Result<bool> {
            by(tx, object);
            return true;
        });
        ASSERT_TRUE(done) << done.error().describe();
    }
    template <class T>
    void keep(const T& object) {
        write(object, [](auto& tx, const T& one) { gateway::store::insert(tx, one); });
    }
    template <class T>
    void change(const T& object) {
        write(object, [](auto& tx, const T& one) { gateway::store::update(tx, one); });
    }

    void keep_intent(const Row& row) {
        gateway::PaymentIntent intent;
        stamp(intent, row);
        intent.amount = row.number("amount");
        intent.currency = common::Currency::find(row.text("currency")).value();
        intent.customer = row.optional_text("customer");
        intent.status = gateway::intent_status_of(row.text("status")).value();
        intent.metadata = row.metadata_document();
        keep(intent);
    }

    void keep_charge(const Row& row, const std::string& intent) {
        const std::string card = "payment_method_details.card.";
        gateway::Charge charge;
        stamp(charge, row);
        charge.payment_intent = intent;
        charge.amount = row.number("amount");
        charge.currency = common::Currency::find(row.text("currency")).value();
        charge.customer = row.optional_text("customer");
        ASSERT_TRUE(boost::describe::enum_from_string(row.text("status").c_str(), charge.status));
        charge.disputed = std::get<bool>(row.values.at("disputed"));
        charge.refunded = std::get<bool>(row.values.at("refunded"));
        charge.metadata = row.metadata_document();
        charge.card.brand = row.optional_text(card + "brand").value_or("");
        charge.card.exp_month = row.small(card + "exp_month");
        charge.card.exp_year = row.small(card + "exp_year");
        charge.card.fingerprint = row.optional_text(card + "fingerprint").value_or("");
        charge.card.last4 = row.optional_text(card + "last4").value_or("");
        keep(charge);
    }

    void keep_customer(const Row& row) {
        gateway::Customer customer;
        stamp(customer, row);
        customer.email = row.optional_text("email");
        customer.name = row.optional_text("name");
        customer.phone = row.optional_text("phone");
        customer.metadata = row.metadata_document();
        keep(customer);
    }

    // Those that intents may refer to.
    void keep_customers_of_intents() {
        for (const auto* id : {"cus_1", "cus_2", "cus_3"})
            keep(customer_of(id, {}));
    }

    gateway::Customer customer_of(const std::string& id, boost::json::object metadata) {
        gateway::Customer customer;
        customer.id = id;
        customer.scope = scope_of(account);
        set_time(customer, 1'790'000'000'000 + ++rows_made);
        customer.metadata = std::move(metadata);
        return customer;
    }

    Result<gateway::store::FoundIds> find_in(common::AccountId id, const SearchRequest& request) {
        return as(id, [&](gateway::store::Transaction& tx) {
            return gateway::store::find_ids(tx, scope_of(id), request);
        });
    }
    std::vector<std::string> ids(std::string_view text, Resource resource = Resource::customers) {
        return find_in(account, request_for(text, resource)).value().ids;
    }
    // Page by page.
    std::vector<std::string> paged(SearchRequest request, int limit) {
        request.limit = limit;
        std::vector<std::string> all;
        do {
            const auto page = find_in(account, request).value();
            EXPECT_LE(page.ids.size(), static_cast<std::size_t>(limit));
            all.insert(all.end(), page.ids.begin(), page.ids.end());
            request.after = page.last;
        } while (request.after);
        return all;
    }

    void expect_same(std::vector<Row> rows, Resource resource) {
        std::ranges::sort(rows, std::ranges::greater{}, &Row::position);
        int found_some = 0;
        for (int i = 0; i < queries_of_each; ++i) {
            const auto text = to_text(random.next(resource));
            auto request = request_for(text, resource);
            request.wants_total = true;
            std::vector<std::string> expected;
            for (const auto& row : rows)
                if (finds(request.query, row)) expected.push_back(row.id);
            const auto found = find_in(account, request);
            ASSERT_TRUE(found) << text << ": " << found.error().describe();
            ASSERT_EQ(found->ids, expected) << text;
            ASSERT_EQ(found->total, static_cast<std::int64_t>(expected.size())) << text;
            ASSERT_FALSE(found->last) << text;
            if (i % 10 == 0) ASSERT_EQ(paged(request, 7), expected) << text;
            found_some += !expected.empty() && expected.size() < rows.size() ? 1 : 0;
        }
        EXPECT_GT(found_some, queries_of_each / 3) << "most queries tell rows apart";
    }

    RandomQueries random{11};
    int rows_made = 0;
};

TEST_F(Search, FindsPaymentIntentsAsReadingThemAllWould) {
    keep_customers_of_intents();
    std::vector<Row> rows;
    while (rows.size() < rows_of_each)
        keep_intent(rows.emplace_back(random_row(Resource::payment_intents, "pi_")));
    expect_same(std::move(rows), Resource::payment_intents);
}

TEST_F(Search, FindsChargesAsReadingThemAllWould) {
    keep_customers_of_intents();
    const auto intent = random_row(Resource::payment_intents, "pi_");
    keep_intent(intent);
    std::vector<Row> rows;
    while (rows.size() < rows_of_each)
        keep_charge(rows.emplace_back(random_row(Resource::charges, "ch_")), intent.id);
    expect_same(std::move(rows), Resource::charges);
}

TEST_F(Search, FindsCustomersAsReadingThemAllWould) {
    std::vector<Row> rows;
    while (rows.size() < rows_of_each)
        keep_customer(rows.emplace_back(random_row(Resource::customers, "cus_")));
    expect_same(std::move(rows), Resource::customers);
}

TEST_F(Search, FollowsWhatChangesAtOnce) {
    using Ids = std::vector<std::string>;
    auto customer = customer_of("cus_a", {{"order", "1"}, {"shop", "x"}});
    keep(customer);
    EXPECT_EQ(ids("metadata['order']:'1' AND metadata['shop']:'x'"), Ids{"cus_a"});
    customer.metadata = {{"order", "2"}, {"new", "y"}};
    customer.email = "Ann@Example.com";
    change(customer);
    EXPECT_EQ(ids("metadata['order']:'1'"), Ids{});
    EXPECT_EQ(ids("metadata['shop']:'x'"), Ids{});
    EXPECT_EQ(ids("metadata['order']:'2'"), Ids{"cus_a"});
    EXPECT_EQ(ids("metadata['new']:'y' AND email:'ann@example.COM'"), Ids{"cus_a"});
    customer.metadata = {};
    change(customer);
    EXPECT_EQ(ids("metadata['order']:'2' OR metadata['new']:'y'"), Ids{});
    EXPECT_EQ(
        count("SELECT count(*) FROM search_metadata WHERE account_id = " + std::to_string(account.value)), 0);
    customer.deleted = true;
    change(customer);
    EXPECT_EQ(ids("email:'ann@example.com'"), Ids{}) << "deleted";
}

TEST_F(Search, LeavesNothingOfAnObjectThatIsRemoved) {
    gateway::PaymentIntent intent;
    stamp(intent, random_row(Resource::payment_intents, "pi_"));
    intent.amount = 1;
    intent.metadata = {{"k", "v"}};
    keep(intent);
    EXPECT_EQ(ids("metadata['k']:'v'", Resource::payment_intents), std::vector{intent.id});
    EXPECT_EQ(ids("metadata['k']:'v'", Resource::charges), std::vector<std::string>{});
    write(intent, [](auto& tx, const auto& one) {
        gateway::store::remove<gateway::PaymentIntent>(tx, one.scope, one.id);
    });
    EXPECT_EQ(
        count("SELECT count(*) FROM search_metadata WHERE account_id = " + std::to_string(account.value)), 0);
}

TEST_F(Search, WritesToTheIndexOnlyWhatChanged) {
    auto customer = customer_of("cus_a", {{"a", "1"}, {"b", "2"}});
    keep(customer);
    const std::string rows =
        "SELECT count(*) FROM search_metadata WHERE account_id = " + std::to_string(account.value) +
        " AND xmin::text = (SELECT xmin::text FROM"
        " customers WHERE account_id = " +
        std::to_string(account.value) + ")";
    EXPECT_EQ(count(rows), 2) << "by the transaction that wrote the customer";
    customer.name = "Ann";
    change(customer);
    EXPECT_EQ(count(rows), 0);
    customer.metadata["b"] = "3";
    change(customer);
    EXPECT_EQ(count(rows), 1);
}

TEST_F(Search, PagesRepeatAndSkipNothingWhileObjectsAreMade) {
    std::vector<std::string> expected;
    for (int i = 0; i < 20; ++i) {
        const auto id = "cus_" + std::to_string(i);
        keep(customer_of(id, {{"batch", "1"}}));
        expected.insert(expected.begin(), id);
    }
    for (const auto* text : {"metadata['batch']:'1'", "created>1 OR metadata['batch']:'1'", "-email:'x'"}) {
        auto request = request_for(text, Resource::customers, 3);
        std::vector<std::string> seen;
        do {
            const auto page = find_in(account, request).value();
            seen.insert(seen.end(), page.ids.begin(), page.ids.end());
            request.after = page.last;
            keep(customer_of("cus_new_" + std::to_string(rows_made), {{"batch", "1"}}));
        } while (request.after);
        ASSERT_GE(seen.size(), expected.size());
        EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size()) << text;
        EXPECT_TRUE(std::ranges::equal(expected, std::span{seen}.last(expected.size()))) << text;
    }
}

// Many rows of two accounts that differ in nothing but the ids.
class SearchAmongMany : public Search {
  protected:
    SearchAmongMany() {
        for (const auto& [id, mark] : {std::pair{account, "a"}, std::pair{strict, "s"}})
            fill(std::to_string(id.value), mark);
        Postgres::instance().run("ANALYZE customers, payment_intents, charges, search_metadata",
                                 "gateway_test");
    }

    static void fill(const std::string& id, const std::string& mark) {
        const auto many = " FROM generate_series(1, 10000) AS i";
        const auto common = "SELECT " + id + ", '";
        const auto metadata =
            "jsonb_build_object('metadata', jsonb_build_object('order', 'o' || i, 'shop',"
            " 'main'), ";
        auto& postgres = Postgres::instance();
        const auto run = [&](const std::string& sql) { postgres.run(sql, "gateway_test"); };
        run("INSERT INTO customers (account_id, id, livemode, created, position, email, deleted, document) " +
            common + "cus_" + mark +
            "' || i, false, i, i * 1000000::bigint, 'Mail' || i || '@example.com', false, " + metadata +
            "'name', 'Name ' || i, 'phone', '+' || i)" + many);
        run("INSERT INTO payment_intents (account_id, id, livemode, created, position, amount,"
            " amount_capturable, amount_received, currency, status, customer, document) " +
            common + "pi_" + mark +
            "' || i, false, i, i * 1000000::bigint, i, 0, 0, 'eur', 'succeeded', 'cus_" + mark + "' || i, " +
            metadata + "'x', 1)" + many);
        run("INSERT INTO charges (account_id, id, livemode, created, position, payment_intent, amount,"
            " amount_authorized, amount_captured, released, refunds, refund_pending, currency, status,"
            " document) " +
            common + "ch_" + mark + "' || i, false, i, i * 1000000::bigint, 'pi_" + mark +
            "' || i, i, 0, 0, 0, 0, 0, 'eur', 'succeeded', " + metadata +
            "'card', jsonb_build_object('last4', lpad(i::text, 4, '0'), 'brand', 'visa', 'fingerprint',"
            " 'fp' || i))" +
            many);
        for (const std::string table : {"customers", "payment_intents", "charges"})
            run("INSERT INTO search_metadata SELECT account_id, livemode, '" + table +
                "', key, value, position, id FROM " + table +
                ", jsonb_each_text(document -> 'metadata') WHERE account_id = " + id);
    }

    // As the service's role, under the policies.
    std::string plan_of(const SearchRequest& request) {
        pqxx::connection connection{Postgres::instance().url("gateway_test", "gateway")};
        pqxx::work work{connection};
        work.exec("SET LOCAL app.account_id = '" + std::to_string(account.value) + "'");
        const auto statement = gateway::store::page_statement(scope_of(account), request);
        std::string plan;
        for (const auto& row : work.exec_params("EXPLAIN " + statement.sql,
                                                pqxx::prepare::make_dynamic_params(statement.parameters)))
            plan += std::string{row[0].c_str()} + '\n';
        return plan;
    }
};

TEST_F(SearchAmongMany, GoesByAnIndexForEqualityUnderRowLevelSecurity) {
    const struct {
        Resource resource;
        std::string text;
        std::vector<std::string> indexes;
        std::size_t found;
    } cases[] = {
        {Resource::customers, "metadata['order']:'o77'", {"search_metadata_value"}, 1},
        {Resource::customers, "email:'MAIL77@example.com'", {"customers_email_folded"}, 1},
        {Resource::customers, "name:'name 77'", {"customers_name_folded"}, 1},
        {Resource::customers, "phone:'+77'", {"customers_phone_folded"}, 1},
        {Resource::customers,
         "email:'mail77@example.com' OR metadata['order']:'o78' OR name:'name 79'",
         {"customers_email_folded", "search_metadata_value", "customers_name_folded"},
         3},
        {Resource::customers,
         "metadata['order']:'o77' AND metadata['shop']:'main' AND -email~'mail78'",
         {"search_metadata_value"},
         1},
        {Resource::customers, "created:77", {"customers_newest"}, 1},
        {Resource::payment_intents,
         "metadata['order']:'o77' AND status:'succeeded'",
         {"search_metadata_value"},
         1},
        {Resource::payment_intents, "customer:'cus_a77'", {"payment_intents_customer"}, 1},
        {Resource::charges, "metadata['order']:'o77'", {"search_metadata_value"}, 1},
        {Resource::charges, "payment_method_details.card.last4:'0077'", {"charges_card_last4"}, 1},
        {Resource::charges,
         "payment_method_details.card.fingerprint:'fp77'",
         {"charges_card_fingerprint"},
         1},
    };
    for (const auto& one : cases) {
        auto request = request_for(one.text, one.resource, 10);
        for (const auto& after : {std::optional<gateway::store::SearchPlace>{}, {{9'000'000'000, "z"}}}) {
            request.after = after;
            const auto plan = plan_of(request);
            for (const auto& index : one.indexes)
                EXPECT_NE(plan.find(index), std::string::npos) << one.text << '\n' << plan;
            EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << one.text << '\n' << plan;
            EXPECT_EQ(find_in(account, request).value().ids.size(), one.found) << one.text;
        }
    }
}

// A value that most objects have is found in order, without reading them all.
TEST_F(SearchAmongMany, ReadsOnlyAPageOfWhatMostObjectsHave) {
    for (const auto* text : {"metadata['shop']:'main'", "created>5 AND metadata['shop']:'main'",
                             "created>5 OR metadata['shop']:'main'", "-email:'x'"}) {
        const auto plan = plan_of(request_for(text, Resource::customers, 10));
        for (const auto* whole : {"Seq Scan", "Hash Join", "Bitmap"})
            EXPECT_EQ(plan.find(whole), std::string::npos) << text << '\n' << plan;
    }
}

TEST_F(SearchAmongMany, FindsNothingOfAnotherAccountOrMode) {
    for (const auto* text : {"metadata['order']:'o77'", "created<3 OR metadata['order']:'o77'",
                             "-metadata['order']:'o77' AND created<9"})
        for (const auto resource : {Resource::customers, Resource::payment_intents, Resource::charges}) {
            const auto found = find_in(account, request_for(text, resource)).value().ids;
            EXPECT_FALSE(found.empty());
            for (const auto& id : found)
                EXPECT_EQ(id[id.find('_') + 1], 'a') << id;
            // Even a statement that names another account finds nothing of it.
            const auto crossed = as(account, [&](gateway::store::Transaction& tx) {
                return gateway::store::find_ids(tx, scope_of(strict), request_for(text, resource));
            });
            EXPECT_TRUE(crossed.value().ids.empty());
            const auto live = as(account, [&](gateway::store::Transaction& tx) {
                return gateway::store::find_ids(tx, {account, true}, request_for(text, resource));
            });
            EXPECT_TRUE(live.value().ids.empty());
        }
}

TEST_F(SearchAmongMany, GivesUpWhenItTakesTooLong) {
    auto request = request_for("-metadata['shop']:'main'", Resource::charges);
    request.time_max = std::chrono::milliseconds{1};
    const auto found = find_in(account, request);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().status(), 400);
    EXPECT_EQ(found.error().param(), "query");
    EXPECT_NE(found.error().message().find("Narrow it down"), std::string::npos);
    request.time_max = std::chrono::seconds{20};
    EXPECT_TRUE(find_in(account, request).value().ids.empty());
}

// A database with rows from before it could be searched, migrated by an owner whom the policies bind.
TEST(SearchMigration, FindsWhatWasThereBefore) {
    namespace fs = std::filesystem;
    const fs::path all{PORTCULLIS_SOURCE_DIR "/gateway/store/migrations"};
    const auto before = fs::temp_directory_path() / ("search_migration_" + std::to_string(::getpid()));
    fs::create_directory(before);
    for (const auto& file : fs::directory_iterator{all})
        if (file.path().filename().string() < "0006") fs::copy_file(file, before / file.path().filename());
    auto& postgres = Postgres::instance();
    postgres.create_database("search_before");
    postgres.run("DROP ROLE IF EXISTS search_owner");
    postgres.run("CREATE ROLE search_owner LOGIN NOSUPERUSER NOBYPASSRLS");
    postgres.run("DO $$ BEGIN CREATE ROLE gateway LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    postgres.run("ALTER DATABASE search_before OWNER TO search_owner");
    postgres.run("ALTER SCHEMA public OWNER TO search_owner", "search_before");
    const auto url = postgres.url("search_before", "search_owner");
    ASSERT_TRUE(common::db::migrate(url, before.string()));
    fs::remove_all(before);
    for (const auto* account : {"1", "2"}) {
        const std::string id = account;
        postgres.run("INSERT INTO accounts VALUES (" + id + ", 1, 'n', 'always', true, '{}')",
                     "search_before");
        postgres.run("INSERT INTO customers VALUES (" + id +
                         ", 'cus_1', false, 1, 1000000, 'A@B.c', false,"
                         " '{\"name\": \"Ann\", \"metadata\": {\"order\": \"1\", \"x\": \"\"}}')",
                     "search_before");
        postgres.run(
            "INSERT INTO customers VALUES (" + id + ", 'cus_2', false, 1, 1000001, NULL, false, '{}')",
            "search_before");
    }
    const auto applied = common::db::migrate(url, all.string());
    ASSERT_TRUE(applied) << applied.error().describe();

    pqxx::connection superuser{postgres.url("search_before")};
    pqxx::work work{superuser};
    EXPECT_EQ(work.exec("SELECT count(*) FROM search_metadata WHERE kind = 'customers' AND id = 'cus_1' AND"
                        " position = 1000000 AND (key, value) IN (('order', '1'), ('x', ''))")[0][0]
                  .as<int>(),
              4);
    EXPECT_EQ(
        work.exec("SELECT count(*) FROM customers WHERE email_folded = 'a@b.c' AND name_folded = 'ann'")[0][0]
            .as<int>(),
        2);
    EXPECT_EQ(work.exec("SELECT count(*) FROM pg_class WHERE relname IN ('customers', 'payment_intents',"
                        " 'charges', 'search_metadata') AND relrowsecurity AND relforcerowsecurity")[0][0]
                  .as<int>(),
              4);
}

}  // namespace
}  // namespace tests
