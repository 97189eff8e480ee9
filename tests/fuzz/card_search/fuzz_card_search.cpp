// What the vault takes of a search for cards (a query) and of a change of one (a JSON body), by the first
// byte: refused with 400, or what was read says the same when it is written again.
#include <cstdlib>

#include "common/json.h"
#include "vault/client/group.h"
#include "vault/client/wire.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void read_search(std::string_view text) {
    const auto search = vault::wire::card_search(text);
    if (!search) {
        require(search.error().status() == 400);
        return;
    }
    require(search->limit >= 1 && search->limit <= 100);
    require(search->last4.empty() || search->last4.size() == 4);
    const auto query = vault::wire::query_of(*search);
    const auto again = vault::wire::card_search(query);
    require(again && vault::wire::query_of(*again) == query);
}

void read_update(std::string_view text) {
    const auto body = common::json::parse(text);
    if (!body || !body->is_object()) return;
    const auto change = vault::wire::card_update(body->get_object(), "vt_test_x");
    if (!change) {
        require(change.error().status() == 400);
        return;
    }
    require(change->exp_month.has_value() == change->exp_year.has_value());
    const auto written = vault::wire::to_json(*change);
    const auto again = vault::wire::card_update(written, "vt_test_x");
    require(again && vault::wire::to_json(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] % 2 == 0)
        read_search(text);
    else
        read_update(text);
    require(vault::vault_of_cvc_handle(text).size() <= text.size());
    return 0;
}
