// Lets tests see what only the sealer and the relay may see.
#pragma once

#include <string>

#include "vault/cards/pan.h"

namespace vault::cards {

class PanTestAccess {
  public:
    static std::string digits(const Pan& pan) { return std::string{pan.digits(PanAccess{})}; }
    static std::string digits(const Cvc& cvc) { return std::string{cvc.digits(PanAccess{})}; }
};

}  // namespace vault::cards
