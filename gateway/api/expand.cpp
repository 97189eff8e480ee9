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
    {ObjectKind::customer, "default_source", ObjectKind::none},
    {ObjectKind::customer, "invoice_settings", ObjectKind::invoice_settings, true},
    {ObjectKind::invoice_settings, "default_payment_method", ObjectKind::payment_method},
    {ObjectKind::payment_method, "customer", ObjectKind::customer},
    {ObjectKind::payment_intent, "application", ObjectKind::none},
    {ObjectKind::payment_intent, "customer", ObjectKind::customer},
    {ObjectKind::payment_intent, "latest_charge", ObjectKind::charge},
    {ObjectKind::payment_intent, "on_behalf_of", ObjectKind::none},
    {ObjectKind::payment_intent, "payment_method", ObjectKind::payment_method},
    {ObjectKind::payment_intent, "payment_record", ObjectKind::none},
    {ObjectKind::payment_intent, "review", ObjectKind::none},
    {ObjectKind::payment_intent, "source", ObjectKind::none},
    {ObjectKind::charge, "application", ObjectKind::none},
    {ObjectKind::charge, "application_fee", ObjectKind::none},
    {ObjectKind::charge, "balance_transaction", ObjectKind::balance_transaction},
    {ObjectKind::charge, "customer", ObjectKind::customer},
    {ObjectKind::charge, "failure_balance_transaction", ObjectKind::none},
    {ObjectKind::charge, "on_behalf_of", ObjectKind::none},
    {ObjectKind::charge, "payment_intent", ObjectKind::payment_intent},
    {ObjectKind::charge, "review", ObjectKind::none},
    {ObjectKind::charge, "source_transfer", ObjectKind::none},
    {ObjectKind::charge, "transfer", ObjectKind::none},
    {ObjectKind::balance_transaction, "source", ObjectKind::charge},
};

bool expandable(std::string_view path, ObjectKind root, bool publishable) {
    if (publishable && path != "payment_method") return false;
    std::size_t depth = 0;
    ObjectKind at = root;
    while (true) {
        if (++depth > depth_max) return false;
        const auto dot = path.find('.');
        const auto field = path.substr(0, dot);
        const auto* edge =
            std::ranges::find_if(edges, [&](const Edge& e) { return e.from == at && e.field == field; });
        if (edge == std::end(edges)) return false;
        if (dot == std::string_view::npos) return !edge->hash;
        at = edge->to;
        path.remove_prefix(dot + 1);
    }
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

common::Status check_expand(const std::vector<std::string>& paths, Answer root, bool publishable) {
    constexpr std::string_view of_list = "data.";
    for (const std::string_view path : paths)
        if ((root.list && !path.starts_with(of_list)) ||
            !expandable(root.list ? path.substr(of_list.size()) : path, root.kind, publishable))
            return Fail{
                Error::invalid("", "expand", "This property cannot be expanded ({}).", {Safe::param(path)})};
    return {};
}

}  // namespace gateway::api
