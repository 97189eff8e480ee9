#include "vault/client/group.h"

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

// Every call may be repeated at another vault; of an authorization only what was surely not taken, for the
// other one would wait for the end of the first.
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
        PORTCULLIS_ASSERT(find(vault.name) == nullptr);
        members_.push_back(
            {std::move(vault.name), std::make_unique<Client>(io, std::move(vault.options), tls, metrics)});
    }
}
Group::~Group() = default;

Group::Member* Group::find(std::string_view name) {
    const auto found = std::ranges::find(members_, name, &Member::name);
    return found == members_.end() ? nullptr : &*found;
}

template <class T, class Call>
Task<T> Group::first_of(Call call, Deadline deadline) {
    const auto begin = last_;
    for (std::size_t turn = 0;; ++turn) {
        const auto index = (begin + turn) % members_.size();
        const bool is_last = turn + 1 == members_.size();
        auto answer = co_await call(*members_[index].client, is_last ? deadline : deadline.at_most(turn_max));
        if (answer || !next_may_try(answer.error().cause())) {
            last_ = index;
            co_return answer;
        }
        if (is_last || deadline.passed()) co_return answer;
        metrics_.count("vault_group_failovers_total");
    }
}

Task<Card> Group::create_card(NewCard card, Deadline deadline) {
    const auto call = [&card](Client& vault, Deadline limit) {
        return vault.create_card(copy_of(card), limit);
    };
    co_return co_await first_of<Card>(call, deadline);
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

Task<Exchange> Group::authorize(AuthorizationRequest request, Deadline deadline) {
    const auto name = vault_of_cvc_handle(request.cvc_handle);
    auto* holder = name.empty() ? nullptr : find(name);
    if (holder) {
        auto answer = co_await holder->client->authorize(request, deadline);
        if (answer || !took_nothing(answer.error().cause()) || deadline.passed()) co_return answer;
        metrics_.count("vault_group_failovers_total");
    }
    if (!name.empty()) {
        request.cvc_handle.clear();
        metrics_.count("vault_group_cvc_lost_total");
    }
    const auto begin = last_;
    std::optional<common::Error> failure;
    for (std::size_t turn = 0; turn < members_.size(); ++turn) {
        const auto index = (begin + turn) % members_.size();
        if (&members_[index] == holder) continue;
        auto answer = co_await members_[index].client->authorize(request, deadline);
        if (answer || !took_nothing(answer.error().cause())) {
            last_ = index;
            co_return answer;
        }
        failure = answer.error();
    }
    if (!failure) failure = common::Error::unavailable("no vault of the group takes the authorization");
    co_return Fail{std::move(*failure)};
}

Task<Exchange> Group::capture(CaptureRequest request, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline) { return vault.capture(request, deadline); };
    co_return co_await first_of<Exchange>(call, deadline);
}

Task<Exchange> Group::reverse(ReversalRequest request, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline) { return vault.reverse(request, deadline); };
    co_return co_await first_of<Exchange>(call, deadline);
}

Task<Exchange> Group::find_exchange(AccountId account, std::string request_id, Deadline deadline) {
    const auto call = [&](Client& vault, Deadline limit) {
        return vault.find_exchange(account, request_id, limit);
    };
    co_return co_await first_of<Exchange>(call, deadline);
}

}  // namespace vault
