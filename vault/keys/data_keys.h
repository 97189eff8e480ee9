// Keys for data other than cards that the gateway keeps itself: made and opened here, each sealed by KEK-pii
// for one object of one account and mode. The vault stores none, so both databases together give nothing away
// without the HSM.
#pragma once

#include <string>

#include "common/crypto.h"
#include "common/ids.h"
#include "common/metrics.h"
#include "vault/audit/caller.h"
#include "vault/audit/trail.h"
#include "vault/keys/key_material.h"
#include "vault/keys/registry.h"

namespace vault::keys {

// What a data key is for; a part of its seal.
struct DataKeyScope {
    common::AccountId account;
    bool livemode = false;
    std::string object;  // id of what it encrypts
};

struct SealedDataKey {
    std::string kek;  // label of the key in the HSM: "KEK-pii-v1"
    common::crypto::Bytes sealed;
};

struct DataKey {
    common::SecretBytes bytes;  // 32
    SealedDataKey sealed;
};

class DataKeyMaker {
  public:
    virtual ~DataKeyMaker() = default;
    virtual common::Task<DataKey> make(DataKeyScope scope, audit::Caller caller,
                                       common::Deadline deadline) = 0;
    // 500 Cause::integrity: not what was sealed, not for this scope, or by no key that may open.
    virtual common::Task<common::SecretBytes> open(DataKeyScope scope, SealedDataKey key,
                                                   audit::Caller caller, common::Deadline deadline) = 0;
};

class DataKeys final : public DataKeyMaker {
  public:
    DataKeys(hsm::Hsm& hsm, Registry& registry, KeyMaterial& material, audit::Trail& trail,
             common::Metrics& metrics)
        : hsm_{hsm}, registry_{registry}, material_{material}, trail_{trail}, metrics_{metrics} {}

    common::Task<DataKey> make(DataKeyScope scope, audit::Caller caller, common::Deadline deadline) override;
    common::Task<common::SecretBytes> open(DataKeyScope scope, SealedDataKey key, audit::Caller caller,
                                           common::Deadline deadline) override;

  private:
    common::Task<bool> record(const char* action, const DataKeyScope& scope, audit::Caller caller,
                              common::Deadline deadline);
    common::Task<common::SecretBytes> unseal(DataKeyScope scope, SealedDataKey key,
                                             common::Deadline deadline);

    hsm::Hsm& hsm_;
    Registry& registry_;
    KeyMaterial& material_;
    audit::Trail& trail_;
    common::Metrics& metrics_;
};

}  // namespace vault::keys
