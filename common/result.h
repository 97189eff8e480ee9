#pragma once

#include <expected>

#include "common/error.h"

namespace common {

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;
using Fail = std::unexpected<Error>;  // return Fail{Error::…}

}  // namespace common
