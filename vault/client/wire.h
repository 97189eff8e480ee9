// The JSON of the vault's API, written once for both ends. Reading is strict: a member that is unknown,
// missing, of another type or too long is a 400 that names it.
#pragma once

#include <boost/json/object.hpp>

#include "common/result.h"
#include "common/secret.h"
#include "vault/client/client.h"

namespace vault::wire {

inline constexpr std::size_t text_size_max = 255;

common::SecretText to_json(const NewCard& card);
common::Result<NewCard> new_card(const boost::json::object& object);
boost::json::object to_json(const Metadata& metadata);
boost::json::object to_json(const Card& card);
common::Result<Card> card(const boost::json::object& object);

common::SecretText to_json(const NewSecurityCode& code);
common::Result<NewSecurityCode> new_security_code(const boost::json::object& object);
boost::json::object to_json(const SecurityCode& code);
common::Result<SecurityCode> security_code(const boost::json::object& object);

boost::json::object to_json(const CardUpdate& change);  // without its token, which is in the path
common::Result<CardUpdate> card_update(const boost::json::object& object, std::string token);
// A line of a bulk: as in POST /cards, but account and mode are those of the bulk, and there is no cvc.
common::Result<NewCard> bulk_line(const boost::json::object& object);
struct BulkQuery {
    common::AccountId account;
    bool livemode = false;
    std::int64_t first_line = 1;
};
common::Result<BulkQuery> bulk_query(std::string_view query);
std::string query_of(const CardSearch& search);  // of a URL
common::Result<CardSearch> card_search(std::string_view query);
boost::json::object to_json(const CardList& list);
common::Result<CardList> card_list(const boost::json::object& object);

boost::json::object to_json(const AuthorizationRequest& request);
common::Result<AuthorizationRequest> authorization(const boost::json::object& object);
boost::json::object to_json(const CaptureRequest& request);
common::Result<CaptureRequest> capture(const boost::json::object& object);
boost::json::object to_json(const ReversalRequest& request);
common::Result<ReversalRequest> reversal(const boost::json::object& object);
boost::json::object to_json(const RefundRequest& request);
common::Result<RefundRequest> refund(const boost::json::object& object);

boost::json::object to_json(const DataKeyScope& scope);
common::Result<DataKeyScope> data_key_scope(const boost::json::object& object);
struct DataKeyOpening {
    DataKeyScope scope;
    SealedDataKey key;
};
boost::json::object to_json(const DataKeyOpening& opening);
common::Result<DataKeyOpening> data_key_opening(const boost::json::object& object);
common::SecretText to_json(const DataKey& key);
common::Result<DataKey> data_key(const boost::json::object& object);
common::SecretText to_json(const common::SecretBytes& data_key);
common::Result<common::SecretBytes> data_key_bytes(const boost::json::object& object);

boost::json::object to_json(const Exchange& exchange);
common::Result<Exchange> exchange(const boost::json::object& object);

std::string_view to_string(Exchange::State state);
std::optional<Exchange::State> exchange_state_of(std::string_view text);

// The error of an answer, made again from the tables of this program: text of the other end is not passed on.
common::Error error_of(int status, std::string_view body);

}  // namespace vault::wire
