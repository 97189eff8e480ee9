#include "vault/cards/bulk.h"

#include "common/crypto.h"
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
    return {scope.caller.actor,
            "card.create_many",
            scope.name,
            scope.caller.origin,
            audit::Outcome::begun,
            "lines " + std::to_string(first) + '-' +
                std::to_string(first + static_cast<std::int64_t>(lines) - 1) + ", " +
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

Task<BulkService::Sorted> BulkService::sort(const BulkScope& scope, std::vector<Line> lines,
                                            Deadline deadline) {
    Sorted sorted;
    sorted.refused.resize(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!lines[i]) {
            sorted.refused[i] = lines[i].error();
            continue;
        }
        lines[i]->account = scope.account;
        lines[i]->livemode = scope.livemode;
        auto card = co_await parts_.check.check(std::move(*lines[i]), deadline);
        // What is no fault of the line must not be remembered as its answer.
        if (!card && card.error().status() >= 500) co_return Fail{std::move(card).error()};
        if (!card) {
            sorted.refused[i] = std::move(card).error();
            continue;
        }
        sorted.cards.push_back(std::move(*card));
        sorted.places.push_back(i);
    }
    co_return sorted;
}

Task<std::vector<LineResult>> BulkService::store(BulkScope scope, BulkLines lines, Deadline deadline) {
    auto sorted = co_await sort(scope, std::move(lines.lines), deadline);
    if (!sorted) co_return Fail{std::move(sorted).error()};
    const BulkChunk place{scope.account, scope.livemode, scope.name, lines.first, {}, 0};
    const auto known = co_await parts_.chunks.find(place, deadline);
    if (!known) co_return Fail{known.error()};
    if (*known) co_return co_await answer_again(**known, std::move(*sorted), deadline);
    co_return co_await store_new(scope, lines.first, std::move(*sorted), deadline);
}

Task<std::vector<LineResult>> BulkService::store_new(const BulkScope& scope, std::int64_t first,
                                                     Sorted sorted, Deadline deadline) {
    const auto size = sorted.refused.size();
    const auto chunk_of = [&](const std::vector<std::string>& tokens) {
        BulkChunk chunk{scope.account, scope.livemode, scope.name, first, {}, day_of(parts_.clock.now())};
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
        sorted.cards, [&](const auto& tokens) { return std::vector{entry_of(scope, first, size, tokens)}; },
        [&](const auto& tokens) { return chunk_of(tokens); }, deadline);
    if (!stored) co_return Fail{std::move(stored).error()};
    for (std::size_t i = 0; i < stored->size(); ++i)
        results[sorted.places[i]] = std::move((*stored)[i].facts);
    co_return results;
}

// The cards must be those that were stored, or an answer would give a token to somebody else's card.
Task<std::vector<LineResult>> BulkService::answer_again(const BulkChunk& known, Sorted sorted,
                                                        Deadline deadline) {
    const auto size = sorted.refused.size();
    if (known.outcomes.size() != size) co_return Fail{differs()};
    std::vector<std::string> tokens;
    std::ranges::copy_if(known.outcomes, std::back_inserter(tokens), std::not_fn(is_refusal));
    const auto rows = co_await parts_.rows.find_all(known.account, tokens, deadline);
    if (!rows) co_return Fail{rows.error()};
    std::vector<const Pan*> pans;
    for (const auto& card : sorted.cards)
        pans.push_back(&card.pan);
    const auto fingerprints =
        co_await parts_.fingerprinter.of_all(known.account, known.livemode, std::move(pans), deadline);
    if (!fingerprints) co_return Fail{fingerprints.error()};
    std::vector<LineResult> results(size);
    for (std::size_t i = 0; i < size; ++i) {
        if (!is_refusal(known.outcomes[i])) {
            const auto row = rows->find(known.outcomes[i]);
            results[i] = row == rows->end() ? LineResult{Fail{store::erased_card(known.outcomes[i])}}
                                            : LineResult{row->second.facts};
        } else {
            results[i] = Fail{sorted.refused[i] ? *sorted.refused[i] : refused_before()};
        }
        // What is a card now, though it was none, or the other way round, came with a change of the rules.
        if (sorted.refused[i] && !is_refusal(known.outcomes[i])) co_return Fail{differs()};
    }
    for (std::size_t i = 0; i < sorted.cards.size(); ++i) {
        const auto row = rows->find(known.outcomes[sorted.places[i]]);
        if (row == rows->end()) continue;
        const auto& [text, version] = (*fingerprints)[i];
        const bool same_key = row->second.fingerprint_key_version == version;
        if (row->second.facts.last4 != sorted.cards[i].pan.last4() ||
            (same_key && row->second.facts.fingerprint != text))
            co_return Fail{differs()};
    }
    parts_.metrics.count("vault_bulk_chunks_again_total");
    co_return results;
}

}  // namespace vault::cards
