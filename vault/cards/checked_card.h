// A card whose number, date and security code have been looked at, and that may be stored.
#pragma once

#include "vault/cards/card_vault.h"

namespace vault::cards {

struct CheckedCard {
    common::AccountId account;
    bool livemode = false;
    TokenFormat format = TokenFormat::standard;
    std::string token;  // that it is to have; "" = one is drawn
    Pan pan;
    Cvc cvc;  // empty = not given
    Expiry expiry;
    std::string authentication = "optional";
    std::string risk = "normal";
    Metadata metadata;
    audit::Caller caller;
};

}  // namespace vault::cards
