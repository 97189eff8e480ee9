// The vault's API: JSON over mutual TLS. One table says which identity may call what; no answer holds a card
// number.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/server.h"
#include "vault/api/interfaces.h"
#include "vault/audit/trail.h"
#include "vault/cards/card_vault.h"
#include "vault/keys/data_keys.h"

namespace vault::api {

inline constexpr std::size_t body_bytes_max = 16 * 1024;

class Api {
  public:
    struct Parts {
        cards::CardVault& cards;
        cards::CardKeeping& keeping;
        cards::BulkVault& bulk;
        Exchanges& exchanges;
        keys::DataKeyMaker& data_keys;
        HealthSource& health;
        audit::Trail& trail;
        std::string trust_domain;  // "portcullis": callers are spiffe://portcullis/…
    };
    explicit Api(Parts parts);

    boost::asio::awaitable<common::http::Response> handle(common::http::Request& request);
    // Bodies of NDJSON, which are handled while they arrive.
    boost::asio::awaitable<common::Result<std::optional<common::http::Response>>> handle_stream(
        common::http::Request& request, common::http::BodyStream& stream);
    static bool streams(common::http::Method method, std::string_view path);
    // The pattern of a route, for metrics; "unknown" otherwise.
    static std::string route_label(common::http::Method method, std::string_view path);

    struct Call;
    using Answer = common::Task<common::http::Response>;
    Answer create_card(Call& call);
    Answer get_card(Call& call);
    Answer search_cards(Call& call);
    Answer update_card(Call& call);
    Answer erase_card(Call& call);
    Answer hold_security_code(Call& call);
    Answer authorize(Call& call);
    Answer capture(Call& call);
    Answer reverse(Call& call);
    Answer refund(Call& call);
    Answer get_exchange(Call& call);
    Answer create_data_key(Call& call);
    Answer open_data_key(Call& call);
    Answer healthz(Call& call);
    Answer readyz(Call& call);

  private:
    struct Found;
    static Found find(common::http::Method method, std::string_view path);
    boost::asio::awaitable<std::optional<common::http::Response>> refuse(const common::http::Request& request,
                                                                         const Found& found);
    boost::asio::awaitable<void> record_refusal(const common::http::Request& request);
    Parts parts_;
    std::string gateway_identity_, domain_prefix_;
    std::atomic<int> bulks_{0};  // under way, of all threads
};

}  // namespace vault::api
