#include "gateway/payments/changes.h"

namespace gateway {

void merge(boost::json::object& into, const boost::json::object& changes) {
    for (const auto& change : changes) {
        if (change.value().is_null()) {
            into.erase(change.key());
        } else if (const auto* inner = change.value().if_object()) {
            auto& kept = into[change.key()];
            if (!kept.is_object()) kept.emplace_object();
            merge(kept.get_object(), *inner);
        } else {
            into[change.key()] = change.value();
        }
    }
}

common::Result<boost::json::object> merged_metadata(boost::json::object present,
                                                    const Change<boost::json::object>& change) {
    if (!change) return present;
    if (!*change) return boost::json::object{};
    merge(present, **change);
    if (present.size() > metadata_keys_max)
        return common::Fail{
            common::Error::invalid("", "metadata", "Metadata can have up to {} keys.",
                                   {common::Safe::number(static_cast<std::int64_t>(metadata_keys_max))})};
    return present;
}

common::Status put_metadata(boost::json::object& metadata, const Change<boost::json::object>& change) {
    auto merged = merged_metadata(metadata, change);
    if (!merged) return common::Fail{std::move(merged).error()};
    metadata = *std::move(merged);
    return {};
}

}  // namespace gateway
