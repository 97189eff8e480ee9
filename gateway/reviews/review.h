// A payment that somebody should look at. It is not held back by that.
#pragma once

#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "gateway/object.h"

namespace gateway {

struct Review : Object {
    bool open = true;
    std::string opened_reason = "rule";        // rule, manual
    std::optional<std::string> closed_reason;  // approved, refunded, refunded_as_fraud, canceled, disputed
    std::string charge, payment_intent;
    std::optional<std::string> billing_zip, ip_address;  // of a shopper whose browser confirmed
};
BOOST_DESCRIBE_STRUCT(Review, (),
                      (open, opened_reason, closed_reason, charge, payment_intent, billing_zip, ip_address))

}  // namespace gateway
