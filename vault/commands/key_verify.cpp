// portcullis-vault keys verify: whether the registry still says what was last recorded of each key. A row
// that was put back to an older copy has a true MAC; only the audit log knows that it is not the last one.
// PCI DSS 4.0.1 requirements 3.7.5, 3.7.7.
#include <iostream>
#include <map>

#include "vault/audit/reader.h"
#include "vault/commands/key_changes.h"
#include "vault/commands/key_work.h"

namespace vault::commands {
namespace {

using common::Config;
using common::Error;
using common::Fail;
using common::Safe;
using common::Status;

// By key: the marks of its row, in the order in which they were recorded.
using Marks = std::map<std::string, std::vector<std::string>>;

common::Result<Marks> recorded_marks(KeyWork& work) {
    Marks marks;
    store::AuditRows rows{work.work->pool()};
    const auto take = [&](const audit::Record& record) {
        const auto& entry = record.entry;
        if (entry.action.starts_with("merchant_key.") || entry.action.starts_with("hsm_key."))
            marks[entry.object].push_back(entry.detail);
    };
    const auto read = wait_for(audit::read_entries(rows, {}, "", take));
    if (!read) return Fail{read.error()};
    return marks;
}

struct Findings {
    const Marks& marks;
    std::int64_t looked_at = 0, bad = 0;

    void look(const std::string& name, std::span<const std::uint8_t> registry_mac) {
        ++looked_at;
        const auto found = marks.find(name);
        if (found == marks.end()) return;  // entered at a first start, or before there was a log
        const auto mark = keys::registry_mark(registry_mac);
        if (found->second.back() == mark) return;
        ++bad;
        const bool is_older = std::ranges::find(found->second, mark) != found->second.end();
        std::cout << name
                  << (is_older
                          ? ": is an older copy: the change that was recorded last is undone, or was never "
                            "carried out; see audit show --object "
                          : ": was changed without a record; see audit show --object ")
                  << name << '\n';
    }
};

Status look_at_all(KeyWork& work, Findings& findings) {
    const auto rows = wait_for(work.registry.all(soon()));
    if (!rows) return Fail{rows.error()};
    for (const auto& row : *rows)
        findings.look(hsm::label_of(row.key), row.registry_mac);
    store::MerchantKeys::Page page;
    for (;;) {
        auto keys = wait_for(work.merchant_keys.page(page, soon()));
        if (!keys) return Fail{std::move(keys).error()};
        for (const auto& row : *keys) {
            if (auto checked = wait_for(work.registry.check(row, soon())); !checked)
                return Fail{std::move(checked).error()};
            findings.look(row.id, row.registry_mac);
        }
        if (keys->size() < static_cast<std::size_t>(page.limit)) return {};
        page.after = std::move(keys->back());
    }
}

}  // namespace

Status verify_keys(const Config& config) {
    auto work = KeyWork::open(config, true);
    if (!work) return Fail{std::move(work.error())};
    const auto marks = recorded_marks(**work);
    if (!marks) return Fail{marks.error()};
    Findings findings{*marks};
    if (auto looked = look_at_all(**work, findings); !looked) return looked;
    if (findings.bad == 0) {
        std::cout << findings.looked_at << " keys, all as they were recorded last\n";
        return {};
    }
    return Fail{Error::internal("{} keys of the registry are not as they were recorded last",
                                {Safe::number(findings.bad)})};
}

}  // namespace vault::commands
