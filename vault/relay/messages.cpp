#include "vault/relay/messages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "common/money.h"

namespace vault::relay {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using iso8583::Message;
using iso8583::PrivateData;

constexpr std::int64_t field_amount_max = 999'999'999'999;
constexpr std::array echoed_fields{4, 7, 37, 41, 49};
constexpr std::string_view refund_code = "200000";  // field 3
constexpr std::array<std::string_view, 4> refund_reasons{"", "duplicate", "fraudulent",
                                                         "requested_by_customer"};

bool all(std::string_view text, bool (*fits)(char)) {
    return std::ranges::all_of(text, fits);
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_printable(char c) {
    return c >= 0x20 && c <= 0x7E;
}
bool is_digits(std::string_view text, std::size_t size) {
    return text.size() == size && all(text, is_digit);
}
bool is_text(std::string_view text, std::size_t size_max) {
    return !text.empty() && text.size() <= size_max && all(text, is_printable);
}

std::string_view without_blanks(std::string_view text) {
    while (text.ends_with(' '))
        text.remove_suffix(1);
    while (text.starts_with(' '))
        text.remove_prefix(1);
    return text;
}

Error unfit(std::string_view param) {
    return Error::invalid("parameter_invalid", param, "The acquirer's message cannot carry this {}.",
                          {common::Safe::param(param)});
}

bool is_stored_credential(std::string_view text) {
    return text.size() == 3 && (text[0] == 'C' || text[0] == 'M') && (text[1] == 'F' || text[1] == 'S') &&
           std::string_view{"URIDNXY"}.contains(text[2]);
}

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 200;
}

common::Status check(const AuthorizationRequest& order) {
    const auto& merchant = order.merchant;
    if (!is_request_id(order.request_id)) return Fail{unfit("request_id")};
    if (!common::Currency::find(order.currency)) return Fail{unfit("currency")};
    if (!amount_field(order.amount, order.currency)) return Fail{unfit("amount")};
    if (!is_digits(merchant.mcc, 4)) return Fail{unfit("merchant[mcc]")};
    if (!is_digits(merchant.country_numeric, 3)) return Fail{unfit("merchant[country_numeric]")};
    if (!is_text(merchant.terminal_id, 8)) return Fail{unfit("merchant[terminal_id]")};
    if (!is_text(merchant.merchant_id, 15)) return Fail{unfit("merchant[merchant_id]")};
    if (merchant.country.size() != 2 || !all(merchant.country, is_letter))
        return Fail{unfit("merchant[country]")};
    if (!order.stored_credential.empty() && !is_stored_credential(order.stored_credential))
        return Fail{unfit("stored_credential")};
    if (!order.network_transaction_id.empty() && !is_text(order.network_transaction_id, 20))
        return Fail{unfit("network_transaction_id")};
    return {};
}

void put_common(Message& message, const Record& record) {
    message.set(3, record.processing_code);
    message.set(4, *amount_field(record.amount, record.currency));
    message.set(7, record.sent_at);
    message.set(11, record.stan);
    message.set(12, std::string_view{record.sent_at}.substr(4));
    message.set(13, std::string_view{record.sent_at}.substr(0, 4));
    message.set(18, record.mcc);
    message.set(19, record.country_numeric);
    message.set(22, record.entry_mode);
    message.set(25, record.condition);
    message.set(32, record.acquirer_id);
    message.set(33, record.forwarder_id);
    message.set(37, record.rrn);
    message.set(41, record.terminal_id);
    message.set(42, record.merchant_id);
    message.set(43, record.name_location);
    message.set(49, common::Currency::find(record.currency)->numeric());
}

std::string padded_left(std::string_view digits, std::size_t size) {
    std::string out(size > digits.size() ? size - digits.size() : 0, '0');
    return out.append(digits);
}

std::string original_elements(const Record& record) {
    return record.original_mti + record.original_stan + record.original_sent_at +
           padded_left(record.acquirer_id, 11) + padded_left(record.forwarder_id, 11);
}

std::string two_digits(int number) {
    return padded_left(std::to_string(std::clamp(number, 0, 99)), 2);
}

// Postal code and digits of the address as far as forty characters carry them.
std::string address_check(const Transient& transient) {
    if (transient.postal_code.empty() && transient.address_digits.empty()) return {};
    std::string digits;
    std::ranges::copy_if(transient.address_digits, std::back_inserter(digits), is_digit);
    const auto postal = ascii_of(transient.postal_code).substr(0, 20);
    return postal + ";" + digits.substr(0, 19);
}

std::string_view mti_of(Kind kind) {
    switch (kind) {
        case Kind::authorization:
            return "0100";
        case Kind::capture:
            return "0220";
        case Kind::reversal:
            return "0420";
        case Kind::refund:
            return "0200";
        case Kind::refused:
            break;
    }
    return "";
}

Exchange::Kind kind_of(Kind kind) {
    switch (kind) {
        case Kind::capture:
            return Exchange::Kind::capture;
        case Kind::reversal:
            return Exchange::Kind::reversal;
        case Kind::refund:
            return Exchange::Kind::refund;
        case Kind::authorization:
        case Kind::refused:
            break;
    }
    return Exchange::Kind::authorization;
}

// With the merchant, card and payment of its original.
Record record_about(const Record& original, Kind kind) {
    Record record = original;
    record.kind = kind;
    record.state = kind == Kind::refund ? State::intent : State::queued;
    record.original_mti = mti_of(original.kind);
    record.original_stan = original.stan;
    record.original_sent_at = original.sent_at;
    record.original_code = original.answer.authorization_code;
    if (!original.answer.network_transaction_id.empty())
        record.network_id = original.answer.network_transaction_id;
    record.stan.clear(), record.sent_at.clear();
    record.answer = {};
    record.attempts = 0, record.lease_owner.clear(), record.lease_until = 0, record.created_at = 0;
    return record;
}

Exchange::State state_of(State state) {
    switch (state) {
        case State::intent:
        case State::queued:
            return Exchange::State::pending;
        case State::answered:
            return Exchange::State::answered;
        case State::reversed:
            return Exchange::State::reversed;
        case State::not_sent:
            return Exchange::State::not_sent;
        case State::parked:
            return Exchange::State::parked;
    }
    return Exchange::State::pending;
}

}  // namespace

