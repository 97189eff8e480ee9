// Cards of one account and mode into a sealed file. Each is in the audit log before it is opened, and nothing
// that was opened is kept. Who may have it done is not decided here.
#pragma once

#include <functional>

#include "vault/audit/caller.h"
#include "vault/audit/trail.h"
#include "vault/keys/key_ring.h"
#include "vault/store/card_rows.h"
#include "vault/transfer/package.h"

namespace vault::transfer {

class Exporter {
  public:
    struct Parts {
        store::CardRows& rows;
        keys::KeyRing& ring;
        audit::Trail& trail;
    };
    struct Order {
        common::AccountId account;
        bool livemode = false;
        audit::Caller caller;                             // of the entries
        std::function<void(std::int64_t)> progress = {};  // how many cards more
    };
    struct Report {
        std::int64_t cards = 0, refused = 0;     // refused: not what was sealed; they are not in the file
        std::vector<std::string> refused_names;  // the first of them
    };
    explicit Exporter(Parts parts) : parts_{parts} {}
    // Writes the lines, and not the end of the file. Memory does not grow with the number of cards.
    common::Task<Report> run(Order order, PackageWriter& to);

  private:
    common::Task<bool> put(const store::CardRowPage::Entry& card, PackageWriter& to, Report& report);
    common::Task<bool> record(const Order& order, const std::vector<store::CardRowPage::Entry>& cards);
    Parts parts_;
};

}  // namespace vault::transfer
