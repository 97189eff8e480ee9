// Random bytes for keys, from the HSM's generator (PCI DSS 4.0.1 requirement 3.7.1), drawn in blocks so that
// a new card costs no call of its own.
#pragma once

#include <mutex>
#include <vector>

#include "common/secret.h"
#include "common/task.h"
#include "hsm/hsm.h"

namespace vault::keys {

inline constexpr std::size_t key_size = 32;

class KeyMaterial {
  public:
    explicit KeyMaterial(hsm::Hsm& hsm) : hsm_{hsm} {}
    // 32 bytes that nobody else gets.
    common::Task<common::SecretBytes> draw(common::Deadline deadline);
    common::Task<std::vector<common::SecretBytes>> draw(std::size_t keys, common::Deadline deadline);

  private:
    static constexpr std::size_t keys_per_block = 127;
    common::SecretBytes take();  // empty: the block is used up

    hsm::Hsm& hsm_;
    std::mutex mutex_;
    common::SecretBytes block_;
    std::size_t used_ = 0;
};

}  // namespace vault::keys