Result<Record> record_of(const AuthorizationRequest& order, std::string_view acquirer_id,
                         std::string_view forwarder_id) {
    if (auto checked = check(order); !checked) return Fail{std::move(checked.error())};
    const auto& merchant = order.merchant;
    const bool subsequent = order.stored_credential.size() == 3 && order.stored_credential[1] == 'S';
    Record record;
    record.account = order.account;
    record.request_id = record.authorization_id = order.request_id;
    record.livemode = order.livemode;
    record.card_token = order.card_token;
    record.amount = order.amount;
    record.currency = order.currency;
    record.mcc = merchant.mcc;
    record.country_numeric = merchant.country_numeric;
    record.terminal_id = merchant.terminal_id;
    record.merchant_id = merchant.merchant_id;
    record.name_location = name_location(merchant.name, merchant.city, merchant.country);
    record.entry_mode = subsequent || order.off_session ? "102" : "812";
    record.condition = order.amount == 0 ? "51" : order.off_session ? "08" : "59";
    record.stored_credential = order.stored_credential;
    record.network_id = order.network_transaction_id;
    record.acquirer_id = acquirer_id;
    record.forwarder_id = forwarder_id;
    return record;
}

Record capture_of(const Record& authorization, const CaptureRequest& order) {
    Record capture = record_about(authorization, Kind::capture);
    capture.request_id = order.request_id;
    capture.amount = order.amount;
    capture.capture_sequence = order.sequence;
    capture.capture_count = order.count;
    return capture;
}

