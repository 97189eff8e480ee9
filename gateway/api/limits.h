// How often callers may come. All gateway processes count for themselves.
#pragma once

#include <string_view>

#include "gateway/api/rate_limit.h"
#include "gateway/scope.h"

namespace gateway::api {

struct Route;

// Requests a second of each account; 0 in `live` = no limit at all.
struct LimitSettings {
    double live = 100, test = 25;  // in all, by mode
    double endpoint = 25;          // of one route
    double search = 20;            // of all searches
    double files = 20;             // of files read, and of files written
};

class Limits {
  public:
    explicit Limits(const LimitSettings& settings);

    // Takes what the request needs. Why it may not go on (Stripe-Rate-Limited-Reason), or "".
    std::string_view refuse(const Scope& scope, const Route* route);

    // Whether somebody at this address has guessed too many keys.
    bool is_guessing(const std::string& address) { return bad_keys_.exhausted(address); }
    void note_bad_key(const std::string& address) { bad_keys_.allow(address); }
    // Files fetched through public links.
    bool allow_link(common::AccountId account) { return links_.allow(std::to_string(account.value)); }

    // Cards that are tried out: `subject` is a payment or a shopper's address.
    bool has_declines_left(const std::string& subject) { return !declines_.exhausted(subject); }
    void note_decline(const std::string& subject) { declines_.allow(subject); }

  private:
    RateLimit live_, test_, endpoint_, search_, files_, bad_keys_, links_, declines_;
};

}  // namespace gateway::api
