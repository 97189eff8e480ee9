#include "vault/audit/cut.h"

#include "vault/keys/associated_data.h"

namespace vault::audit {

common::SecretBytes signed_part(const Cut& cut) {
    keys::AssociatedData fields{"portcullis-audit-cut"};
    fields.text(1, cut.stream).number(2, static_cast<std::uint64_t>(cut.checkpoint));
    fields.number(3, static_cast<std::uint64_t>(cut.sequence)).bytes(4, cut.hash).bytes(5, cut.vouched_by);
    fields.number(6, static_cast<std::uint64_t>(cut.before));
    fields.number(7, static_cast<std::uint64_t>(cut.made_at)).number(8, cut.key_version);
    return common::SecretBytes::copy_of(fields.span());
}

}  // namespace vault::audit
