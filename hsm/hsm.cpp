#include "hsm/hsm.h"
