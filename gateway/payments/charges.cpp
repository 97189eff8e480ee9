#include "gateway/payments/charges.h"

#include "gateway/customers/customer.h"
#include "gateway/store/payments.h"

namespace gateway::payments {
namespace {

using common::Error;
using common::Fail;
using common::Result;

common::Status put_once(std::optional<std::string>& field, const std::optional<std::string>& given,
                        std::string_view param) {
    if (!given || field == given) return {};
    if (field)
        return Fail{Error::invalid("", param, "This charge has a {} already, which cannot be changed.",
                                   {common::Safe::param(param)})};
    field = given;
    return {};
}

}  // namespace

Result<Charge> update_charge(Work& work, const std::string& id, const ChargeChanges& changes) {
    auto before = store::require_locked<Charge>(work.tx, work.scope(), id);
    if (!before) return before;
    auto after = *before;
    if (changes.customer)
        if (auto found = customers::require(work.tx, work.scope(), *changes.customer, "customer"); !found)
            return Fail{found.error()};
    if (auto fine = put_once(after.customer, changes.customer, "customer"); !fine) return Fail{fine.error()};
    if (auto fine = put_once(after.transfer_group, changes.transfer_group, "transfer_group"); !fine)
        return Fail{fine.error()};
    put_change(after.description, changes.description);
    put_change(after.receipt_email, changes.receipt_email);
    put_change(after.user_report, changes.user_report);
    put_change(after.shipping, changes.shipping);
    if (auto fine = put_metadata(after.metadata, changes.metadata); !fine) return Fail{fine.error()};
    store::update(work.tx, after);
    work.tell_changed("charge.updated", &*before, &after);
    return after;
}

}  // namespace gateway::payments
