#include "gateway/api/renderer.h"

namespace gateway::api {

boost::json::object render_customer(const Customer& customer) {
    if (customer.deleted) return {{"id", customer.id}, {"object", "customer"}, {"deleted", true}};
    const auto echoed = [&](std::string_view name) {
        const auto* value = customer.echoed.if_contains(name);
        return value ? *value : boost::json::value(nullptr);
    };
    const auto number = [&](std::string_view name, std::int64_t otherwise) {
        const auto value = echoed(name);
        return value.is_int64() ? value : boost::json::value(otherwise);
    };
    const auto locales = echoed("preferred_locales");
    const auto prefix = echoed("invoice_prefix");
    boost::json::object result{
        {"id", customer.id},
        {"object", "customer"},
        {"address", customer.address ? render_address(&*customer.address) : boost::json::value(nullptr)},
        {"balance", number("balance", 0)},
        {"created", customer.created},
        {"currency", nullptr},
        {"customer_account", nullptr},
        {"default_source", nullptr},
        {"delinquent", false},
        {"description", text_or_null(customer.description)},
        {"discount", nullptr},
        {"email", text_or_null(customer.email)},
        {"invoice_prefix", prefix.is_string() ? prefix : boost::json::value(customer.invoice_prefix)},
        {"invoice_settings",
         boost::json::object{{"custom_fields", nullptr},
                             {"default_payment_method", text_or_null(customer.default_payment_method)},
                             {"footer", nullptr},
                             {"rendering_options", nullptr}}},
        {"livemode", customer.scope.livemode},
        {"metadata", customer.metadata},
        {"name", text_or_null(customer.name)},
        {"next_invoice_sequence", number("next_invoice_sequence", 1)},
        {"phone", text_or_null(customer.phone)},
        {"preferred_locales", locales.is_array() ? locales : boost::json::value(boost::json::array{})},
        {"shipping", nullptr},
        {"tax_exempt",
         customer.tax_exempt ? boost::json::value(*customer.tax_exempt) : boost::json::value("none")},
        {"test_clock", nullptr},
    };
    for (const auto* name : {"business_name", "individual_name"})
        if (const auto value = echoed(name); value.is_string()) result[name] = value;
    if (customer.shipping) {
        const auto member = [&](std::string_view name) {
            const auto* value = customer.shipping->if_contains(name);
            return value ? *value : boost::json::value(nullptr);
        };
        const auto* address = customer.shipping->if_contains("address");
        result["shipping"] =
            boost::json::object{{"address", render_address(address ? address->if_object() : nullptr)},
                                {"name", member("name")},
                                {"phone", member("phone")}};
    }
    return result;
}

}  // namespace gateway::api
