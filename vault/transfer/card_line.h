// One card as a line of JSON in an export; docs/card-transfer.md has its members.
#pragma once

#include "common/secret.h"
#include "vault/cards/sealer.h"
#include "vault/store/card_rows.h"

namespace vault::transfer {

class CardLine {
  public:
    // What was sealed comes from `opened`, the rest from the row.
    static common::SecretText write(const store::CardRowPage::Entry& card,
                                    const cards::CardSealer::Opened& opened);

    std::string token;  // in the vault it comes from; "" = not given
    common::SecretText number;
    std::int64_t exp_month = 0, exp_year = 0;
    cards::Metadata metadata;
    // 400 naming the member that is unknown, missing or of a wrong form. Whether it is a card is for
    // CardService to say.
    static common::Result<CardLine> read(std::string_view line);
};

}  // namespace vault::transfer
