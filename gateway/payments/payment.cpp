#include "gateway/payments/payment.h"
