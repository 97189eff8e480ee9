#include "vault/cards/use_marks.h"

namespace vault::cards {

void UseMarks::mark(common::AccountId account, const std::string& token, std::int64_t last_used_day) {
    if (last_used_day >= day_of(clock_.now())) return;
    const std::lock_guard lock{mutex_};
    if (size_ >= cards_max) {
        metrics_.count("vault_card_uses_not_marked_total");
        return;
    }
    if (used_[account].insert(token).second) ++size_;
}

std::map<common::AccountId, std::set<std::string>> UseMarks::take() {
    const std::lock_guard lock{mutex_};
    size_ = 0;
    return std::exchange(used_, {});
}

common::Task<bool> UseMarks::write(common::Deadline deadline) {
    constexpr std::size_t batch_max = 1000;
    const auto day = day_of(clock_.now());
    auto used = take();
    std::optional<common::Error> failure;
    for (auto& [account, tokens] : used) {
        while (!tokens.empty() && !failure) {
            const auto end =
                std::next(tokens.begin(), static_cast<std::ptrdiff_t>(std::min(batch_max, tokens.size())));
            std::vector<std::string> batch{tokens.begin(), end};
            const auto written = co_await changes_.mark_used(account, std::move(batch), day, deadline);
            if (written)
                tokens.erase(tokens.begin(), end);
            else
                failure = written.error();
        }
        for (const auto& token : tokens)
            mark(account, token, day - 1);
    }
    if (failure) co_return common::Fail{std::move(*failure)};
    co_return true;
}

}  // namespace vault::cards
