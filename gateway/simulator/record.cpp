#include "gateway/simulator/record.h"

#include "common/json.h"

namespace simulator {
namespace {

namespace json = boost::json;
using vault::iso8583::Message;

json::object entry_json(const Transaction& entry) {
    return {{"kind", static_cast<int>(entry.kind)},
            {"state", static_cast<int>(entry.state)},
            {"id", entry.id},
            {"reference", entry.reference},
            {"card", entry.card},
            {"last4", entry.last4},
            {"currency", entry.currency},
            {"auth_code", entry.auth_code},
            {"response", entry.response},
            {"date", entry.date},
            {"target", entry.target},
            {"amount", entry.amount},
            {"requested", entry.requested},
            {"last_capture", entry.last_capture}};
}

std::string text(const json::object& object, std::string_view key) {
    return std::string{std::string_view{object.at(key).as_string()}};
}

Transaction entry_of(const json::object& object) {
    Transaction entry;
    entry.kind = static_cast<Kind>(object.at("kind").as_int64());
    entry.state = static_cast<State>(object.at("state").as_int64());
    if (entry.kind > Kind::capture || entry.state > State::declined) throw std::out_of_range{"entry"};
    entry.id = text(object, "id");
    entry.reference = text(object, "reference");
    entry.card = text(object, "card");
    entry.last4 = text(object, "last4");
    entry.currency = text(object, "currency");
    entry.auth_code = text(object, "auth_code");
    entry.response = text(object, "response");
    entry.date = text(object, "date");
    entry.target = text(object, "target");
    entry.amount = object.at("amount").as_int64();
    entry.requested = object.at("requested").as_int64();
    entry.last_capture = object.at("last_capture").as_bool();
    return entry;
}

json::object effect_json(const Effect& effect) {
    json::object object{{"type", static_cast<int>(effect.type)}};
    if (effect.type == Effect::Type::entry) object["entry"] = entry_json(effect.entry);
    if (!effect.target.empty()) object["target"] = effect.target;
    if (effect.remaining) object["remaining"] = *effect.remaining;
    if (!effect.date.empty()) object["date"] = effect.date;
    return object;
}

Effect effect_of(const json::object& object) {
    Effect effect;
    effect.type = static_cast<Effect::Type>(object.at("type").as_int64());
    if (effect.type > Effect::Type::tombstone) throw std::out_of_range{"effect"};
    if (effect.type == Effect::Type::entry) effect.entry = entry_of(object.at("entry").as_object());
    if (object.contains("target")) effect.target = text(object, "target");
    if (object.contains("remaining")) effect.remaining = object.at("remaining").as_int64();
    if (object.contains("date")) effect.date = text(object, "date");
    return effect;
}

}  // namespace

std::string to_line(const Record& record) {
    json::object fields;
    for (const int field : record.answer.present())
        fields[std::to_string(field)] = record.answer.get(field);
    return json::serialize(json::object{{"at", record.at},
                                        {"key", record.key},
                                        {"digest", record.digest},
                                        {"mti", record.answer.mti()},
                                        {"answer", std::move(fields)},
                                        {"effect", effect_json(record.effect)}});
}

std::optional<Record> record_of(std::string_view line) {
    const auto document = common::json::parse(line);
    if (!document || !document->is_object()) return std::nullopt;
    try {
        const json::object& object = document->get_object();
        Record record;
        record.at = object.at("at").as_int64();
        record.key = text(object, "key");
        record.digest = text(object, "digest");
        record.answer = Message{text(object, "mti")};
        for (const auto& [number, value] : object.at("answer").as_object()) {
            const int field = std::stoi(std::string{number});
            if (field < 2 || field > 128) return std::nullopt;
            record.answer.set(field, std::string_view{value.as_string()});
        }
        record.effect = effect_of(object.at("effect").as_object());
        return record;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace simulator
