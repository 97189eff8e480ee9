#include "gateway/store/setups.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {

PORTCULLIS_TABLE(SetupIntent);
PORTCULLIS_TABLE(SetupAttempt);

}  // namespace gateway::store