Record reversal_of(const Record& original, std::string_view request_id, std::string_view reason) {
    Record reversal = record_about(original, Kind::reversal);
    reversal.request_id = request_id;
    reversal.reason = reason;
    return reversal;
}

std::string reversal_id(std::string_view request_id) {
    return std::string{request_id} + "~reversal";
}

Result<Record> refund_of(const Record& capture, const RefundRequest& order) {
    if (!is_request_id(order.request_id)) return Fail{unfit("request_id")};
    if (order.amount <= 0 || !amount_field(order.amount, capture.currency)) return Fail{unfit("amount")};
    if (std::ranges::find(refund_reasons, order.reason) == refund_reasons.end()) return Fail{unfit("reason")};
    Record refund = record_about(capture, Kind::refund);
    refund.request_id = order.request_id;
    refund.amount = order.amount;
    refund.reason = order.reason;
    refund.processing_code = refund_code;
    refund.payment_rrn = capture.rrn;
    refund.rrn.clear();
    refund.position = refund.capture_sequence = refund.capture_count = 0;
    return refund;
}

void CardFields::put(Message& message, const cards::OpenCard& card) {
    message.set(2, card.pan.digits(cards::PanAccess{}));
    message.set(14, card.expiry.yymm());
}

void CardFields::put_code(PrivateData& data, const cards::OpenCard& card) {
    const bool given = card.cvc && !card.cvc->empty();
    data.set("CI", given ? "1" : "0");
    if (given) data.set("CV", card.cvc->digits(cards::PanAccess{}));
}

namespace {

PrivateData authorization_data(const Record& record, const cards::OpenCard& card,
                               const Transient& transient) {
    PrivateData data;
    const bool by_merchant = record.stored_credential.starts_with('M');
    if (by_merchant)
        data.set("SX", "M");
    else
        CardFields::put_code(data, card);
    data.set("AV", address_check(transient));
    data.set("CO", record.stored_credential);
    data.set("NT", record.network_id);
    return data;
}

PrivateData refund_data(const Record& record) {
    PrivateData data;
    data.set("NT", record.network_id);
    data.set("RR", record.payment_rrn);
    data.set("RS", record.reason);
    return data;
}

}  // namespace

Message request_message(const Record& record, const cards::OpenCard& card, const Transient& transient) {
    const bool refunds = record.kind == Kind::refund;
    Message message{std::string{mti_of(record.kind)}};
    put_common(message, record);
    CardFields::put(message, card);
    const auto data = refunds ? refund_data(record) : authorization_data(record, card, transient);
    message.set(48, data.text().view());
    if (refunds) message.set(90, original_elements(record));
    return message;
}

Message advice_message(const Record& record, const cards::OpenCard& card, bool repeat) {
    const std::string first{mti_of(record.kind)};
    Message message{repeat ? iso8583::repeat_mti(first) : first};
    put_common(message, record);
    CardFields::put(message, card);
    if (!record.original_code.empty()) message.set(38, record.original_code);
    message.set(90, original_elements(record));
    if (record.kind == Kind::reversal) {
        message.set(39, record.reason);
        return message;
    }
    message.set(17, std::string_view{record.sent_at}.substr(0, 4));
    PrivateData data;
    data.set("CS", two_digits(record.capture_sequence) + two_digits(record.capture_count));
    data.set("NT", record.network_id);
    message.set(48, data.text().view());
    return message;
}

Message network_message(std::string_view code, std::string_view stan, std::string_view sent_at,
                        std::string_view forwarder_id) {
    Message message{"0800"};
    message.set(7, sent_at);
    message.set(11, stan);
    message.set(33, forwarder_id);
    message.set(70, code);
    return message;
}

