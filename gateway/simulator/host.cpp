#include "certs/tls.h"
