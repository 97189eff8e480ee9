#include "gateway/store/tokens.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {

PORTCULLIS_TABLE(Token);
PORTCULLIS_TABLE(ConfirmationToken);

}  // namespace gateway::store
