#include "gateway/api/openapi.h"

#include <boost/json/serialize.hpp>

#include "gateway/api/common_rules.h"
#include "gateway/api/routes.h"

namespace gateway::api {
namespace {

namespace json = boost::json;
using common::http::Method;
using json::array;
using json::object;
using json::value;

object schema_of(const Rule& rule);

array texts(const Choices& choices) {
    array all;
    for (const auto choice : choices)
        all.emplace_back(choice);
    return all;
}

bool is_shown(const Rule& rule) {
    return rule.mark == Mark::supported || rule.mark == Mark::echoed;
}

object object_schema(Rules rules) {
    object properties;
    array required;
    for (const Rule& rule : rules) {
        if (!is_shown(rule)) continue;
        properties[rule.name] = schema_of(rule);
        if (rule.required) required.emplace_back(rule.name);
    }
    object schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

object element_schema(const Rule& rule) {
    if (rule.children.count > 0) return object_schema(rule.children);
    if (rule.choices.count > 0) return {{"type", "string"}, {"enum", texts(rule.choices)}};
    return {{"type", "string"}, {"maxLength", rule.max}};
}

object metadata_schema() {
    return {{"type", "object"},
            {"maxProperties", metadata_keys_max},
            {"propertyNames", object{{"minLength", 1}, {"maxLength", metadata_key_max}}},
            {"additionalProperties", object{{"type", "string"}, {"maxLength", metadata_value_max}}}};
}

object range_schema() {
    object bounds;
    for (const auto* name : {"gt", "gte", "lt", "lte"})
        bounds[name] = object{{"type", "integer"}};
    return {{"anyOf",
             array{object{{"type", "integer"}},
                   object{{"type", "object"}, {"properties", bounds}, {"additionalProperties", false}}}}};
}

object value_schema(const Rule& rule) {
    switch (rule.kind) {
        case Kind::integer:
            return {{"type", "integer"}, {"format", "int64"}};
        case Kind::boolean:
            return {{"type", "boolean"}};
        case Kind::text:
            return {{"type", "string"}, {"maxLength", rule.max}};
        case Kind::email:
            return {{"type", "string"}, {"format", "email"}, {"maxLength", rule.max}};
        case Kind::url:
            return {{"type", "string"}, {"format", "uri"}, {"maxLength", rule.max}};
        case Kind::choice:
            return {{"type", "string"}, {"enum", texts(rule.choices)}};
        case Kind::flag_or_choice:
            return {{"anyOf", array{object{{"type", "boolean"}},
                                    object{{"type", "string"}, {"enum", texts(rule.choices)}}}}};
        case Kind::hash:
            return object_schema(rule.children);
        case Kind::list:
            return {{"type", "array"}, {"items", element_schema(rule)}};
        case Kind::metadata:
            return metadata_schema();
        case Kind::range:
            return range_schema();
    }
    return {};
}

object schema_of(const Rule& rule) {
    auto schema = value_schema(rule);
    if (rule.clearable || rule.kind == Kind::metadata)
        schema = {{"anyOf", array{std::move(schema), object{{"const", ""}, {"description", "unsets it"}}}}};
    if (rule.mark == Mark::echoed) schema["description"] = "Accepted and shown again, without effect.";
    return schema;
}

// "/v1/customers/{customer}/payment_methods/{id}" → customer, id
array path_parameters(std::string_view pattern) {
    array parameters;
    for (auto at = pattern.find('{'); at != pattern.npos; at = pattern.find('{', at + 1)) {
        const auto name = pattern.substr(at + 1, pattern.find('}', at) - at - 1);
        parameters.push_back(object{
            {"name", name}, {"in", "path"}, {"required", true}, {"schema", object{{"type", "string"}}}});
    }
    return parameters;
}

void put_query(array& parameters, Rules rules) {
    for (const Rule& rule : rules) {
        if (!is_shown(rule)) continue;
        object parameter{{"name", rule.name}, {"in", "query"}, {"schema", schema_of(rule)}};
        if (rule.required) parameter["required"] = true;
        if (rule.kind == Kind::hash || rule.kind == Kind::list || rule.kind == Kind::range) {
            parameter["style"] = "deepObject";
            parameter["explode"] = true;
        }
        parameters.push_back(std::move(parameter));
    }
}

object body_of(const Route& route) {
    const auto& rules = route.rules;
    auto schema = object_schema(rules);
    if (route.uploads)
        schema.at("properties").as_object()["file"] =
            object{{"type", "string"}, {"contentMediaType", "application/octet-stream"}};
    object encoding;
    for (const auto& property : schema.at("properties").as_object())
        if (const auto* rule = rules.find(property.key());
            rule->kind == Kind::hash || rule->kind == Kind::list)
            encoding[property.key()] = object{{"style", "deepObject"}, {"explode", true}};
    object form{{"schema", std::move(schema)}};
    if (!encoding.empty()) form["encoding"] = std::move(encoding);
    const auto* type = route.uploads ? "multipart/form-data" : "application/x-www-form-urlencoded";
    return {{"content", object{{type, std::move(form)}}}};
}

object success_of(const Answer& answer) {
    if (!answer.bytes) return {{"description", "The object, or a list of such."}};
    return {{"description", "The content."}, {"content", object{{"application/octet-stream", object{}}}}};
}

object operation_of(const Route& route) {
    const std::string permission =
        std::string{route.resource} + (route.right == Right::write ? ":write" : ":read");
    auto parameters = path_parameters(route.pattern);
    object operation{
        {"tags", array{route.resource}},
        {"security", array{object{{"key", array{}}}, object{{"basic", array{}}}}},
        {"x-permission", permission},
        {"x-publishable-key", route.callers.publishable},
        {"responses", object{{"200", success_of(route.answer)},
                             {"default", object{{"$ref", "#/components/responses/Error"}}}}},
    };
    if (route.method == Method::post) {
        parameters.push_back(object{{"$ref", "#/components/parameters/IdempotencyKey"}});
        operation["requestBody"] = body_of(route);
    } else {
        put_query(parameters, route.rules);
    }
    parameters.push_back(object{{"$ref", "#/components/parameters/Version"}});
    operation["parameters"] = std::move(parameters);
    return operation;
}

object header(std::string_view name, std::string_view description, std::size_t length_max) {
    return {{"name", name},
            {"in", "header"},
            {"description", description},
            {"schema", object{{"type", "string"}, {"minLength", 1}, {"maxLength", length_max}}}};
}

object components() {
    const object text{{"type", "string"}};
    const object error{
        {"type", "object"},
        {"required", array{"type", "message"}},
        {"properties", object{{"type", object{{"enum", array{"api_error", "card_error", "idempotency_error",
                                                             "invalid_request_error"}}}},
                              {"message", text},
                              {"code", text},
                              {"param", text},
                              {"decline_code", text},
                              {"doc_url", text},
                              {"request_log_url", text}}}};
    const object body{
        {"type", "object"}, {"required", array{"error"}}, {"properties", object{{"error", error}}}};
    return {
        {"securitySchemes",
         object{{"key", object{{"type", "http"}, {"scheme", "bearer"}}},
                {"basic", object{{"type", "http"},
                                 {"scheme", "basic"},
                                 {"description", "The key as user name, with an empty password."}}}}},
        {"parameters",
         object{
             {"IdempotencyKey",
              header("Idempotency-Key", "The same key again answers as the first time, for 24 hours.", 255)},
             {"Version",
              header("Stripe-Version", "YYYY-MM-DD.train; without it the account's default.", 64)}}},
        {"responses",
         object{{"Error", object{{"description", "What is wrong, and at which parameter."},
                                 {"content", object{{"application/json", object{{"schema", body}}}}}}}}},
    };
}

std::string make() {
    object paths;
    for (const Route& route : routes()) {
        std::string method{to_string(route.method)};
        std::ranges::transform(method, method.begin(),
                               [](char c) { return static_cast<char>(c - 'A' + 'a'); });
        auto& path = paths[route.pattern];
        if (!path.is_object()) path.emplace_object();
        path.get_object()[method] = operation_of(route);
    }
    return json::serialize(object{
        {"openapi", "3.1.0"},
        {"info", object{{"title", "Portcullis merchant API"}, {"version", ApiVersion::newest().text()}}},
        {"paths", std::move(paths)},
        {"components", components()},
    });
}

}  // namespace

const std::string& openapi_document() {
    static const std::string document = make();
    return document;
}

}  // namespace gateway::api
