// What the subcommands that work on accounts share.
#pragma once

#include <memory>
#include <string_view>

#include <boost/json/object.hpp>

#include "common/clock.h"
#include "common/config.h"
#include "common/db/pool.h"
#include "gateway/merchants/merchants.h"

namespace gateway::api::office {

inline constexpr std::string_view no_account = "--account is an id such as acct_…";

// Exit codes, with the problem told on standard error.
int fail(const common::Error& error);
int refuse(std::string_view what);

struct Office {
    common::Metrics metrics;
    common::SystemClock clock;
    std::unique_ptr<common::db::Pool> database;
    std::unique_ptr<Merchants> merchants;
};
common::Result<std::unique_ptr<Office>> open_office(const common::Config& config);

// As a line of JSON on standard output, of which nothing stays in memory.
void print_line(const boost::json::object& object);

}  // namespace gateway::api::office
