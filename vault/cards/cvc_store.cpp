#include "vault/cards/cvc_store.h"

#include "common/crypto.h"
#include "vault/keys/associated_data.h"

namespace vault::cards {
namespace {

namespace crypto = common::crypto;

keys::AssociatedData context_of(std::string_view handle, std::string_view owner) {
    keys::AssociatedData context{"portcullis-cvc"};
    context.text(1, handle).text(2, owner);
    return context;
}

}  // namespace

CvcStore::CvcStore(const common::Clock& clock, Limits limits, std::string_view vault)
    : clock_{clock},
      limits_{limits},
      suffix_{vault.empty() ? "" : '.' + std::string{vault}},
      key_{crypto::gcm_key_size} {
    crypto::random_bytes(key_.bytes());
}

std::string CvcStore::put(std::string_view owner, const Cvc& cvc) {
    constexpr std::size_t random_size = 22;
    auto handle = "cvc_" + crypto::random_base62(random_size) + suffix_;
    const auto digits = cvc.digits(PanAccess{});
    const std::span plain{reinterpret_cast<const std::uint8_t*>(digits.data()), digits.size()};
    auto sealed = crypto::gcm_seal(key_.bytes(), plain, context_of(handle, owner).span());

    const std::lock_guard lock{mutex_};
    drop_expired();
    while (entries_.size() >= limits_.codes_max || by_age_.size() >= 2 * limits_.codes_max) {
        entries_.erase(by_age_.front().second);
        by_age_.pop_front();
    }
    const auto expires = clock_.now() + limits_.life;
    entries_.emplace(handle, Entry{std::move(sealed), expires});
    by_age_.emplace_back(expires, handle);
    return handle;
}

std::optional<Cvc> CvcStore::take(std::string_view handle, std::string_view owner) {
    const std::lock_guard lock{mutex_};
    drop_expired();
    const auto found = entries_.find(std::string{handle});
    if (found == entries_.end()) return std::nullopt;
    const auto plain = crypto::gcm_open(key_.bytes(), found->second.sealed, context_of(handle, owner).span());
    if (!plain) return std::nullopt;  // somebody else's handle: it stays with its own
    entries_.erase(found);
    return Cvc{plain->text()};
}

void CvcStore::purge() {
    const std::lock_guard lock{mutex_};
    drop_expired();
}

std::size_t CvcStore::size() const {
    const std::lock_guard lock{mutex_};
    return entries_.size();
}

// Handles that were taken leave the queue when their time would have been over.
void CvcStore::drop_expired() {
    const auto now = clock_.now();
    while (!by_age_.empty() && by_age_.front().first <= now) {
        entries_.erase(by_age_.front().second);
        by_age_.pop_front();
    }
}

}  // namespace vault::cards
