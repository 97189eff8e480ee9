// Customers: whom saved cards and payments belong to.
#pragma once

#include <boost/describe.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "gateway/object.h"
#include "gateway/payments/changes.h"
#include "gateway/work.h"

namespace gateway {

struct Customer : Object {
    std::optional<std::string> email, name, phone, description, default_payment_method, tax_exempt;
    std::optional<boost::json::object> address, shipping;  // as given
    boost::json::object metadata, echoed;  // accepted without effect: business_name, balance …
    std::string invoice_prefix;            // eight capitals and digits
    bool deleted = false;                  // still valid as a list's cursor, and answered as a stub
};
BOOST_DESCRIBE_STRUCT(Customer, (),
                      (email, name, phone, description, default_payment_method, tax_exempt, address, shipping,
                       metadata, echoed, invoice_prefix, deleted))

// What a request says about a customer; a new one takes the values, an existing one the changes.
struct CustomerChanges {
    Change<std::string> email, name, phone, description, default_payment_method, tax_exempt;
    Change<boost::json::object> address, shipping, metadata;
    boost::json::object echoed;
};

namespace customers {

// Each writes its event. 400 resource_missing for a default payment method that is not the customer's.
common::Result<Customer> create(Work& work, const CustomerChanges& input);
common::Result<Customer> update(Work& work, const std::string& id, const CustomerChanges& changes);
// Its payment methods are detached; payments keep its id.
common::Result<Customer> remove(Work& work, const std::string& id);

// Deleted ones are not found: 400 resource_missing for `param`.
common::Result<Customer> require(store::Transaction& tx, const Scope& scope, const std::string& id,
                                 std::string_view param);

}  // namespace customers
}  // namespace gateway
