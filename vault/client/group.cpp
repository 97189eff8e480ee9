#include "vault/client/group.h"

#include <algorithm>

#include "common/assert.h"

namespace vault {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Fail;
using common::Result;
using common::Task;

namespace {

// How long one vault may take when there is another one to ask; what waits for the acquirer has no such
// limit.
constexpr std::chrono::seconds turn_max{5};
constexpr std::chrono::seconds probe_max{1};  // the same for a look at its health
constexpr std::chrono::seconds rest{3};       // of a vault that did not take a call

NewCard copy_of(const NewCard& card) {
    NewCard copy;
    copy.account = card.account;
    copy.livemode = card.livemode;
    copy.number = common::SecretText{card.number.view()};
    copy.cvc = common::SecretText{card.cvc.view()};
    copy.exp_month = card.exp_month;
    copy.exp_year = card.exp_year;
    copy.sandbox_id = card.sandbox_id;
    copy.digit_token = card.digit_token;
    copy.metadata = card.metadata;
    return copy;
}

bool took_nothing(Cause cause) {
    return cause == Cause::unavailable || cause == Cause::overloaded || cause == Cause::deadline_exceeded;
}

// Those that `comes_first` names, then the others, in the order that they have.
void bring_forward(auto& members, auto comes_first) {
    std::vector rest_of_them = members;
    std::erase_if(rest_of_them, [&](const auto* each) { return comes_first(*each); });
    std::erase_if(members, [&](const auto* each) { return !comes_first(*each); });
    members.insert(members.end(), rest_of_them.begin(), rest_of_them.end());
}

// Every call may be repeated at another vault; of an authorization or refund only what was surely not taken,
// for the other one would wait for the end of the first.
bool next_may_try(Cause cause) {
    return took_nothing(cause) || cause == Cause::outcome_unknown;
}

}  // namespace

std::string_view vault_of_cvc_handle(std::string_view handle) {
    const auto point = handle.find('.');
    return point == handle.npos ? std::string_view{} : handle.substr(point + 1);
}

Group::Group(boost::asio::io_context& io, std::vector<Vault> vaults, const common::http::TlsSource& tls,
             common::Metrics& metrics)
    : metrics_{metrics} {
    PORTCULLIS_ASSERT(!vaults.empty());
    for (auto& vault : vaults) {
        PORTCULLIS_ASSERT(!vault.name.empty() || vaults.size() == 1);
        PORTCULLIS_ASSERT(std::ranges::find(members_, vault.name, &Member::name) == members_.end());
        members_.push_back(
            {std::move(vault.name), std::make_unique<Client>(io, std::move(vault.options), tls, metrics)});
    }
    for (auto& member : members_)
        show(member);
}
Group::~Group() = default;

Group::Member* Group::holder_of(std::string_view cvc_handle) {
    if (cvc_handle.empty()) return nullptr;
    if (members_.front().name.empty()) return &members_.front();
    const auto found = std::ranges::find(members_, vault_of_cvc_handle(cvc_handle), &Member::name);
    return found == members_.end() ? nullptr : &*found;
}

// Each time another one first; those that rest come last, for they may be better than nothing.
std::vector<Group::Member*> Group::turns() {
    std::vector<Member*> order;
    const auto first = next_++;
    for (std::size_t turn = 0; turn < members_.size(); ++turn)
        order.push_back(&members_[(first + turn) % members_.size()]);
    const auto now = std::chrono::steady_clock::now();
    bring_forward(order, [now](const Member& each) { return each.rests_until <= now; });
    return order;
}

void Group::note(Member& member, bool took_it) {
    member.rests_until =
        took_it ? std::chrono::steady_clock::time_point{} : std::chrono::steady_clock::now() + rest;
    if (std::exchange(member.up, took_it) != took_it) show(member);
}

void Group::show(const Member& member) {
    const std::string_view name = member.name.empty() ? "vault" : std::string_view{member.name};
    metrics_.gauge("vault_group_member_up", member.up ? 1 : 0, {{"vault", name}});
}

template <class T, class Call>
Task<T> Group::first_of(Call call, Deadline deadline) {
    const auto order = turns();
    for (auto* const member : order) {
        const bool is_last = member == order.back();
        auto answer = co_await call(*member->client, is_last ? deadline : deadline.at_most(turn_max));
        const bool took_it = answer || !next_may_try(answer.error().cause());
        note(*member, took_it);
        if (took_it || is_last || deadline.passed()) co_return answer;
        metrics_.count("vault_group_failovers_total");
    }
    std::unreachable();
}

Task<Card> Group::create_card(NewCard card, Deadline deadline) {
    const auto call = [&card](Client& vault, Deadline limit) {
        return vault.create_card(copy_of(card), limit);
    };
    co_return co_await first_of<Card>(call, deadline);
}

Task<SecurityCode> Group::hold_security_code(NewSecurityCode code, Deadline deadline) {
    const auto call = [&code](Client& vault, Deadline limit) {
        return vault.hold_security_code({code.account, code.livemode, common::SecretText{code.code.view()}},
                                        limit);
    };
    co_return co_await first_of<SecurityCode>(call, deadline);
}

Task<Card> Group::find_card(AccountId account, std::string token, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) { return vault.find_card(account, token, limit); };
    co_return co_await first_of<Card>(call, deadline);
}

