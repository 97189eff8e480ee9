#include "gateway/api/expand.h"

#include <algorithm>

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::Safe;

constexpr std::size_t depth_max = 4;

struct Edge {
    ObjectKind from;
    std::string_view field;
    ObjectKind to;      // none: always null, or an id, as long as that resource is not part of the gateway
    bool hash = false;  // a part of the object itself: paths lead through it
};

constexpr Edge edges[] = {
    {ObjectKind::account, "external_accounts", ObjectKind::none},
    {ObjectKind::customer, "default_source", ObjectKind::none},
    {ObjectKind::customer, "invoice_settings", ObjectKind::invoice_settings, true},
    {ObjectKind::invoice_settings, "default_payment_method", ObjectKind::payment_method},
    {ObjectKind::file_link, "file", ObjectKind::file},
    {ObjectKind::payment_method, "customer", ObjectKind::customer},
    {ObjectKind::payment_intent, "application", ObjectKind::none},
    {ObjectKind::payment_intent, "customer", ObjectKind::customer},
    {ObjectKind::payment_intent, "latest_charge", ObjectKind::charge},
    {ObjectKind::payment_intent, "on_behalf_of", ObjectKind::none},
    {ObjectKind::payment_intent, "payment_method", ObjectKind::payment_method},
    {ObjectKind::payment_intent, "payment_record", ObjectKind::none},
    {ObjectKind::payment_intent, "review", ObjectKind::review},
    {ObjectKind::payment_intent, "source", ObjectKind::none},
    {ObjectKind::charge, "application", ObjectKind::none},
    {ObjectKind::charge, "application_fee", ObjectKind::none},
    {ObjectKind::charge, "balance_transaction", ObjectKind::balance_transaction},
    {ObjectKind::charge, "customer", ObjectKind::customer},
    {ObjectKind::charge, "failure_balance_transaction", ObjectKind::none},
    {ObjectKind::charge, "on_behalf_of", ObjectKind::none},
    {ObjectKind::charge, "payment_intent", ObjectKind::payment_intent},
    {ObjectKind::charge, "refunds", ObjectKind::refund_list},
    {ObjectKind::charge, "review", ObjectKind::review},
    {ObjectKind::charge, "source_transfer", ObjectKind::none},
    {ObjectKind::charge, "transfer", ObjectKind::none},
    {ObjectKind::refund_list, "data", ObjectKind::refund, true},
    {ObjectKind::refund, "balance_transaction", ObjectKind::balance_transaction},
    {ObjectKind::refund, "charge", ObjectKind::charge},
    {ObjectKind::refund, "customer", ObjectKind::customer},
    {ObjectKind::refund, "failure_balance_transaction", ObjectKind::none},
    {ObjectKind::refund, "payment_intent", ObjectKind::payment_intent},
    {ObjectKind::refund, "payment_method", ObjectKind::payment_method},
    {ObjectKind::refund, "source_transfer_reversal", ObjectKind::none},
    {ObjectKind::refund, "transfer_reversal", ObjectKind::none},
    {ObjectKind::review, "charge", ObjectKind::charge},
    {ObjectKind::review, "payment_intent", ObjectKind::payment_intent},
    {ObjectKind::checkout_session, "customer", ObjectKind::customer},
    {ObjectKind::checkout_session, "invoice", ObjectKind::none},
    {ObjectKind::checkout_session, "line_items", ObjectKind::line_item_list},
    {ObjectKind::checkout_session, "payment_intent", ObjectKind::payment_intent},
    {ObjectKind::checkout_session, "payment_link", ObjectKind::none},
    {ObjectKind::checkout_session, "setup_intent", ObjectKind::setup_intent},
    {ObjectKind::checkout_session, "subscription", ObjectKind::none},
    {ObjectKind::line_item_list, "data", ObjectKind::line_item, true},
    {ObjectKind::line_item, "price", ObjectKind::price, true},
    {ObjectKind::price, "product", ObjectKind::product},
    {ObjectKind::balance_transaction, "source", ObjectKind::charge},
    {ObjectKind::balance_transaction, "source", ObjectKind::refund},
    {ObjectKind::balance_transaction, "source", ObjectKind::payout},
    {ObjectKind::payout, "application_fee", ObjectKind::none},
    {ObjectKind::payout, "balance_transaction", ObjectKind::balance_transaction},
    {ObjectKind::payout, "destination", ObjectKind::bank_account},
    {ObjectKind::payout, "failure_balance_transaction", ObjectKind::balance_transaction},
    {ObjectKind::payout, "original_payout", ObjectKind::none},
    {ObjectKind::payout, "reversed_by", ObjectKind::none},
    {ObjectKind::setup_intent, "application", ObjectKind::none},
    {ObjectKind::setup_intent, "customer", ObjectKind::customer},
    {ObjectKind::setup_intent, "latest_attempt", ObjectKind::setup_attempt},
    {ObjectKind::setup_intent, "mandate", ObjectKind::none},
    {ObjectKind::setup_intent, "on_behalf_of", ObjectKind::none},
    {ObjectKind::setup_intent, "payment_method", ObjectKind::payment_method},
    {ObjectKind::setup_intent, "single_use_mandate", ObjectKind::none},
    {ObjectKind::setup_attempt, "application", ObjectKind::none},
    {ObjectKind::setup_attempt, "customer", ObjectKind::customer},
    {ObjectKind::setup_attempt, "on_behalf_of", ObjectKind::none},
    {ObjectKind::setup_attempt, "payment_method", ObjectKind::payment_method},
    {ObjectKind::setup_attempt, "setup_intent", ObjectKind::setup_intent},
    {ObjectKind::confirmation_token, "payment_method_preview", ObjectKind::method_preview, true},
    {ObjectKind::method_preview, "customer", ObjectKind::customer},
};

