// Reads members of a JSON object one by one and keeps the first thing that is wrong.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "common/ids.h"
#include "common/result.h"
#include "common/secret.h"

namespace vault::wire {

class Members {
  public:
    // An optional member that is absent reads as "", 0 or false.
    enum class Need : std::uint8_t { required, optional };
    Members(const boost::json::object& object, std::initializer_list<std::string_view> known);

    std::string text(std::string_view key, Need need = Need::required, std::size_t size_max = 255);
    common::SecretText secret(std::string_view key, Need need = Need::required, std::size_t size_max = 64);
    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max,
                         Need need = Need::required);
    bool boolean(std::string_view key, Need need = Need::required);
    common::AccountId account(std::string_view key);  // eight base62 characters
    const boost::json::object* object(std::string_view key);
    // An object of texts; absent: an empty one. Their lengths are the caller's to judge.
    std::map<std::string, std::string> texts(std::string_view key);
    void refuse(std::string_view key, common::Text why);  // keeps an error that is there already
    void merge(const common::Status& inner);

    bool ok() const { return !error_; }
    common::Error error() const { return *error_; }

  private:
    const boost::json::value* find(std::string_view key, Need need);
    std::optional<std::string_view> view(std::string_view key, Need need, std::size_t size_max);

    const boost::json::object& object_;
    std::optional<common::Error> error_;
};

}  // namespace vault::wire
