// portcullis-vault cards …: their way to another vault, and from one.
#include "vault/commands/card_transfer.h"
#include "vault/commands/command.h"
#include "vault/commands/key_name.h"

namespace vault::commands {
namespace {

using common::Config;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

struct Scope {
    std::string account;
    bool live = false, test = false;
};

Result<common::AccountId> account_of(const Scope& scope) {
    const auto name = key_name_of(scope.account);
    const auto* account = name ? std::get_if<common::AccountId>(&*name) : nullptr;
    if (account != nullptr) return *account;
    return Fail{Error::invalid("parameter_invalid", "account", "{} is no account; they are named acct_…",
                               {Safe::param(scope.account)})};
}

// Runs `run` with account and mode filled in.
template <class Order>
Command scoped(CLI::App* command, const std::shared_ptr<Order>& order,
               Status (*run)(const Config&, const Order&)) {
    const auto scope = std::make_shared<Scope>();
    command->add_option("--account", scope->account, "acct_…")->required();
    auto* const live = command->add_flag("--live", scope->live, "Cards of live mode");
    command->add_flag("--test", scope->test, "Cards of test mode, as without either")->excludes(live);
    return {command, [scope, order, run](const Config& config) -> Status {
                const auto account = account_of(*scope);
                if (!account) return Fail{account.error()};
                order->account = *account;
                order->livemode = scope->live;
                return run(config, *order);
            }};
}

Command add_export(CLI::App* group) {
    auto* const command =
        group->add_subcommand("export", "Write an account's cards, sealed to a recipient; needs custodians")
            ->fallthrough();
    const auto order = std::make_shared<ExportOrder>();
    command->add_option("--recipient", order->recipient, "Certificate of who may open the file, PEM")
        ->required();
    command->add_option("--out", order->out, "File to write, which must not exist")->required();
    command->add_option("--purpose", order->purpose, "What for, for the custodians to read");
    return scoped(command, order, export_cards);
}

Command add_import(CLI::App* group) {
    auto* const command =
        group->add_subcommand("import", "Store the cards of such a file; may be repeated")->fallthrough();
    const auto order = std::make_shared<ImportOrder>();
    command->add_option("file", order->file, "What `cards export` wrote")->required();
    command->add_option("--key", order->key, "Private key of the recipient, PEM, mode 0600")->required();
    command->add_option("--cert", order->certificate, "The recipient's certificate, PEM")->required();
    command->add_option("--passphrase-file", order->passphrase_file,
                        "File of mode 0600 with the key's passphrase; without it the terminal is asked");
    command->add_option("--results", order->results,
                        "File for old and new tokens, which must not exist; without it: standard output");
    return scoped(command, order, import_cards);
}

}  // namespace

std::vector<Command> add_cards(CLI::App& program, const std::function<void(CLI::App*)>& add_sources) {
    auto* const group = program.add_subcommand("cards", "Cards to another vault, and from one");
    group->require_subcommand(1);
    add_sources(group);
    return {add_export(group), add_import(group)};
}

}  // namespace vault::commands
