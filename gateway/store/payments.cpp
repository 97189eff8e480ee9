#include "gateway/store/payments.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {

PORTCULLIS_TABLE(PaymentMethod);
PORTCULLIS_TABLE(PaymentIntent);
PORTCULLIS_TABLE(Charge);

}  // namespace gateway::store
