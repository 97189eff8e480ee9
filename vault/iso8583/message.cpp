#include "vault/iso8583/message.h"
