// The entries of all streams in the order of their times. PCI DSS 4.0.1 requirement 10.4.1.
#pragma once

#include <functional>

#include "vault/store/audit_rows.h"

namespace vault::audit {

// Tells each entry that the filter selects; memory does not grow with the log. Entries that come meanwhile
// are left out. 503: the database cannot be used.
common::Task<std::int64_t> read_entries(store::AuditRows& rows, store::AuditFilter filter,
                                        std::string only_stream, std::function<void(const Record&)> tell);

// "2026-11-25" or "2026-11-25T10:30:00Z" (UTC) as milliseconds of the unix epoch.
std::optional<std::int64_t> time_of(const std::string& text);
std::string time_text(std::int64_t milliseconds);  // "2026-11-25T10:30:00.123Z"

}  // namespace vault::audit
