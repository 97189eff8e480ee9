#include "gateway/store/customers.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {

PORTCULLIS_TABLE(Customer);

}  // namespace gateway::store
