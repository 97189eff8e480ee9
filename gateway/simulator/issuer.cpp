#include "gateway/simulator/issuer.h"

#include <array>
#include <charconv>

#include "common/crypto.h"

namespace simulator {

namespace iso = vault::iso8583;
using iso::Message;

namespace {

constexpr std::int64_t remembered_seconds = 24 * 3600;
constexpr std::int64_t late_answer_ms = 25000;
constexpr int unanswered_reversals = 2;

// Amounts in minor units that drive the simulator from outside, whatever the card.
namespace amounts {
constexpr std::int64_t response_first = 100001, response_last = 100099;  // field 39 = the last two digits
constexpr std::int64_t silent = 200001, late = 200002, closes = 200003, broken_bitmap = 200004,
                       twice = 200005, other_stan = 200006, other_amount = 200007, half = 200009,
                       authenticate = 200010, wrong_code = 200011, wrong_address = 200012,
                       deaf_to_reversals = 200013, slow = 200014, capture_refused = 200015;
}  // namespace amounts

std::int64_t number(std::string_view digits) {
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::string padded(std::int64_t value, std::size_t size) {
    std::string text = std::to_string(value);
    if (text.size() < size) text.insert(0, size - text.size(), '0');
    return text;
}

// Upper-case letters and digits.
std::string random_code(std::size_t size, std::string_view alphabet) {
    std::string code;
    while (code.size() < size) {
        std::array<std::uint8_t, 1> byte{};
        common::crypto::random_bytes(byte);
        if (byte[0] < 256 / alphabet.size() * alphabet.size())
            code.push_back(alphabet[byte[0] % alphabet.size()]);
    }
    return code;
}

std::string random_auth_code() {
    return random_code(6, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}
std::string random_network_id() {
    return "03" + random_code(13, "0123456789");
}

bool is_approval(std::string_view response) {
    return response == "00" || response == "08" || response == "10" || response == "11" || response == "85";
}

iso::PrivateData private_data(const Message& request) {
    auto data = iso::PrivateData::parse(request.get(48));
    return data ? std::move(*data) : iso::PrivateData{};
}

std::string original_of(const Message& request) {
    std::string id{request.get(90)};
    if (!id.empty()) id[3] = id[3] == '1' ? '0' : id[3];
    return id;
}

// Merchant advice, tag MA, by response: 03 never again, 02 later, 01 new card data.
std::string_view usual_advice(std::string_view response) {
    constexpr std::string_view never[] = {"04", "07", "12", "14", "15", "41",
                                          "43", "46", "57", "R0", "R1", "R3"};
    if (std::ranges::find(never, response) != std::end(never)) return "03";
    if (response == "54") return "01";
    return response == "51" || response == "61" || response == "65" ? "02" : "";
}

constexpr int echoed[] = {3, 4, 7, 11, 12, 13, 19, 32, 33, 37, 41, 42, 49};

}  // namespace

std::string original_elements(const Message& request) {
    std::string mti = request.mti();
    if ((mti[3] - '0') % 2 == 1) mti[3] = static_cast<char>(mti[3] - 1);
    return mti + std::string{request.get(11)} + std::string{request.get(7)} +
           padded(number(request.get(32)), 11) + padded(number(request.get(33)), 11);
}

Message answer_to(const Message& request, std::string_view response, std::string_view settlement_date) {
    Message answer{iso::answer_mti(request.mti())};
    const auto echo = [&](int field) {
        if (request.has(field)) answer.set(field, request.get(field));
    };
    if (request.mti().starts_with("08")) {
        for (const int field : {7, 11, 15, 33, 70})
            echo(field);
    } else if (request.mti().starts_with("05")) {
        for (const int field : {7, 11, 15, 32, 33, 50, 74, 75, 76, 77, 86, 87, 88, 89, 97, 99})
            echo(field);
        answer.set(66, "3");
    } else {
        for (const int field : echoed)
            echo(field);
        if (request.mti().starts_with("04"))
            for (const int field : {90, 95})
                echo(field);
        answer.set(15, settlement_date);
    }
    answer.set(39, response);
    return answer;
}

struct Issuer::Decision {
    std::string response;
    Effect effect = {};
    std::string auth_code = {}, check_results = {}, private_data = {}, additional_amounts = {};
    std::optional<std::int64_t> amount = {};  // other than the one requested
    std::optional<Totals> totals = {};        // 0510
    std::string settlement_code = {};
};

Issuer::Issuer(CardTable cards, CardTable::Hash hash, std::int64_t default_balance,
               const common::Clock& clock)
    : cards_{std::move(cards)}, hash_{std::move(hash)}, ledger_{default_balance}, clock_{clock} {
    for (const auto& [card, rule] : cards_.all())
        if (rule.balance) ledger_.set_balance(card, *rule.balance);
}

std::string Issuer::date() const {
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(clock_.now())};
    return padded(static_cast<unsigned>(today.month()), 2) + padded(static_cast<unsigned>(today.day()), 2);
}

bool Issuer::expired(std::string_view year_month) const {
    if (year_month.size() != 4) return false;
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(clock_.now())};
    const std::int64_t now = (static_cast<int>(today.year()) - 2000) * 100 +
                             static_cast<int>(static_cast<unsigned>(today.month()));
    return number(year_month) < now;
}

std::string Issuer::content_digest(const Message& request) const {
    common::SecretText content;
    for (const int field : request.present()) {
        if (field == 64 || field == 128) continue;
        content.append(std::to_string(field) + "=" + std::to_string(request.get(field).size()) + ":");
        content.append(request.get(field));
    }
    return hash_.digest(content.view());
}

Reply Issuer::handle(const Message& request) {
    forget_old();
    const std::string key = std::string{request.mti()}.substr(0, 3) + "|" + std::string{request.get(32)} +
                            "|" + std::string{request.get(33)} + "|" + std::string{request.get(41)} + "|" +
                            std::string{request.get(11)} + "|" + std::string{request.get(7)};
    const std::string digest = content_digest(request);
    Reply reply;
    if (const auto known = answered_.find(key); known != answered_.end()) {
        reply.answer =
            known->second.digest == digest ? known->second.answer.clone() : answer_to(request, "94", date());
        // A repeated reversal meets the same deafness as its first sending; nothing else is faulty twice.
        if (request.mti().starts_with("04")) reply.delivery = delivery_of(request, reply.answer);
        return reply;
    }
    Decision decision = decide(request);
    Record record;
    record.at = clock_.unix_seconds();
    record.key = key;
    record.digest = digest;
    record.answer = answer_to(request, decision.response, date());
    const auto put = [&](int field, std::string_view value) {
        if (!value.empty()) record.answer.set(field, value);
    };
    put(38, decision.auth_code);
    put(44, decision.check_results);
    put(48, decision.private_data);
    put(54, decision.additional_amounts);
    put(66, decision.settlement_code);
    if (decision.amount) put(4, padded(*decision.amount, 12));
    if (const auto& t = decision.totals) {
        const std::int64_t values[] = {t->credits,         t->credit_reversals,  t->debits,
                                       t->debit_reversals, t->credit_sum,        t->credit_reversal_sum,
                                       t->debit_sum,       t->debit_reversal_sum};
        constexpr int fields[] = {74, 75, 76, 77, 86, 87, 88, 89};
        for (std::size_t i = 0; i < 8; ++i)
            put(fields[i], padded(values[i], i < 4 ? 10 : 16));
        put(97, (t->net() < 0 ? "D" : "C") + padded(std::abs(t->net()), 16));
    }
    record.effect = std::move(decision.effect);
    ledger_.apply(record.effect);
    reply.journal = to_line(record);
    reply.answer = record.answer.clone();
    remember(record);
    reply.delivery = delivery_of(request, reply.answer);
    return reply;
}

bool Issuer::restore(std::string_view line) {
    const auto record = record_of(line);
    if (!record) return false;
    ledger_.apply(record->effect);
    remember(*record);
    return true;
}

void Issuer::remember(const Record& record) {
    answered_.insert_or_assign(record.key, Answered{record.digest, record.answer.clone()});
    answered_order_.emplace_back(record.at, record.key);
}

void Issuer::forget_old() {
    const std::int64_t oldest = clock_.unix_seconds() - remembered_seconds;
    while (!answered_order_.empty() && answered_order_.front().first < oldest) {
        answered_.erase(answered_order_.front().second);
        answered_order_.pop_front();
    }
}

Issuer::Decision Issuer::decide(const Message& request) {
    const std::string_view mti = request.mti();
    if (mti.starts_with("05")) return reconciliation(request);
    // The reversal of this very message came first.
    if (ledger_.is_tombstone(original_elements(request))) return {.response = "21"};
    if (mti.starts_with("04"))
        return mti.starts_with("042") && mti[3] > '1' ? Decision{.response = "12"} : reversal(request);
    if (mti.starts_with("022")) return capture(request);
    if (mti.starts_with("012")) return advice(request);
    const bool refunds = request.get(3) == "200000";
    if (mti.starts_with("020")) return refunds ? refund(request) : purchase(request, Kind::sale);
    return refunds ? Decision{.response = "12"} : purchase(request, Kind::authorization);
}

Transaction Issuer::entry_of(const Message& request, Kind kind) const {
    Transaction entry;
    entry.kind = kind;
    entry.id = original_elements(request);
    entry.reference = request.get(37);
    entry.card = hash_(request.get(2));
    entry.last4 = request.get(2).substr(request.get(2).size() - 4);
    entry.currency = request.get(49);
    entry.requested = number(request.get(4));
    entry.amount = entry.requested;
    entry.date = date();
    return entry;
}

std::string Issuer::check_results(const Message& request, const CardRule& rule) const {
    const auto data = private_data(request);
    const std::int64_t amount = number(request.get(4));
    std::string results = "   I";
    if (!data.get("AV").empty()) results[0] = amount == amounts::wrong_address ? 'N' : rule.avs;
    if (!data.get("CV").empty()) results[1] = amount == amounts::wrong_code ? 'N' : rule.cvc;
    if (!data.get("CA").empty()) results[2] = '2';
    if (rule.response == "N7" || rule.response == "82") results[1] = 'N';
    return results;
}

Issuer::Decision Issuer::verification(const Message& request) {
    Transaction entry = entry_of(request, Kind::authorization);
    const CardRule& rule = cards_.rule(entry.card);
    Decision decision;
    decision.response = expired(request.get(14)) ? "54" : rule.verification_response;
    decision.check_results = check_results(request, rule);
    return decision;
}

Issuer::Decision Issuer::purchase(const Message& request, Kind kind) {
    Transaction entry = entry_of(request, kind);
    const CardRule& rule = cards_.rule(entry.card);
    const auto data = private_data(request);
    const std::int64_t amount = entry.requested;
    Decision decision;
    if (amount == 0 && kind == Kind::authorization && request.get(25) == "51") {
        decision = verification(request);
    } else if (amount == 0) {
        decision.response = "13";
    } else if (amount >= amounts::response_first && amount <= amounts::response_last) {
        decision.response = padded(amount - amounts::response_first + 1, 2);
    } else if (amount == amounts::half) {
        decision.response = data.get("PR") == "1" ? "10" : "51";
    } else if (amount == amounts::authenticate && data.get("EC") != "05" && data.get("EC") != "02") {
        decision.response = "65";
    } else if (amount >= amounts::silent && amount <= amounts::capture_refused) {
        decision.response = "00";
    } else if (expired(request.get(14))) {
        decision.response = "54";
    } else {
        decision.response = rule.response == "00" ? ledger_.check_purchase(entry.card, entry.currency, amount)
                                                  : rule.response;
    }
    decision.check_results = check_results(request, rule);
    const bool approved = is_approval(decision.response);
    if (decision.response == "10") {
        entry.amount = amount / 2;
        decision.amount = entry.amount;
        decision.additional_amounts = "0057" + entry.currency + "C" + padded(amount, 12);
    }
    iso::PrivateData answer;
    answer.set("MA", approved ? "" : rule.advice.empty() ? usual_advice(decision.response) : rule.advice);
    if (decision.response != "91") answer.set("NT", random_network_id());
    decision.private_data = answer.text().view();
    if (approved) decision.auth_code = random_auth_code();
    // 85 is no approval of an amount: nothing is held for it.
    entry.state = approved && decision.response != "85" ? State::approved : State::declined;
    entry.auth_code = decision.auth_code;
    entry.response = decision.response;
    decision.effect.type = Effect::Type::entry;
    decision.effect.entry = std::move(entry);
    return decision;
}

// The gateway stood in: booked whatever is available.
Issuer::Decision Issuer::advice(const Message& request) {
    Transaction entry = entry_of(request, Kind::authorization);
    Decision decision{.response = entry.requested == 0 ? "13" : "00"};
    if (entry.requested == 0) return decision;
    entry.state = State::approved;
    entry.auth_code = request.get(38);
    entry.response = "00";
    decision.effect.type = Effect::Type::entry;
    decision.effect.entry = std::move(entry);
    return decision;
}

Issuer::Decision Issuer::refund(const Message& request) {
    Transaction entry = entry_of(request, Kind::refund);
    const CardRule& rule = cards_.rule(entry.card);
    const std::string payment{private_data(request).get("RR")};
    if (const auto* found = ledger_.payment_by_reference(payment);
        found != nullptr && found->card == entry.card)
        entry.target = found->id;
    Decision decision;
    if (entry.requested == 0)
        decision.response = "13";
    else if (entry.requested >= amounts::response_first && entry.requested <= amounts::response_last)
        decision.response = padded(entry.requested - amounts::response_first + 1, 2);
    else
        decision.response = rule.refund_response == "00"
                                ? ledger_.check_refund(entry.target, entry.currency, entry.requested)
                                : rule.refund_response;
    const bool approved = decision.response == "00";
    if (approved) decision.auth_code = random_auth_code();
    entry.state = approved ? State::approved : State::declined;
    entry.auth_code = decision.auth_code;
    entry.response = decision.response;
    decision.effect.type = Effect::Type::entry;
    decision.effect.entry = std::move(entry);
    return decision;
}

Issuer::Decision Issuer::capture(const Message& request) {
    Transaction entry = entry_of(request, Kind::capture);
    entry.target = original_of(request);
    const Transaction* payment = ledger_.find(entry.target);
    Decision decision;
    if (entry.requested == 0)
        decision.response = "13";
    else if (payment != nullptr && payment->card != entry.card)
        decision.response = "12";
    else if (payment != nullptr && payment->requested == amounts::capture_refused)
        decision.response = "61";
    else
        decision.response = ledger_.check_capture(entry.target, entry.currency, entry.requested);
    if (decision.response != "00") return decision;
    const std::string sequence{private_data(request).get("CS")};
    entry.last_capture =
        sequence.size() == 4 && sequence.substr(0, 2) == sequence.substr(2) && sequence != "9999";
    entry.state = State::approved;
    entry.auth_code = request.get(38);
    entry.response = "00";
    decision.effect.type = Effect::Type::entry;
    decision.effect.entry = std::move(entry);
    return decision;
}

Issuer::Decision Issuer::reversal(const Message& request) {
    const std::string target = original_of(request);
    std::optional<std::int64_t> remaining;
    if (request.get(39) == "32") remaining = number(request.get(95).substr(0, 12));
    const auto checked = ledger_.check_reversal(target, remaining);
    Decision decision{.response = checked.response};
    decision.effect.target = target;
    decision.effect.remaining = remaining;
    decision.effect.date = date();
    if (checked.response == "25")
        decision.effect.type = Effect::Type::tombstone;
    else if (checked.effect)
        decision.effect.type = Effect::Type::reversal;
    return decision;
}

Issuer::Decision Issuer::reconciliation(const Message& request) {
    const std::string forwarder = padded(number(request.get(33)), 11);
    const Totals own = ledger_.totals(request.get(15), request.get(50), forwarder);
    const auto is = [&](int field, std::int64_t value) { return number(request.get(field)) == value; };
    const std::string net = (own.net() < 0 ? "D" : "C") + padded(std::abs(own.net()), 16);
    const bool equal = is(74, own.credits) && is(75, own.credit_reversals) && is(76, own.debits) &&
                       is(77, own.debit_reversals) && is(86, own.credit_sum) &&
                       is(87, own.credit_reversal_sum) && is(88, own.debit_sum) &&
                       is(89, own.debit_reversal_sum) && request.get(97) == net;
    Decision decision{.response = "00"};
    decision.settlement_code = equal ? "1" : "2";
    if (!equal) decision.totals = own;
    return decision;
}

Delivery Issuer::delivery_of(const Message& request, Message& answer) {
    Delivery delivery;
    const std::string_view mti = request.mti();
    if (mti.starts_with("040") || mti.starts_with("042")) {
        const std::string target = original_of(request);
        const Transaction* original = ledger_.find(target);
        if (mti.starts_with("042") && original != nullptr &&
            original->requested == amounts::deaf_to_reversals)
            delivery.silent = ++reversal_attempts_[target] <= unanswered_reversals;
        return delivery;
    }
    if (!mti.starts_with("010") && !mti.starts_with("020")) return delivery;
    if (request.get(3) == "200000") delivery.delay = cards_.rule(hash_(request.get(2))).refund_delay;
    switch (number(request.get(4))) {
        case amounts::silent:
            delivery.silent = true;
            break;
        case amounts::late:
            delivery.delay = std::chrono::milliseconds{late_answer_ms};
            break;
        case amounts::closes:
            delivery.close = true;
            break;
        case amounts::broken_bitmap:
            delivery.broken_bitmap = true;
            break;
        case amounts::twice:
            delivery.twice = true;
            break;
        case amounts::other_stan:
            answer.set(11, padded(number(request.get(11)) % 899999 + 1, 6));
            break;
        case amounts::other_amount:
            answer.set(4, padded(number(request.get(4)) + 1, 12));
            break;
        case amounts::slow:
            delivery.slow = true;
            break;
        default:
            break;
    }
    return delivery;
}

}  // namespace simulator
