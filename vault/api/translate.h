// From the words of the vault's client to those of its cards, and back.
#pragma once

#include "vault/cards/card_vault.h"
#include "vault/client/client.h"

namespace vault::api {

cards::NewCardInput input_of(NewCard&& card);  // without its caller
cards::CardSearch search_of(CardSearch&& asked);
Card card_of(const cards::CardFacts& facts, std::string cvc_handle = "");

}  // namespace vault::api
