#include "gateway/api/version.h"

#include <array>
#include <chrono>

namespace gateway::api {
namespace {

constexpr std::string_view oldest_date = "2025-03-31", newest_date = "2026-10-28",
                           newest_version = "2026-10-28.endive";

struct Train {
    std::string_view since, name;
};
constexpr std::array trains{Train{oldest_date, "basil"}, Train{"2025-09-30", "clover"},
                            Train{"2026-03-25", "dahlia"}, Train{"2026-09-30", "endive"}};

bool is_date(std::string_view text) {
    if (text.size() != 10) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 4 || i == 7;
        if (dash ? text[i] != '-' : (text[i] < '0' || text[i] > '9')) return false;
    }
    auto number = [text](std::size_t at, std::size_t size) {
        int value = 0;
        for (char c : text.substr(at, size))
            value = value * 10 + (c - '0');
        return value;
    };
    const std::chrono::year_month_day day{std::chrono::year{number(0, 4)},
                                          std::chrono::month{static_cast<unsigned>(number(5, 2))},
                                          std::chrono::day{static_cast<unsigned>(number(8, 2))}};
    return day.ok();
}

}  // namespace

std::optional<ApiVersion> ApiVersion::parse(std::string_view text) {
    const auto date = text.substr(0, 10);
    if (text.size() < 12 || text[10] != '.' || !is_date(date)) return std::nullopt;
    if (date < oldest_date || date > newest_date) return std::nullopt;
    std::string_view current;
    for (const Train& train : trains)
        if (train.since <= date) current = train.name;
    if (text.substr(11) != current) return std::nullopt;
    return ApiVersion{text};
}

ApiVersion ApiVersion::newest() {
    return ApiVersion{newest_version};
}

common::Result<ApiVersion> effective_version(std::string_view header, std::string_view of_account) {
    if (header.empty()) {
        auto version = ApiVersion::parse(of_account);
        return version ? *version : ApiVersion::newest();
    }
    if (auto version = ApiVersion::parse(header)) return *version;
    return common::Fail{
        common::Error::invalid("", "", "Invalid Stripe API version: {}", {common::Safe::param(header)})};
}

}  // namespace gateway::api
