#include "vault/cards/bulk.h"

#include "common/crypto.h"
#include "vault/cards/metadata.h"
#include "vault/cards/use_marks.h"

namespace vault::cards {
namespace {

using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Task;
using store::BulkChunk;
using store::CardRow;

Error differs() {
    return Error{
        409, ErrorType::invalid_request, "bulk_differs",
        "Other lines were sent under this name and line number before. Send the same lines again, or "
        "give the bulk another name."};
}

Error refused_before() {
    return Error{409, ErrorType::invalid_request, "refused_before",
                 "This line was refused when it was sent the first time. Send the card in another bulk."};
}

// The tokens themselves are too many for an entry; this tells whether a list of them is the one that was
// stored.
std::string digest_of(const std::vector<std::string>& tokens) {
    std::string text;
    for (const auto& token : tokens)
        text += token + '\n';
    return common::crypto::to_hex(common::crypto::sha256(text));
}

audit::Entry entry_of(const BulkScope& scope, std::int64_t first, std::size_t lines,
                      const std::vector<std::string>& tokens) {
    const auto last = first + static_cast<std::int64_t>(lines) - 1;
    return {scope.caller.actor,
            "card.create_many",
            common::public_account_id(scope.account) + (scope.livemode ? "/live/" : "/test/") + scope.name,
            scope.caller.origin,
            audit::Outcome::begun,
            scope.caller.detail + " lines " + std::to_string(first) + '-' + std::to_string(last) + ", " +
                std::to_string(tokens.size()) + " cards, sha256 " + digest_of(tokens)};
}

bool is_refusal(const std::string& outcome) {
    return outcome.starts_with('_');
}

}  // namespace

// Cards, and where in the chunk each of them was.
struct BulkService::Sorted {
    std::vector<CheckedCard> cards;
    std::vector<std::size_t> places;
    std::vector<std::optional<Error>> refused;  // of each line; nothing for a card
};

BulkService::Sorted BulkService::sort(std::vector<Line>& lines) const {
    Sorted sorted;
    sorted.refused.resize(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!lines[i]) {
            sorted.refused[i] = lines[i].error();
            continue;
        }
        auto card = parts_.check.check(*lines[i]);
        if (!card) {
            wipe(lines[i]->metadata);
            sorted.refused[i] = std::move(card).error();
            continue;
        }
        sorted.cards.push_back(std::move(*card));
        sorted.places.push_back(i);
    }
    return sorted;
}

Task<std::vector<LineResult>> BulkService::store(BulkScope scope, BulkLines lines, Deadline deadline) {
    for (auto& line : lines.lines)
        if (line) line->account = scope.account, line->livemode = scope.livemode;
    const BulkChunk place{scope.account, scope.livemode, scope.name, lines.first, {}, 0};
    auto known = co_await parts_.chunks.find(place, deadline);
    if (!known) co_return Fail{known.error()};
    if (!*known) {
        auto stored = co_await store_new(scope, lines, deadline);
        if (stored || stored.error().code() != store::bulk_chunk_known_code) co_return stored;
        known = co_await parts_.chunks.find(place, deadline);  // another request was quicker
        if (!known) co_return Fail{known.error()};
        if (!*known) co_return stored;
    }
    co_return co_await answer_again(**known, lines.lines, deadline);
}