Task<Card> Group::update_card(CardUpdate change, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) { return vault.update_card(change, limit); };
    co_return co_await first_of<Card>(call, deadline);
}

Task<bool> Group::erase_card(AccountId account, std::string token, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) { return vault.erase_card(account, token, limit); };
    co_return co_await first_of<bool>(call, deadline);
}

Task<CardList> Group::search_cards(CardSearch search, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) { return vault.search_cards(search, limit); };
    co_return co_await first_of<CardList>(call, deadline);
}

template <class Call>
Task<Exchange> Group::send_by_one(std::vector<Member*> order, Call call, Deadline deadline) {
    for (auto* const member : order) {
        auto answer = co_await call(*member);
        note(*member, answer || !next_may_try(answer.error().cause()));
        if (answer || !took_nothing(answer.error().cause()) || deadline.passed() || member == order.back())
            co_return answer;
        metrics_.count("vault_group_failovers_total");
    }
    std::unreachable();
}

Task<Exchange> Group::authorize(AuthorizationRequest request, Deadline deadline) {
    auto order = turns();
    auto* const holder = holder_of(request.cvc_handle);
    if (holder) bring_forward(order, [holder](const Member& each) { return &each == holder; });
    const auto call = [&](Member& member) {
        if (&member != holder && !std::exchange(request.cvc_handle, {}).empty())
            metrics_.count("vault_group_cvc_lost_total");
        return member.client->authorize(request, deadline);
    };
    co_return co_await send_by_one(std::move(order), call, deadline);
}

Task<Exchange> Group::capture(CaptureRequest request, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline) { return vault.capture(request, deadline); };
    co_return co_await first_of<Exchange>(call, deadline);
}

Task<Exchange> Group::reverse(ReversalRequest request, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline) { return vault.reverse(request, deadline); };
    co_return co_await first_of<Exchange>(call, deadline);
}

Task<Exchange> Group::refund(RefundRequest request, Deadline deadline) {
    const auto call = [&](Member& member) { return member.client->refund(request, deadline); };
    auto answer = co_await send_by_one(turns(), call, deadline);
    // Nothing is wrong with the vault, so no other one is asked; to the caller it is the same.
    if (!answer && answer.error().cause() == Cause::lock_timeout)
        co_return Fail{std::move(answer.error()).with_cause(Cause::unavailable)};
    co_return answer;
}

Task<Exchange> Group::find_exchange(AccountId account, std::string request_id, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) {
        return vault.find_exchange(account, request_id, limit);
    };
    co_return co_await first_of<Exchange>(call, deadline);
}

Task<DataKey> Group::create_data_key(DataKeyScope scope, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) { return vault.create_data_key(scope, limit); };
    co_return co_await first_of<DataKey>(call, deadline);
}

Task<common::SecretBytes> Group::open_data_key(DataKeyScope scope, SealedDataKey key, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) { return vault.open_data_key(scope, key, limit); };
    co_return co_await first_of<common::SecretBytes>(call, deadline);
}

Task<bool> Group::healthy(Deadline deadline) {
    const auto order = turns();
    for (auto* const member : order) {
        const bool is_last = member == order.back();
        auto answer = co_await member->client->healthy(is_last ? deadline : deadline.at_most(probe_max));
        note(*member, answer.has_value());
        if (answer || is_last || deadline.passed()) co_return answer;
    }
    std::unreachable();
}

}  // namespace vault
