// The object that a use case gave, as the caller of the request sees it; or why there is none.
#pragma once

#include "gateway/work.h"

namespace gateway::api {

template <class T>
common::Result<boost::json::object> shown(const Work& work, const common::Result<T>& object) {
    if (!object) return common::Fail{object.error()};
    return work.show(&*object);
}

}  // namespace gateway::api
