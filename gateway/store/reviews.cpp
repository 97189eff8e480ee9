#include "gateway/store/reviews.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {

PORTCULLIS_TABLE(Review);

}  // namespace gateway::store
