// The parts of a resource that no query looks into, as the JSON documents of its row, and back. A document
// that does not read is a bug or damage, so reading throws.
#pragma once

#include "gateway/payments/payment.h"

namespace gateway::store {

boost::json::object to_document(const PaymentMethod& method);
void from_document(const boost::json::object& document, PaymentMethod& method);

boost::json::object to_document(const PaymentIntent& intent);
void from_document(const boost::json::object& document, PaymentIntent& intent);

boost::json::object to_document(const Charge& charge);
void from_document(const boost::json::object& document, Charge& charge);

// Without the deadline, which does not outlive the process.
boost::json::object to_document(const Call& call);
Call call_from_document(const boost::json::object& document);

boost::json::object parse_object(std::string_view text);
std::string to_text(const boost::json::object& document);

}  // namespace gateway::store
