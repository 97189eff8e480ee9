// Rows of merchant_key: sealed by a key-encryption key in the HSM, signed for the registry, and opened.
#pragma once

#include <memory>

#include "vault/keys/key_material.h"
#include "vault/keys/merchant_key.h"
#include "vault/keys/registry.h"

namespace vault::keys {

class MerchantKeySafe {
  public:
    MerchantKeySafe(hsm::Hsm& hsm, Registry& registry, KeyMaterial& material)
        : hsm_{hsm}, registry_{registry}, material_{material} {}

    // A key of fresh bytes, sealed and signed; not stored yet.
    common::Task<MerchantKeyRow> make(common::AccountId account, bool livemode, unsigned version,
                                      common::Deadline deadline);
    // The same key in another state, signed.
    common::Task<MerchantKeyRow> in_state(MerchantKeyRow row, KeyState state, common::Deadline deadline);
    // The same row, signed by the registry key that is active now.
    common::Task<MerchantKeyRow> resigned(MerchantKeyRow row, common::Deadline deadline);
    // The same key under the key-encryption key that is active now, signed.
    common::Task<MerchantKeyRow> resealed(MerchantKeyRow row, common::Deadline deadline);
    // 500 Cause::integrity: destroyed, not in use yet, or not what was sealed and signed.
    common::Task<std::shared_ptr<const MerchantKey>> open(MerchantKeyRow row, common::Deadline deadline);

  private:
    common::Task<common::SecretBytes> bytes_of(const MerchantKeyRow& row, common::Deadline deadline);
    common::Task<MerchantKeyRow> sealed(MerchantKeyRow row, common::SecretBytes bytes,
                                        common::Deadline deadline);

    hsm::Hsm& hsm_;
    Registry& registry_;
    KeyMaterial& material_;
};

}  // namespace vault::keys