Task<std::vector<LineResult>> BulkService::store_new(const BulkScope& scope, BulkLines& lines,
                                                     Deadline deadline) {
    const auto sorted = sort(lines.lines);
    const auto size = sorted.refused.size();
    const auto chunk_of = [&](const std::vector<std::string>& tokens) {
        BulkChunk chunk{
            scope.account, scope.livemode, scope.name, lines.first, {}, day_of(parts_.clock.now())};
        for (const auto& refused : sorted.refused)
            chunk.outcomes.push_back(refused ? '_' + std::string{refused->code()} : "");
        for (std::size_t i = 0; i < tokens.size(); ++i)
            chunk.outcomes[sorted.places[i]] = tokens[i];
        return chunk;
    };
    std::vector<LineResult> results(size);
    for (std::size_t i = 0; i < size; ++i)
        if (sorted.refused[i]) results[i] = Fail{*sorted.refused[i]};
    if (sorted.cards.empty()) {
        const auto noted = co_await parts_.chunks.insert(chunk_of({}), deadline);
        if (!noted) co_return Fail{noted.error()};
        co_return results;
    }
    auto stored = co_await parts_.batch.store(
        sorted.cards,
        [&](const auto& tokens) { return std::vector{entry_of(scope, lines.first, size, tokens)}; },
        [&](const auto& tokens) { return chunk_of(tokens); }, deadline);
    if (!stored) co_return Fail{std::move(stored).error()};
    for (std::size_t i = 0; i < stored->size(); ++i) {
        auto& facts = (*stored)[i].facts;
        facts.metadata.clear();  // the caller has it, and another time it is not at hand
        results[sorted.places[i]] = std::move(facts);
    }
    co_return results;
}

Task<std::vector<LineResult>> BulkService::answer_again(const BulkChunk& known,
                                                        const std::vector<Line>& lines, Deadline deadline) {
    if (known.outcomes.size() != lines.size()) co_return Fail{differs()};
    std::vector<std::string> tokens;
    for (const auto& outcome : known.outcomes) {
        if (is_refusal(outcome)) continue;
        if (!may_belong_to(outcome, known.account))
            co_return Fail{Error::internal("a chunk of a bulk names what is no token of its account")
                               .with_cause(common::Cause::integrity)};
        tokens.push_back(outcome);
    }
    const auto rows = co_await parts_.rows.find_all(known.account, tokens, deadline);
    if (!rows) co_return Fail{rows.error()};
    if (const auto same = co_await compare(known, lines, *rows, deadline); !same)
        co_return Fail{same.error()};
    std::vector<LineResult> results(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& outcome = known.outcomes[i];
        if (is_refusal(outcome)) {
            const auto checked = lines[i] ? parts_.check.check(*lines[i])
                                          : common::Result<CheckedCard>{Fail{lines[i].error()}};
            results[i] = Fail{checked ? refused_before() : checked.error()};
        } else {
            const auto row = rows->find(outcome);
            results[i] = row == rows->end() ? LineResult{Fail{store::erased_card(outcome)}}
                                            : LineResult{row->second.facts};
        }
    }
    parts_.metrics.count("vault_bulk_chunks_again_total");
    co_return results;
}

// The cards must be those that were stored, or an answer would give a token to somebody else's card. Rules
// that have changed since, or a date that has passed, do not matter.
Task<bool> BulkService::compare(const BulkChunk& known, const std::vector<Line>& lines,
                                const std::map<std::string, CardRow>& rows, Deadline deadline) {
    struct Same {
        std::vector<Pan> pans;
        std::vector<const CardRow*> rows;
    };
    std::map<unsigned, Same> by_version;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (is_refusal(known.outcomes[i])) continue;
        auto pan = lines[i] ? parts_.check.pan_of(*lines[i]) : common::Result<Pan>{Fail{lines[i].error()}};
        if (!pan) co_return Fail{differs()};
        const auto row = rows.find(known.outcomes[i]);
        if (row == rows.end()) continue;  // erased: nothing is told of it
        auto& same = by_version[row->second.fingerprint_key_version];
        same.pans.push_back(std::move(*pan));
        same.rows.push_back(&row->second);
    }
    for (const auto& [version, same] : by_version) {
        std::vector<const Pan*> pans;
        for (const auto& pan : same.pans)
            pans.push_back(&pan);
        const auto fingerprints = co_await parts_.fingerprinter.of_all(
            known.account, known.livemode, std::move(pans), {hsm::Purpose::fingerprint, version}, deadline);
        if (!fingerprints) co_return Fail{fingerprints.error()};
        for (std::size_t i = 0; i < same.rows.size(); ++i)
            if (same.rows[i]->facts.fingerprint != (*fingerprints)[i].text) co_return Fail{differs()};
    }
    co_return true;
}

}  // namespace vault::cards
