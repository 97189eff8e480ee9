// The registry of keys: which versions there are and what each may do. Its rows are signed inside the HSM, so
// that none can be added, changed or moved in the database. PCI DSS 4.0.1 requirements 3.6.1.1, 3.7.7.
#pragma once

#include <map>
#include <mutex>

#include "common/clock.h"
#include "common/task.h"
#include "vault/keys/merchant_key.h"
#include "vault/keys/registry_rows.h"
#include "vault/store/hsm_keys.h"

namespace vault::keys {

std::span<const hsm::Purpose> all_purposes();
std::string purpose_name(hsm::Purpose purpose);  // "KEK-card"

// What an audit entry says of a row that it announces, so that an older copy of the row is told from it: the
// first 16 bytes of its MAC, in hex.
std::string registry_mark(std::span<const std::uint8_t> registry_mac);

class Registry {
  public:
    Registry(hsm::Hsm& hsm, store::HsmKeys& store, const common::Clock& clock)
        : hsm_{hsm}, store_{store}, clock_{clock} {}

    // At a start: compares the token with the registry, after entering version 1 of each purpose that the
    // registry knows nothing of. 500 with what differs and what to do.
    common::Task<bool> reconcile(common::Deadline deadline);

    // The version that seals and signs what is new. Read again after a few seconds, so a rotation reaches
    // every process within them. 500 Cause::integrity: a row is not what was signed.
    common::Task<hsm::KeyRef> active(hsm::Purpose purpose, common::Deadline deadline);
    // Every row, each with a MAC that was checked.
    common::Task<std::vector<HsmKeyRow>> all(common::Deadline deadline);
    common::Task<HsmKeyRow> find(hsm::KeyRef key, common::Deadline deadline);  // Cause::not_found
    void forget();  // the next call reads the database
    const common::Clock& clock() const { return clock_; }

    // Sets the MAC and the version of the key that made it.
    common::Task<HsmKeyRow> signed_row(HsmKeyRow row, common::Deadline deadline);
    common::Task<MerchantKeyRow> signed_row(MerchantKeyRow row, common::Deadline deadline);
    // 500 Cause::integrity when the row differs from what was signed.
    common::Task<bool> check(const MerchantKeyRow& row, common::Deadline deadline);

  private:
    template <class Row>
    common::Task<Row> sign(Row row, common::Deadline deadline);
    common::Task<bool> check(const HsmKeyRow& row, common::Deadline deadline);
    common::Task<bool> enter_unknown(const std::vector<HsmKeyRow>& rows, common::Deadline deadline);
    common::Task<bool> learn(const std::map<hsm::Purpose, hsm::KeyRef>& active, common::Deadline deadline);
    common::Task<bool> enter(hsm::KeyRef key, const common::crypto::Bytes& id, common::Deadline deadline);
    common::Task<std::vector<std::uint8_t>> mac(unsigned version, common::SecretBytes entry,
                                                common::Deadline deadline);

    hsm::Hsm& hsm_;
    store::HsmKeys& store_;
    const common::Clock& clock_;
    std::mutex mutex_;
    std::map<hsm::Purpose, hsm::KeyRef> active_;
    std::chrono::steady_clock::time_point read_at_{};
};

}  // namespace vault::keys
