// The vault's API: JSON over mutual TLS. One table says which identity may call what; no answer holds a card
// number.
#pragma once

#include <string>
#include <string_view>

#include "common/http/server.h"
#include "vault/api/interfaces.h"
#include "vault/cards/card_vault.h"

namespace vault::api {

inline constexpr std::size_t body_bytes_max = 16 * 1024;

class Api {
  public:
    struct Parts {
        cards::CardVault& cards;
        Exchanges& exchanges;
        HealthSource& health;
        std::string trust_domain;  // "portcullis": callers are spiffe://portcullis/…
    };
    explicit Api(Parts parts);

    boost::asio::awaitable<common::http::Response> handle(common::http::Request& request);
    // The pattern of a route, for metrics; "unknown" otherwise.
    static std::string route_label(common::http::Method method, std::string_view path);

    struct Call;
    using Answer = common::Task<common::http::Response>;
    Answer create_card(Call& call);
    Answer get_card(Call& call);
    Answer authorize(Call& call);
    Answer capture(Call& call);
    Answer reverse(Call& call);
    Answer get_exchange(Call& call);
    Answer healthz(Call& call);
    Answer readyz(Call& call);

  private:
    Parts parts_;
    std::string gateway_identity_, domain_prefix_;
};

}  // namespace vault::api
