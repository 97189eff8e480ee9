#include "vault/keys/key_material.h"

#include <cstring>

namespace vault::keys {

using common::Fail;
using common::SecretBytes;

SecretBytes KeyMaterial::take() {
    const std::lock_guard lock{mutex_};
    if (used_ >= block_.size()) return {};
    const auto part = block_.bytes().subspan(used_, key_size);
    auto key = SecretBytes::copy_of(part);
    common::wipe(part.data(), part.size());
    used_ += key_size;
    return key;
}

common::Task<SecretBytes> KeyMaterial::draw(common::Deadline deadline) {
    auto key = take();
    if (!key.empty()) co_return key;
    auto block = co_await hsm_.random(key_size * (keys_per_block + 1), deadline);
    if (!block) co_return Fail{std::move(block).error()};
    // The first part is this caller's own; whoever came second leaves its block over the first one's rest.
    key = SecretBytes::copy_of(std::span<const std::uint8_t>{block->bytes()}.first(key_size));
    common::wipe(block->bytes().data(), key_size);
    const std::lock_guard lock{mutex_};
    block_ = std::move(*block);
    used_ = key_size;
    co_return key;
}

common::Task<std::vector<SecretBytes>> KeyMaterial::draw(std::size_t keys, common::Deadline deadline) {
    std::vector<SecretBytes> drawn;
    drawn.reserve(keys);
    while (drawn.size() < keys) {
        auto key = co_await draw(deadline);
        if (!key) co_return Fail{std::move(key).error()};
        drawn.push_back(std::move(*key));
    }
    co_return drawn;
}

}  // namespace vault::keys