// A field may hold objects of several kinds: the path need only fit one of them.
bool leads_somewhere(std::string_view path, ObjectKind at, std::size_t depth) {
    if (depth > depth_max) return false;
    const auto dot = path.find('.');
    const auto field = path.substr(0, dot);
    return std::ranges::any_of(edges, [&](const Edge& edge) {
        if (edge.from != at || edge.field != field) return false;
        if (dot == std::string_view::npos) return !edge.hash;
        return leads_somewhere(path.substr(dot + 1), edge.to, depth + 1);
    });
}

bool leads_to_object(std::string_view path, ObjectKind root, bool publishable) {
    if (publishable && path != "payment_method") return false;
    return leads_somewhere(path, root, 1);
}

bool expandable(std::string_view path, const Answer& root, bool publishable) {
    constexpr std::string_view of_list = "data.";
    if (root.counted && path == total_count) return true;
    if (!root.list) return leads_to_object(path, root.kind, publishable);
    return path.starts_with(of_list) && leads_to_object(path.substr(of_list.size()), root.kind, publishable);
}

}  // namespace

Expansion::Expansion(const std::vector<std::string>& paths) {
    std::vector<std::pair<std::string, std::vector<std::string>>> groups;
    for (const auto& path : paths) {
        const auto dot = path.find('.');
        const auto name = path.substr(0, dot);
        auto group = std::ranges::find_if(groups, [&](const auto& g) { return g.first == name; });
        if (group == groups.end()) group = groups.emplace(groups.end(), name, std::vector<std::string>{});
        if (dot != std::string::npos) group->second.push_back(path.substr(dot + 1));
    }
    for (auto& [name, rest] : groups)
        children_.emplace_back(name, Expansion{rest});
}

const Expansion* Expansion::find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(children_, [name](const auto& child) { return child.first == name; });
    return found == children_.end() ? nullptr : &found->second;
}

bool wants_product(const Expansion& item) {
    const auto* price = item.find("price");
    return price != nullptr && price->find("product") != nullptr;
}

common::Status check_expand(const std::vector<std::string>& paths, Answer root, bool publishable) {
    for (const std::string_view path : paths)
        if (!expandable(path, root, publishable))
            return Fail{
                Error::invalid("", "expand", "This property cannot be expanded ({}).", {Safe::param(path)})};
    return {};
}

}  // namespace gateway::api
