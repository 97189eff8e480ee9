#include "gateway/search/fields.h"

#include <cstdlib>

namespace gateway::search {
namespace {

constexpr Field intent_fields[] = {
    {"amount", Kind::number},  {"created", Kind::time},      {"currency", Kind::text},
    {"customer", Kind::token}, {"metadata", Kind::metadata}, {"status", Kind::text},
};

constexpr Field charge_fields[] = {
    {"amount", Kind::number},
    {"created", Kind::time},
    {"currency", Kind::text},
    {"customer", Kind::token},
    {"disputed", Kind::flag},
    {"metadata", Kind::metadata},
    {"payment_method_details.card.brand", Kind::text},
    {"payment_method_details.card.exp_month", Kind::number},
    {"payment_method_details.card.exp_year", Kind::number},
    {"payment_method_details.card.fingerprint", Kind::token},
    {"payment_method_details.card.last4", Kind::token},
    {"refunded", Kind::flag},
    {"status", Kind::text},
};

constexpr Field customer_fields[] = {
    {"created", Kind::time}, {"email", Kind::text}, {"metadata", Kind::metadata},
    {"name", Kind::text},    {"phone", Kind::text},
};

}  // namespace

std::span<const Field> fields_of(Resource resource) {
    switch (resource) {
        case Resource::payment_intents:
            return intent_fields;
        case Resource::charges:
            return charge_fields;
        case Resource::customers:
            return customer_fields;
    }
    std::abort();
}

}  // namespace gateway::search
