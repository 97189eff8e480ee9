#include "vault/client/client.h"
