// expand[]: which ids an answer holds as whole objects.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace gateway::api {

enum class ObjectKind : std::uint8_t {
    none,
    account,
    customer,
    invoice_settings,
    payment_method,
    payment_intent,
    charge,
    refund,
    refund_list,
    review,
    balance_transaction,
    payout,
    bank_account,
    file,
    file_link,
    setup_intent,
    setup_attempt,
    confirmation_token,
    method_preview,
    checkout_session,
    line_item_list,
    line_item,
    price,
    product,
};

// What a route answers with: an object, or a list of such, which may be able to say how many there are in
// all.
struct Answer {
    ObjectKind kind = ObjectKind::none;
    bool list = false;
    bool counted = false;
    bool bytes = false;  // a content and no JSON
};
inline constexpr std::string_view total_count = "total_count";

// Dotted paths as a tree: {"latest_charge.payment_method"} → latest_charge → payment_method.
class Expansion {
  public:
    Expansion() = default;
    explicit Expansion(const std::vector<std::string>& paths);
    const Expansion* find(std::string_view name) const;
    const std::vector<std::pair<std::string, Expansion>>& children() const { return children_; }

  private:
    std::vector<std::pair<std::string, Expansion>> children_;
};

// Whether the price of a line item is to hold the whole product.
bool wants_product(const Expansion& item);

// 400 "This property cannot be expanded (x)." for a path deeper than four, or that leads over something that
// is no expandable field. A publishable key may expand `payment_method` only.
common::Status check_expand(const std::vector<std::string>& paths, Answer root, bool publishable);

}  // namespace gateway::api
