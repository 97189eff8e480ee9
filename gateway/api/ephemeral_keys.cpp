#include "gateway/store/ephemeral_keys.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/api/handlers.h"
#include "gateway/customers/customer.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;

EphemeralKey new_key(const Work& work, std::string customer) {
    EphemeralKey key;
    key.id = new_ephemeral_key_id(work.scope().account);
    key.scope = work.scope();
    set_time(key, work.now_ms);
    key.customer = std::move(customer);
    key.expires_at = key.created + ephemeral_key_life_seconds;
    return key;
}

// What is stored under the idempotency key holds no secret; a repeated request gets it again.
StoredResponse with_secret(const Context& context, StoredResponse response) {
    if (response.status != 200) return response;
    auto body = boost::json::parse(response.body).as_object();
    EphemeralKey key;
    key.id = body.at("id").as_string();
    key.scope = context.call.scope;
    body["secret"] = context.backend->text_of(key).view();
    response.body = boost::json::serialize(body);
    return response;
}

}  // namespace

Task<StoredResponse> create_ephemeral_key(Context& context) {
    // The key's answers must be those of the version that the app on the device was built for.
    if (!context.version_given)
        co_return Fail{
            Error::invalid("", "",
                           "An ephemeral key is made for the API version of the app that uses it. Send "
                           "that version in the Stripe-Version header.")};
    const auto customer = context.parameters().text("customer").value_or("");
    auto made = co_await context.change([&customer](Work& work) -> Result<object> {
        if (auto found = customers::require(work.tx, work.scope(), customer, "customer"); !found)
            return Fail{found.error()};
        store::remove_expired_keys(work.tx, work.scope(), customer, work.now());
        const auto key = new_key(work, customer);
        store::insert(work.tx, key);
        return work.show(&key);
    });
    if (!made) co_return made;
    co_return with_secret(context, *std::move(made));
}

Task<StoredResponse> delete_ephemeral_key(Context& context) {
    auto done = co_await context.change([&context](Work& work) -> Result<object> {
        const auto key = store::require<EphemeralKey>(work.tx, work.scope(), context.id);
        if (!key) return Fail{key.error()};
        store::remove<EphemeralKey>(work.tx, work.scope(), key->id);
        return work.show(&*key);
    });
    EphemeralKey ended;
    ended.id = context.id;
    ended.scope = context.call.scope;
    if (done && done->status == 200) context.backend->forget(ended);
    co_return done;
}

}  // namespace gateway::api
