// Turns objects into what the merchant API shows; implemented by gateway/api, so that the domain knows no
// wire format.
#pragma once

#include <variant>

#include <boost/json/object.hpp>

#include "gateway/payments/payment.h"
#include "gateway/store/session.h"
#include "gateway/tokens/token.h"

namespace gateway {

struct BalanceTransaction;
struct CheckoutSession;
struct BankAccount;
struct Customer;
struct EphemeralKey;
struct File;
struct FileLink;
struct Payout;
struct Refund;
struct Review;
struct SetupAttempt;
struct SetupIntent;
struct SetupView;
namespace ledger {
struct MerchantBalance;
struct Transfer;
}  // namespace ledger
namespace webhooks {
struct Endpoint;
}

// Any object of the API.
using ObjectRef =
    std::variant<const Customer*, const PaymentMethod*, const PaymentIntent*, const PaymentView*,
                 const Charge*, const Refund*, const Review*, const BalanceTransaction*,
                 const ledger::Transfer*, const ledger::MerchantBalance*, const BankAccount*, const Payout*,
                 const webhooks::Endpoint*, const File*, const FileLink*, const SetupIntent*,
                 const SetupView*, const SetupAttempt*, const Token*, const ConfirmationToken*,
                 const EphemeralKey*, const CheckoutSession*>;

// Whose action an error is of: a payment or a set-up in its present state, which the error carries; nullptr:
// neither.
using Subject = std::variant<std::nullptr_t, const PaymentView*, const SetupView*>;

class Renderer {
  public:
    virtual ~Renderer() = default;
    // As the caller may see it; ids of other objects stay ids.
    virtual boost::json::object object(const ObjectRef& object, const Call& call) const = 0;
    // As events carry it.
    virtual boost::json::object event_object(const ObjectRef& object, std::string_view version) const = 0;
    // Puts the objects that the call wants expanded in the place of their ids.
    virtual void expand(store::Transaction& tx, boost::json::object& body, const Call& call) const = 0;
    virtual StoredResponse failure(const common::Error& error, const Subject& subject,
                                   const Call& call) const = 0;
};

// 200 with the body, expanded.
StoredResponse answer(const Renderer& renderer, store::Transaction& tx, boost::json::object body,
                      const Call& call);

}  // namespace gateway
