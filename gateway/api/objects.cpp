#include "gateway/api/objects.h"

#include <map>
#include <ranges>

#include "gateway/payments/service.h"
#include "gateway/store/balance_transactions.h"
#include "gateway/store/bank_accounts.h"
#include "gateway/store/checkout_sessions.h"
#include "gateway/store/customers.h"
#include "gateway/store/files.h"
#include "gateway/store/payments.h"
#include "gateway/store/payouts.h"
#include "gateway/store/refunds.h"
#include "gateway/store/reviews.h"
#include "gateway/store/setups.h"

namespace gateway::api {
namespace {

using boost::json::object;
using boost::json::value;
using Rendered = std::map<std::string, object, std::less<>>;
using Ids = std::vector<std::string>;

struct Source {
    std::string_view prefix;
    Rendered (*load)(store::Transaction&, const Scope&, const Style&, const Ids&);
};

template <class T>
Rendered load(store::Transaction& tx, const Scope& scope, const Style& style, const Ids& ids) {
    Rendered rendered;
    for (const auto& found : store::find_all<T>(tx, scope, ids))
        rendered.emplace(found.id, render_object(&found, style));
    return rendered;
}

Rendered load_payments(store::Transaction& tx, const Scope& scope, const Style& style, const Ids& ids) {
    Rendered rendered;
    for (auto& found : store::find_all<PaymentIntent>(tx, scope, ids)) {
        const auto view = payments::view_of(tx, std::move(found));
        rendered.emplace(view.intent.id, render_object(&view, style));
    }
    return rendered;
}

Rendered load_setups(store::Transaction& tx, const Scope& scope, const Style& style, const Ids& ids) {
    Rendered rendered;
    for (auto& found : store::find_all<SetupIntent>(tx, scope, ids)) {
        const auto view = setups::view_of(tx, std::move(found));
        rendered.emplace(view.intent.id, render_object(&view, style));
    }
    return rendered;
}

constexpr Source sources[] = {
    {"cus_", load<Customer>},
    {"pm_", load<PaymentMethod>},
    {"pi_", load_payments},
    {"ch_", load<Charge>},
    {"txn_", load<BalanceTransaction>},
    {"re_", load<Refund>},
    {"prv_", load<Review>},
    {"file_", load<File>},
    {"seti_", load_setups},
    {"setatt_", load<SetupAttempt>},
    {"po_", load<Payout>},
    {"ba_", load<BankAccount>},
};

const Source* source_of(std::string_view id) {
    const auto* found =
        std::ranges::find_if(sources, [id](const Source& s) { return id.starts_with(s.prefix); });
    return found == std::end(sources) ? nullptr : found;
}

// The ten newest refunds of a charge, which shows them only when it is asked to.
object refunds_of(store::Transaction& tx, const Scope& scope, const Style& style, const std::string& charge) {
    ListQuery query;
    query.equal = {{"charge", charge}};
    const auto page = store::list<Refund>(tx, scope, query);
    boost::json::array data;
    if (page)
        for (const auto& refund : page->items)
            data.push_back(render_object(&refund, style));
    return {{"object", "list"},
            {"data", std::move(data)},
            {"has_more", page && page->has_more},
            {"url", "/v1/charges/" + charge + "/refunds"}};
}

// The first ten line items of a session, which shows them only when it is asked to.
object line_items_of(const CheckoutSession& session, const Expansion& wanted) {
    constexpr std::size_t shown_max = 10;
    const auto* items = wanted.find("data");
    boost::json::array data;
    for (const auto& item : session.line_items | std::views::take(shown_max))
        data.push_back(render_line_item(session, item, items != nullptr && wants_product(*items)));
    return {{"object", "list"},
            {"data", std::move(data)},
            {"has_more", session.line_items.size() > shown_max},
            {"url", "/v1/checkout/sessions/" + session.id + "/line_items"}};
}

bool is_kind(const object& place, std::string_view kind) {
    const auto* found = place.if_contains("object");
    return found && found->is_string() && std::string_view{found->get_string()} == kind;
}

class Expander {
  public:
    Expander(store::Transaction& tx, const Scope& scope, const Style& style)
        : tx_{tx}, scope_{scope}, style_{style} {}

    // `places` are all objects that one path leads to.
    void expand(const std::vector<object*>& places, const Expansion& expansion) {
        for (const auto& [name, inner] : expansion.children()) {
            if (name == "refunds") add_refunds(places);
            if (name == "line_items") add_line_items(places, inner);
            std::vector<value*> members;
            for (object* place : places)
                if (auto* member = place->if_contains(name)) collect(*member, members);
            replace(members);
            std::vector<object*> next;
            for (value* member : members)
                if (auto* found = member->if_object()) next.push_back(found);
            if (!next.empty()) expand(next, inner);
        }
    }

  private:
    void add_refunds(const std::vector<object*>& places) {
        for (object* place : places)
            if (is_kind(*place, "charge"))
                (*place)["refunds"] =
                    refunds_of(tx_, scope_, style_, std::string{place->at("id").as_string()});
    }

    void add_line_items(const std::vector<object*>& places, const Expansion& wanted) {
        Ids ids;
        for (const object* place : places)
            if (is_kind(*place, "checkout.session")) ids.emplace_back(place->at("id").as_string());
        for (const auto& session : store::find_all<CheckoutSession>(tx_, scope_, ids))
            for (object* place : places)
                if (is_kind(*place, "checkout.session") && place->at("id").as_string() == session.id)
                    (*place)["line_items"] = line_items_of(session, wanted);
    }

    // `data` of a list, or one member.
    static void collect(value& member, std::vector<value*>& members) {
        if (auto* elements = member.if_array())
            for (value& element : *elements)
                members.push_back(&element);
        else
            members.push_back(&member);
    }

    void replace(const std::vector<value*>& members) {
        std::map<const Source*, Ids> wanted;
        for (const value* member : members)
            if (const auto* id = member->if_string())
                if (const auto* source = source_of(*id)) wanted[source].emplace_back(*id);
        for (const auto& [source, ids] : wanted) {
            const auto rendered = source->load(tx_, scope_, style_, ids);
            for (value* member : members) {
                const auto* id = member->if_string();
                if (!id) continue;
                const auto found = rendered.find(std::string_view{*id});
                if (found != rendered.end()) *member = found->second;
            }
        }
    }

    store::Transaction& tx_;
    const Scope& scope_;
    const Style& style_;
};

}  // namespace

void expand_ids(store::Transaction& tx, const Scope& scope, const Style& style, const Expansion& expansion,
                object& body) {
    Expander{tx, scope, style}.expand({&body}, expansion);
}

}  // namespace gateway::api
