// Parameters of payment methods.
#pragma once

#include "gateway/api/common_rules.h"

namespace gateway::api {

inline constexpr Rule create_payment_method_rules[] = {
    choice("type", method_types).needed(),
    hash("card", card_rules).needed(),
    hash("billing_details", billing_details_rules),
    choice("allow_redisplay", redisplay_choices).echoed(),
    hash("radar_options", radar_rules).echoed(),
    metadata(),
    list("expand"),
    refuse("customer"),
    refuse("payment_method"),
};

inline constexpr Rule update_payment_method_rules[] = {
    hash("billing_details", billing_details_rules),
    choice("allow_redisplay", redisplay_choices),
    metadata(),
    list("expand"),
};

inline constexpr Rule attach_rules[] = {text("customer").needed(), refuse("customer_account"),
                                        list("expand")};

// Inside a payment intent.
inline constexpr Rule payment_method_data_rules[] = {
    choice("type", method_types).needed(),          hash("card", card_rules).needed(),
    hash("billing_details", billing_details_rules), choice("allow_redisplay", redisplay_choices).echoed(),
    hash("radar_options", radar_rules).echoed(),    metadata(),
};

inline constexpr Rule read_rules[] = {list("expand")};

}  // namespace gateway::api
