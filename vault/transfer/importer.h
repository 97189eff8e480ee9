// Cards of a sealed file into an account and mode. Each gets a token that is told from the file's secret and
// the number of its line, so the same line never makes a second card, however often and wherever a run was
// interrupted.
#pragma once

#include <functional>

#include "vault/cards/card_vault.h"
#include "vault/transfer/card_line.h"
#include "vault/transfer/package.h"

namespace vault::transfer {

class Importer {
  public:
    struct Order {
        common::AccountId account;
        bool livemode = false;
        audit::Caller caller;
        // A line of results, in the order of the file: {"line", "token"?, "new_token"} or {"line", "token"?,
        // "error": {"code", "message"}}.
        std::function<common::Status(std::string_view)> result;
        std::function<void(std::int64_t)> progress = {};  // how many lines more
    };
    struct Report {
        std::int64_t stored = 0, present = 0, refused = 0;
        std::int64_t lines() const { return stored + present + refused; }
    };
    explicit Importer(cards::CardVault& cards) : cards_{cards} {}

    // Reads all of the file, so that nothing is stored of one that was changed or cut off. How many lines it
    // has.
    static common::Result<std::int64_t> check(PackageReader& from);
    // Lines that are no cards are refused one by one; any other error ends the run, which can be repeated.
    // `report` tells how far it came, also then.
    common::Task<bool> run(PackageReader& from, Order order, Report& report);

  private:
    struct Line;
    common::Task<bool> store(const PackageReader& from, const Order& order, Line& line, Report& report);
    cards::CardVault& cards_;
};

}  // namespace vault::transfer
