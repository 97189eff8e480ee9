// portcullis-vault keys …: what keys there are, and their changes.
#include <iostream>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "vault/commands/command.h"
#include "vault/commands/key_changes.h"
#include "vault/commands/key_work.h"

namespace vault::commands {
namespace {

namespace json = boost::json;
using common::Config;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using std::chrono::days;
using std::chrono::milliseconds;

std::string date_of(common::TimePoint time) {
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

common::TimePoint time_of(std::int64_t ms) {
    return common::TimePoint{milliseconds{ms}};
}

bool is_signing(hsm::Purpose purpose) {
    using enum hsm::Purpose;
    return purpose != kek_card && purpose != kek_pii && purpose != kek_2fa;
}

const char* purpose_in_words(hsm::Purpose purpose) {
    using enum hsm::Purpose;
    switch (purpose) {
        case kek_card:
            return "seals merchant keys of cards";
        case kek_pii:
            return "seals keys of personal data";
        case kek_2fa:
            return "seals second-factor seeds";
        case fingerprint:
            return "fingerprints of card numbers";
        case velocity:
            return "short-lived fingerprints across merchants";
        case audit:
            return "signs checkpoints of the audit log";
        case proof:
            return "signs proofs of a second factor";
        case registry:
            return "signs the registry of keys";
    }
    return "";
}

// PCI DSS 4.0.1 requirements 3.6.1.1, 12.3.3: algorithm, strength, purpose, custody, cryptoperiod, place.
Result<json::object> describe(KeyWork& work, const keys::HsmKeyRow& row, const std::string& token) {
    const auto uses = wait_for(work.rotation.uses(row.key, soon()));
    if (!uses) return Fail{uses.error()};
    const auto due = time_of(row.changed_ms) + work.periods.of(row.key.purpose);
    json::object key{{"key", hsm::label_of(row.key)},
                     {"purpose", purpose_in_words(row.key.purpose)},
                     {"state", keys::to_string(row.state)},
                     {"algorithm", is_signing(row.key.purpose) ? "HMAC-SHA-256" : "AES-256-GCM"},
                     {"bits", 256},
                     {"location", "HSM token " + token},
                     {"id", common::crypto::to_hex(row.id)},
                     {"created", date_of(time_of(row.created_ms))},
                     {"state_since", date_of(time_of(row.changed_ms))},
                     {"cryptoperiod_days", work.periods.of(row.key.purpose).count()},
                     {"uses", *uses}};
    if (row.state == keys::KeyState::active) {
        key["due"] = date_of(due);
        key["overdue"] = work.work->clock().now() >= due;
    }
    return key;
}

Result<json::object> describe(KeyWork& work, const keys::MerchantKeyRow& row) {
    const auto uses = wait_for(work.card_keys.count({row.account, row.livemode, row.version}, soon()));
    if (!uses) return Fail{uses.error()};
    const auto due = time_of(row.created_ms) + work.periods.merchant;
    json::object key{{"key", row.id},
                     {"purpose", "seals card keys of " + common::public_account_id(row.account)},
                     {"account", common::public_account_id(row.account)},
                     {"livemode", row.livemode},
                     {"version", row.version},
                     {"state", keys::to_string(row.state)},
                     {"algorithm", "AES-256-GCM"},
                     {"bits", 256},
                     {"location", "database, sealed by " + row.kek},
                     {"created", date_of(time_of(row.created_ms))},
                     {"cryptoperiod_days", work.periods.merchant.count()},
                     {"uses", *uses}};
    if (row.state == keys::KeyState::active) {
        key["due"] = date_of(due);
        key["overdue"] = work.work->clock().now() >= due;
    }
    return key;
}

Result<json::array> hsm_keys(KeyWork& work, const Config& config) {
    const auto rows = wait_for(work.registry.all(soon()));
    if (!rows) return Fail{rows.error()};
    json::array all;
    for (const auto& row : *rows) {
        auto key = describe(work, row, config.text("hsm.token_label"));
        if (!key) return Fail{std::move(key).error()};
        all.push_back(std::move(*key));
    }
    return all;
}

// Page by page, so that it does not matter how many there are; the visitor prints.
Status each_merchant_key(KeyWork& work, const std::function<void(json::object)>& visit) {
    store::MerchantKeys::Page page;
    for (;;) {
        auto rows = wait_for(work.merchant_keys.page(page, soon()));
        if (!rows) return Fail{std::move(rows).error()};
        for (const auto& row : *rows) {
            if (auto checked = wait_for(work.registry.check(row, soon())); !checked)
                return Fail{std::move(checked).error()};
            auto key = describe(work, row);
            if (!key) return Fail{std::move(key).error()};
            visit(std::move(*key));
        }
        if (rows->size() < static_cast<std::size_t>(page.limit)) return {};
        page.after = std::move(rows->back());
    }
}

void print_line(const json::object& key) {
    const auto text = [&](const char* name) { return std::string{key.at(name).as_string()}; };
    std::string due;
    if (key.contains("due")) due = key.at("overdue").as_bool() ? "OVERDUE" : "due " + text("due");
    std::cout << fmt::format("{:<32} {:<13} {:>10}  since {}  {:<14}  {}\n", text("key"), text("state"),
                             key.at("uses").to_number<std::int64_t>(), text("created"), due, text("purpose"));
}

Status list(const Config& config) {
    auto work = KeyWork::open(config, true);
    if (!work) return Fail{std::move(work.error())};
    const auto keys = hsm_keys(**work, config);
    if (!keys) return Fail{keys.error()};
    std::cout << fmt::format("{:<32} {:<13} {:>10}\n", "key", "state", "uses");
    for (const auto& key : *keys)
        print_line(key.as_object());
    return each_merchant_key(**work, print_line);
}

Status report(const Config& config) {
    auto work = KeyWork::open(config, true);
    if (!work) return Fail{std::move(work.error())};
    const auto keys = hsm_keys(**work, config);
    if (!keys) return Fail{keys.error()};
    std::cout << R"({"generated":")" << date_of((*work)->work->clock().now()) << R"(","hsm_keys":)"
              << json::serialize(*keys) << R"(,"merchant_keys":[)";
    bool first = true;
    auto done = each_merchant_key(**work, [&](json::object key) {
        std::cout << (first ? "" : ",") << json::serialize(key);
        first = false;
    });
    if (done) std::cout << "]}\n";
    return done;
}

Result<KeyName> name_of(const std::string& text) {
    if (auto name = key_name_of(text)) return *std::move(name);
    return Fail{Error::invalid("parameter_invalid", "key",
                               "{} names no key. Keys are named KEK-card, KEK-card-v1, acct_… or mk_…; see "
                               "portcullis-vault keys list.",
                               {Safe::param(text)})};
}

}  // namespace

std::vector<Command> add_keys(CLI::App& program, const std::function<void(CLI::App*)>& add_sources) {
    auto* const keys = program.add_subcommand("keys", "Keys of the HSM and of merchants");
    keys->require_subcommand(1);
    add_sources(keys);
    std::vector<Command> commands;
    const auto order = std::make_shared<KeyOrder>();
    const auto text = std::make_shared<std::string>();
    const auto add = [&](const char* name, const char* help, auto run) {
        auto* const command = keys->add_subcommand(name, help)->fallthrough();
        commands.push_back({command, run});
        return command;
    };
    const auto add_change = [&](const char* name, const char* help, auto run, bool needs_name = true) {
        auto* const command = add(name, help, [order, text, run](const Config& config) -> Status {
            if (text->empty()) return run(config, *order);
            auto key = name_of(*text);
            if (!key) return Fail{std::move(key).error()};
            order->name = std::move(*key);
            return run(config, *order);
        });
        auto* const option = command->add_option("key", *text, "KEK-card, KEK-card-v1, acct_… or mk_…");
        if (needs_name) option->required();
        command->add_flag("--live", order->livemode, "With acct_…: the key of live mode");
        return command;
    };
    const auto add_pace = [&](CLI::App* command) {
        command->add_option("--per-second", order->per_second, "At most so many a second; 0 = no limit")
            ->check(CLI::Range(0, 1'000'000));
    };
    add("list", "All keys with their state and how much needs them", list);
    add("report", "Inventory as JSON", report);
    add("verify", "Compare the registry with what the audit log recorded last", verify_keys);
    auto* const rotate = add_change("rotate", "Put a new key in the place of the active one", rotate_key);
    add_pace(rotate);
    rotate->add_flag("--compromised", order->compromised, "Somebody may know the old one");
    rotate->add_flag("--no-rewrap", order->no_rewrap, "Leave what the old one sealed to the vaults");
    add_pace(add_change("rewrap", "Seal anew what keys that are out of use still seal", rewrap_keys, false));
    add_change("retire", "Take the key of an account out of use; it takes no new cards", retire_key);
    add_change("compromise", "Mark a version that somebody may know", compromise_key);
    auto* const destroy = add_change("destroy", "Destroy a version that nothing needs", destroy_key);
    destroy->add_flag("--now", order->now, "Though a backup may still need it");
    return commands;
}

}  // namespace vault::commands