Answer answer_of(const Message& message, const Record& record) {
    Answer answer;
    answer.response_code = message.get(39);
    answer.authorization_code = without_blanks(message.get(38));
    answer.settlement_date = message.get(15);
    const auto checks = message.get(44);
    if (!checks.empty() && checks[0] != ' ') answer.avs_result = checks.substr(0, 1);
    if (checks.size() > 1 && checks[1] != ' ') answer.cvc_result = checks.substr(1, 1);
    if (const auto data = PrivateData::parse(message.get(48)); message.has(48) && data) {
        answer.network_transaction_id = data->get("NT");
        answer.merchant_advice = data->get("MA");
    }
    const bool approved = is_approval(answer.response_code);
    if (approved)
        answer.approved_amount =
            message.has(4) ? amount_of_field(message.get(4), record.currency) : record.amount;
    return answer;
}

Exchange exchange_of(const Record& record) {
    Exchange exchange;
    exchange.state = state_of(record.state);
    exchange.request_id = record.request_id;
    exchange.response_code = record.answer.response_code;
    exchange.authorization_code = record.answer.authorization_code;
    exchange.rrn = record.rrn;
    exchange.stan = record.stan;
    exchange.network_transaction_id = record.answer.network_transaction_id;
    exchange.merchant_advice = record.answer.merchant_advice;
    exchange.avs_result = record.answer.avs_result;
    exchange.cvc_result = record.answer.cvc_result;
    exchange.approved_amount = record.answer.approved_amount;
    exchange.kind = kind_of(record.kind);
    return exchange;
}

std::string transmission_time(common::TimePoint at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(at - day)};
    const auto number = [](auto value) { return two_digits(static_cast<int>(value)); };
    return number(static_cast<unsigned>(date.month())) + number(static_cast<unsigned>(date.day())) +
           number(time.hours().count()) + number(time.minutes().count()) + number(time.seconds().count());
}

std::string retrieval_reference(common::TimePoint at, std::string_view stan) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const auto first = std::chrono::sys_days{date.year() / std::chrono::January / 1};
    const auto day_of_year = (day - first).count() + 1;
    const auto hour = std::chrono::floor<std::chrono::hours>(at - day).count();
    return std::to_string(static_cast<int>(date.year()) % 10) + padded_left(std::to_string(day_of_year), 3) +
           two_digits(static_cast<int>(hour)) + std::string{stan};
}

Expected::Expected(const Message& request)
    : mti_{iso8583::answer_mti(request.mti())}, stan_{request.get(11)} {
    for (const int field : echoed_fields)
        if (request.has(field)) echoed_.emplace_back(field, without_blanks(request.get(field)));
}

bool Expected::matches(const Message& answer) const {
    if (answer.mti() != mti_ || answer.get(11) != stan_) return false;
    const bool partial = answer.get(39) == "10";
    return std::ranges::all_of(echoed_, [&](const auto& echoed) {
        const auto& [field, value] = echoed;
        return !answer.has(field) || (field == 4 && partial) || without_blanks(answer.get(field)) == value;
    });
}

std::optional<std::string> amount_field(std::int64_t amount, std::string_view currency) {
    const auto known = common::Currency::find(currency);
    if (!known || amount < 0) return std::nullopt;
    auto minor = amount;
    for (int i = known->exponent(); i < known->iso_exponent(); ++i) {
        if (minor > field_amount_max) return std::nullopt;
        minor *= 10;
    }
    for (int i = known->iso_exponent(); i < known->exponent(); ++i) {
        if (minor % 10 != 0) return std::nullopt;
        minor /= 10;
    }
    if (minor > field_amount_max) return std::nullopt;
    return padded_left(std::to_string(minor), 12);
}

std::int64_t amount_of_field(std::string_view field, std::string_view currency) {
    std::int64_t minor = 0;
    std::from_chars(field.data(), field.data() + field.size(), minor);
    const auto known = common::Currency::find(currency);
    if (!known) return minor;
    for (int i = known->exponent(); i < known->iso_exponent(); ++i)
        minor /= 10;
    for (int i = known->iso_exponent(); i < known->exponent(); ++i)
        minor *= 10;
    return minor;
}

}  // namespace vault::relay
