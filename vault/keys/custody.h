// Custodians and acts as the database has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vault::keys {

struct Custodian {
    std::string name;
    bool active = true;
    std::vector<std::uint8_t> certificate;      // DER
    std::vector<std::uint8_t> acknowledgement;  // CMS, as he gave it
    std::int64_t enrolled_at = 0, removed_at = 0;
    bool operator==(const Custodian&) const = default;
};

// proposed → claimed → finished, or from proposed → expired or cancelled. That a proposed act is approved is
// nowhere written: it is counted from the signatures when it is asked for.
enum class ActState : std::uint8_t { proposed, claimed, finished, expired, cancelled };
std::string_view to_string(ActState state);
std::optional<ActState> act_state_of(std::string_view text);

// Times are milliseconds of the unix epoch, whole seconds where a custodian signs them.
struct Act {
    std::string id;  // "act_…"
    std::string kind;
    std::string parameters;            // canonical JSON
    std::vector<std::uint8_t> digest;  // SHA-256 of the document that custodians sign
    std::string proposed_by;
    std::int64_t proposed_at = 0, expires_at = 0;
    ActState state = ActState::proposed;
    std::string holder;  // who carries it out, see claim_holder.h
    std::int64_t claimed_at = 0, ended_at = 0;
    bool is_open() const { return state == ActState::proposed || state == ActState::claimed; }
    bool operator==(const Act&) const = default;
};

struct Approval {
    std::string act, custodian;
    std::vector<std::uint8_t> signature;  // CMS
    std::int64_t approved_at = 0;
};

struct RegisterRow {
    std::int64_t sequence = 0;
    std::string content;
    std::vector<std::uint8_t> mac;
};

// Whatever counts: active custodians, open acts and their approvals, as of one moment.
struct CustodyRows {
    std::optional<RegisterRow> entry;
    std::vector<Custodian> custodians;
    std::vector<Act> acts;
    std::vector<Approval> approvals;
};

// All of it or nothing, if the register is still at `previous` (0: not there yet).
struct CustodyChange {
    std::int64_t previous = 0;
    RegisterRow next;
    std::vector<Custodian> custodians;
    std::vector<Act> acts;
    std::vector<Approval> approvals;
};

}  // namespace vault::keys
