#include "gateway/reviews/reviews.h"

#include "gateway/api/handlers.h"
#include "gateway/api/lists.h"
#include "gateway/store/reviews.h"

namespace gateway::api {

using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

Task<StoredResponse> read_review(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        const auto review = store::require<Review>(work.tx, work.scope(), context.id);
        if (!review) return Fail{review.error()};
        return work.show(&*review);
    });
}

Task<StoredResponse> approve_review(Context& context) {
    co_return co_await context.change([&context](Work& work) -> Result<object> {
        const auto review = reviews::approve(work, context.id);
        if (!review) return Fail{review.error()};
        return work.show(&*review);
    });
}

// Those that are closed are found by their ids only.
Task<StoredResponse> list_reviews(Context& context) {
    co_return co_await list_of<Review>(context, {{"open", "t"}});
}

}  // namespace gateway::api
