#include "gateway/acquirer/responses.h"

namespace gateway::acquirer {
namespace {

using common::Text;

// Hard: not again with this card. Never: not again at all. Technical: not the card's fault.
enum class Class : std::uint8_t { soft, hard, never, technical };

struct Row {
    std::string_view response_code;
    Class kind;
    Text decline_code;
};

constexpr Row rows[] = {
    {"01", Class::hard, "call_issuer"},
    {"02", Class::hard, "call_issuer"},
    {"03", Class::technical, "service_not_allowed"},
    {"04", Class::never, "pickup_card"},
    {"05", Class::soft, "do_not_honor"},
    {"06", Class::soft, "processing_error"},
    {"07", Class::never, "pickup_card"},
    {"12", Class::never, "transaction_not_allowed"},
    {"13", Class::hard, "invalid_amount"},
    {"14", Class::never, "incorrect_number"},
    {"15", Class::never, "invalid_number"},
    {"19", Class::soft, "reenter_transaction"},
    {"21", Class::technical, "no_action_taken"},
    {"30", Class::technical, "processing_error"},
    {"34", Class::never, "fraudulent"},
    {"39", Class::hard, "invalid_account"},
    {"41", Class::never, "lost_card"},
    {"43", Class::never, "stolen_card"},
    {"46", Class::never, "invalid_account"},
    {"51", Class::soft, "insufficient_funds"},
    {"52", Class::hard, "invalid_account"},
    {"53", Class::hard, "invalid_account"},
    {"54", Class::hard, "expired_card"},
    {"55", Class::soft, "incorrect_pin"},
    {"57", Class::never, "transaction_not_allowed"},
    {"58", Class::technical, "service_not_allowed"},
    {"59", Class::never, "fraudulent"},
    {"61", Class::soft, "card_velocity_exceeded"},
    {"62", Class::hard, "restricted_card"},
    {"63", Class::hard, "security_violation"},
    {"65", Class::soft, "withdrawal_count_limit_exceeded"},
    {"1A", Class::soft, "authentication_required"},
    {"70", Class::soft, "authentication_required"},
    {"68", Class::technical, "issuer_not_available"},
    {"75", Class::hard, "pin_try_exceeded"},
    {"78", Class::hard, "card_not_supported"},
    {"79", Class::hard, "invalid_account"},
    {"82", Class::hard, "incorrect_cvc"},
    {"83", Class::never, "fraudulent"},
    {"91", Class::technical, "issuer_not_available"},
    {"92", Class::technical, "processing_error"},
    {"93", Class::hard, "transaction_not_allowed"},
    {"94", Class::technical, "duplicate_transaction"},
    {"96", Class::technical, "try_again_later"},
    {"N7", Class::hard, "incorrect_cvc"},
    {"R0", Class::never, "revocation_of_authorization"},
    {"R1", Class::never, "revocation_of_all_authorizations"},
    {"R3", Class::never, "revocation_of_all_authorizations"},
};
constexpr Row unknown_row{"", Class::soft, "generic_decline"};

struct Wording {
    std::string_view decline_code;
    Text code, message, param;
};
// Lost, stolen and suspected fraud read like any other decline: the payer may be the thief.
constexpr Wording wordings[] = {
    {"insufficient_funds", "card_declined", "Your card has insufficient funds.", ""},
    {"expired_card", "expired_card", "Your card has expired.", "exp_month"},
    {"incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc"},
    {"incorrect_number", "incorrect_number", "Your card number is incorrect.", "number"},
    {"invalid_number", "incorrect_number", "Your card number is incorrect.", "number"},
    {"processing_error", "processing_error",
     "An error occurred while processing your card. Try again in a little bit.", ""},
    {"authentication_required", "authentication_required",
     "Your card was declined. This transaction requires authentication.", ""},
    {"card_velocity_exceeded", "card_declined",
     "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.", ""},
    {"card_not_supported", "card_declined", "Your card is not supported.", ""},
};
constexpr Text plain_message = "Your card was declined.";
constexpr Text technical_message = "An error occurred while processing your card. Try again in a little bit.";

// Where the issuer must ask for strong authentication, so that 65 means "authenticate" (EEA and United
// Kingdom).
constexpr std::string_view european[] = {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR",
                                         "GB", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV",
                                         "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"};

const Row& row_of(std::string_view response_code) {
    const auto* found = std::ranges::find(rows, response_code, &Row::response_code);
    return found == std::end(rows) ? unknown_row : *found;
}

Decline worded(Text decline_code, Class kind) {
    const auto* found = std::ranges::find(wordings, decline_code.view(), &Wording::decline_code);
    if (found != std::end(wordings)) return {found->code, decline_code, found->message, found->param, "", ""};
    if (kind == Class::technical) return {"processing_error", decline_code, technical_message, "", "", ""};
    return {"card_declined", decline_code, plain_message, "", "", ""};
}

std::string_view advice_of(std::string_view merchant_advice, Class kind, const Decline& decline) {
    if (merchant_advice == "03" || merchant_advice == "21") return "do_not_try_again";
    if (merchant_advice == "01") return "confirm_card_data";
    if (merchant_advice == "02" || (merchant_advice >= "24" && merchant_advice <= "30"))
        return "try_again_later";
    if (!decline.param.view().empty()) return "confirm_card_data";
    switch (kind) {
        case Class::never:
        case Class::hard:
            return "do_not_try_again";
        case Class::technical:
            return "try_again_later";
        case Class::soft:
            break;
    }
    return decline.decline_code.view() == "authentication_required" ? "" : "try_again_later";
}

}  // namespace

bool is_approval(std::string_view code, std::int64_t amount) {
    if (code == "85") return amount == 0;
    return code == "00" || code == "08" || code == "10" || code == "11";
}

bool is_captured(std::string_view code) {
    return code == "00" || code == "94";
}

Decline decline_of(std::string_view response_code, const CardContext& card) {
    const auto& row = row_of(response_code);
    Text decline_code = row.decline_code;
    if (card.cvc_result == "N" && (response_code == "05" || response_code == "63"))
        decline_code = "incorrect_cvc";
    if (response_code == "65" && std::ranges::find(european, card.country) != std::end(european))
        decline_code = "authentication_required";
    auto decline = worded(decline_code, row.kind);
    decline.network_decline_code = response_code;
    decline.advice_code = advice_of(card.merchant_advice, row.kind, decline);
    return decline;
}

Decline no_answer() {
    auto decline = worded("processing_error", Class::technical);
    decline.advice_code = "try_again_later";
    return decline;
}

Decline blocked_as_too_risky() {
    return worded("fraudulent", Class::never);
}

Decline authentication_required() {
    return worded("authentication_required", Class::soft);
}

Decline approved_too_little() {
    return worded("insufficient_funds", Class::soft);
}

common::Error error_of(const Decline& decline) {
    common::Error error{402, common::ErrorType::card, decline.code, decline.message};
    const auto add = [&error](Text key, std::string_view value) {
        if (!value.empty()) std::move(error).with_field(key, boost::json::value(value));
    };
    add("decline_code", decline.decline_code.view());
    add("network_decline_code", decline.network_decline_code);
    add("advice_code", decline.advice_code);
    if (decline.param.view().empty()) return error;
    return std::move(error).with_param(decline.param.view());
}

std::optional<std::string> cvc_check(std::string_view result, bool given) {
    if (!given) return std::nullopt;
    if (result == "M") return "pass";
    if (result == "N") return "fail";
    return result.empty() || result == " " ? "unchecked" : "unavailable";
}

AddressChecks address_checks(std::string_view result, bool line1_given, bool postal_code_given) {
    struct Pair {
        const char* line1;
        const char* postal_code;
    };
    const auto pair = [&]() -> Pair {
        if (result.size() != 1 || result == " ") return {"unchecked", "unchecked"};
        switch (result[0]) {
            case 'Y':
            case 'X':
            case 'D':
            case 'M':
            case 'F':
                return {"pass", "pass"};
            case 'A':
                return {"pass", "fail"};
            case 'B':
                return {"pass", "unavailable"};
            case 'Z':
            case 'W':
                return {"fail", "pass"};
            case 'P':
                return {"unavailable", "pass"};
            case 'N':
                return {"fail", "fail"};
            default:
                return {"unavailable", "unavailable"};
        }
    }();
    AddressChecks checks;
    if (line1_given) checks.line1 = pair.line1;
    if (postal_code_given) checks.postal_code = pair.postal_code;
    return checks;
}

}  // namespace gateway::acquirer
