#include "vault/store/custodian_rows.h"

namespace vault::store {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Task;
using common::db::Statement;
using common::db::Transaction;
using keys::Act;
using keys::Approval;
using keys::Custodian;
using keys::CustodyChange;
using keys::CustodyRows;
using keys::RegisterRow;

constexpr Statement read_register{"custody_register_read", R"(
SELECT sequence, content, mac FROM custody_register WHERE name = 'register')"};

constexpr Statement insert_register{"custody_register_insert", R"(
INSERT INTO custody_register (name, sequence, content, mac) VALUES ('register', $1, $2, $3)
ON CONFLICT DO NOTHING RETURNING sequence)"};

constexpr Statement move_register{"custody_register_move", R"(
UPDATE custody_register SET sequence = $1, content = $2, mac = $3 WHERE name = 'register' AND sequence = $4
RETURNING sequence)"};

constexpr Statement read_custodians{"custodians_active", R"(
SELECT name, certificate, acknowledgement, enrolled_at, removed_at FROM custodian WHERE state = 'active' ORDER BY name)"};

constexpr Statement write_custodian{"custodian_write", R"(
INSERT INTO custodian (name, state, certificate, acknowledgement, enrolled_at, removed_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET state = excluded.state, certificate = excluded.certificate,
  acknowledgement = excluded.acknowledgement, enrolled_at = excluded.enrolled_at, removed_at = excluded.removed_at)"};

constexpr Statement read_open_acts{"custodial_acts_open", R"(
SELECT id, kind, parameters, digest, proposed_by, proposed_at, expires_at, state, holder, claimed_at, ended_at
  FROM custodial_act WHERE state IN ('proposed', 'claimed') ORDER BY proposed_at, id)"};

constexpr Statement read_act{"custodial_act", R"(
SELECT id, kind, parameters, digest, proposed_by, proposed_at, expires_at, state, holder, claimed_at, ended_at
  FROM custodial_act WHERE id = $1)"};

constexpr Statement read_history{"custodial_acts_latest", R"(
SELECT id, kind, parameters, digest, proposed_by, proposed_at, expires_at, state, holder, claimed_at, ended_at
  FROM custodial_act ORDER BY proposed_at DESC, id LIMIT $1)"};

constexpr Statement write_act{"custodial_act_write", R"(
INSERT INTO custodial_act
  (id, kind, parameters, digest, proposed_by, proposed_at, expires_at, state, holder, claimed_at, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET
  state = excluded.state, holder = excluded.holder, claimed_at = excluded.claimed_at, ended_at = excluded.ended_at)"};

constexpr Statement read_approvals{"custodial_approvals_open", R"(
SELECT a.act, a.custodian, a.signature, a.approved_at FROM custodial_approval a
  JOIN custodial_act c ON c.id = a.act WHERE c.state IN ('proposed', 'claimed') ORDER BY a.approved_at, a.custodian)"};

constexpr Statement write_approval{"custodial_approval_write", R"(
INSERT INTO custodial_approval (act, custodian, signature, approved_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (act, custodian) DO UPDATE SET signature = excluded.signature, approved_at = excluded.approved_at)"};

std::optional<RegisterRow> register_row(Transaction& tx) {
    const auto rows = tx.exec(read_register);
    if (rows.empty()) return std::nullopt;
    return RegisterRow{rows[0][0].as<std::int64_t>(), rows[0][1].c_str(), common::db::bytes(rows[0][2])};
}

Result<Act> act_of(const pqxx::row& row) {
    const auto state = keys::act_state_of(row[7].c_str());
    if (!state)
        return Fail{Error::internal("a custodial act is in an unknown state").with_cause(Cause::integrity)};
    return Act{row[0].c_str(),
               row[1].c_str(),
               row[2].c_str(),
               common::db::bytes(row[3]),
               row[4].c_str(),
               row[5].as<std::int64_t>(),
               row[6].as<std::int64_t>(),
               *state,
               row[8].c_str(),
               row[9].as<std::int64_t>(),
               row[10].as<std::int64_t>()};
}

Result<std::vector<Act>> acts_of(const pqxx::result& rows) {
    std::vector<Act> acts;
    for (const auto& row : rows) {
        auto act = act_of(row);
        if (!act) return Fail{std::move(act.error())};
        acts.push_back(std::move(*act));
    }
    return acts;
}

void write_rows(Transaction& tx, const CustodyChange& change) {
    for (const auto& one : change.custodians)
        tx.exec(write_custodian, one.name, one.active ? "active" : "removed",
                common::db::bytes(one.certificate), common::db::bytes(one.acknowledgement), one.enrolled_at,
                one.removed_at);
    for (const auto& act : change.acts)
        tx.exec(write_act, act.id, act.kind, act.parameters, common::db::bytes(act.digest), act.proposed_by,
                act.proposed_at, act.expires_at, std::string{keys::to_string(act.state)}, act.holder,
                act.claimed_at, act.ended_at);
    for (const auto& one : change.approvals)
        tx.exec(write_approval, one.act, one.custodian, common::db::bytes(one.signature), one.approved_at);
}

}  // namespace

// Each statement sees its own moment, so the register is read before and after the rest.
Task<CustodyRows> CustodianRows::load(Deadline deadline) {
    auto job = [](Transaction& tx) -> Result<CustodyRows> {
        for (int tries = 0; tries < 10; ++tries) {
            CustodyRows found;
            found.entry = register_row(tx);
            for (const auto& row : tx.exec(read_custodians))
                found.custodians.push_back({row[0].c_str(), true, common::db::bytes(row[1]),
                                            common::db::bytes(row[2]), row[3].as<std::int64_t>(),
                                            row[4].as<std::int64_t>()});
            auto acts = acts_of(tx.exec(read_open_acts));
            if (!acts) return Fail{std::move(acts.error())};
            found.acts = std::move(*acts);
            for (const auto& row : tx.exec(read_approvals))
                found.approvals.push_back(
                    {row[0].c_str(), row[1].c_str(), common::db::bytes(row[2]), row[3].as<std::int64_t>()});
            const auto after = register_row(tx);
            if ((after ? after->sequence : 0) == (found.entry ? found.entry->sequence : 0)) return found;
        }
        return Fail{Error::unavailable("the custodians' register does not keep still")};
    };
    return pool_.read(std::move(job), deadline);
}

Task<Act> CustodianRows::act(std::string id, Deadline deadline) {
    auto job = [id = std::move(id)](Transaction& tx) -> Result<Act> {
        const auto rows = tx.exec(read_act, id);
        if (rows.empty())
            return Fail{Error{404, ErrorType::invalid_request, "resource_missing", "No such act."}.with_cause(
                Cause::not_found)};
        return act_of(rows[0]);
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::vector<Act>> CustodianRows::history(int limit, Deadline deadline) {
    auto job = [limit](Transaction& tx) { return acts_of(tx.exec(read_history, limit)); };
    return pool_.read(std::move(job), deadline);
}

Task<bool> CustodianRows::apply(CustodyChange change, Deadline deadline) {
    auto job = [change = std::move(change)](Transaction& tx) -> Result<bool> {
        const auto& next = change.next;
        const auto mac = common::db::bytes(next.mac);
        const auto moved = change.previous == 0
                               ? tx.exec(insert_register, next.sequence, next.content, mac)
                               : tx.exec(move_register, next.sequence, next.content, mac, change.previous);
        if (moved.empty())
            return Fail{
                Error::unavailable("somebody else changed the custodians' register", Cause::conflict)};
        write_rows(tx, change);
        return true;
    };
    return pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
