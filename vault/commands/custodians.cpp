// portcullis-vault custodians …: who the custodians are, and what waits for their approval.
#include <iostream>

#include <boost/json.hpp>

#include "certs/identity.h"
#include "hsm/custody/acknowledgement.h"
#include "hsm/custody/documents.h"
#include "hsm/custody/identity.h"
#include "vault/commands/command.h"
#include "vault/commands/workplace.h"

namespace vault::commands {
namespace {

using common::Config;
using common::Deadline;
using common::Fail;
using common::Status;
using hsm::custody::utc_text;
using keys::Custodians;
namespace json = boost::json;

struct Arguments {
    std::int64_t threshold = 0;
    std::vector<std::string> files;
    std::string name, act, file, out;
    bool as_json = false;
};

Deadline soon() {
    return Deadline::in(std::chrono::seconds{30});
}

std::string fingerprint_of(const keys::Custodian& custodian) {
    const auto certificate = hsm::custody::certificate_of(custodian.certificate);
    return certificate ? certs::fingerprint_of(certificate->get()) : "";
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string state_in_words(const Custodians::Progress& one) {
    auto text = one.act.state == keys::ActState::claimed ? "under way"
                : one.is_approved()                      ? "approved"
                                                         : std::string{"waits for approval"};
    text += ", " + std::to_string(one.approved_by.size()) + " of " + std::to_string(one.needed);
    return one.approved_by.empty() ? text : text + ": " + joined(one.approved_by);
}

void print_set(const Custodians::View& view, bool as_json) {
    json::array all;
    for (const auto& one : view.rows.custodians)
        all.push_back(json::object{{"name", one.name},
                                   {"fingerprint", fingerprint_of(one)},
                                   {"enrolled_at", utc_text(one.enrolled_at / 1000)}});
    if (as_json) {
        std::cout << json::serialize(json::object{{"vault", view.entry.vault},
                                                  {"set", view.entry.set},
                                                  {"threshold", view.entry.threshold},
                                                  {"custodians", std::move(all)}})
                  << '\n';
        return;
    }
    std::cout << "vault " << view.entry.vault << ", set " << view.entry.set << ": " << view.entry.threshold
              << " of " << all.size() << " custodians must approve\n";
    for (const auto& one : view.rows.custodians)
        std::cout << one.name << "  since " << utc_text(one.enrolled_at / 1000) << "  " << fingerprint_of(one)
                  << '\n';
}

Status show_set(Workplace& work, bool as_json) {
    const auto view = wait_for(work.custodians().view(soon()));
    if (!view) return Fail{view.error()};
    print_set(*view, as_json);
    return {};
}

Status init(Workplace& work, const Arguments& given) {
    std::vector<common::crypto::Bytes> acknowledgements;
    for (const auto& file : given.files) {
        auto content = hsm::custody::read_file(file);
        if (!content) return Fail{std::move(content.error())};
        acknowledgements.push_back(std::move(*content));
    }
    const auto made = wait_for(work.custodians().init(given.threshold, std::move(acknowledgements), soon()));
    if (!made) return Fail{made.error()};
    return show_set(work, given.as_json);
}

Status proposed(const common::Result<keys::Act>& act) {
    if (!act) return Fail{act.error()};
    std::cout << "proposed " << act->id << " (" << act->kind << "), expires "
              << utc_text(act->expires_at / 1000) << '\n';
    return {};
}

Status propose_enrolment(Workplace& work, const Arguments& given) {
    auto content = hsm::custody::read_file(given.file);
    if (!content) return Fail{std::move(content.error())};
    return proposed(wait_for(work.custodians().propose_enrolment(std::move(*content), soon())));
}

Status propose_removal(Workplace& work, const Arguments& given) {
    return proposed(
        wait_for(work.custodians().propose({"custodians.remove", {{"name", given.name}}}, soon())));
}

Status propose_threshold(Workplace& work, const Arguments& given) {
    return proposed(wait_for(
        work.custodians().propose({"custodians.threshold", {{"threshold", given.threshold}}}, soon())));
}

json::object describe(const Custodians::Progress& one) {
    return {{"id", one.act.id},
            {"kind", one.act.kind},
            {"state", keys::to_string(one.act.state)},
            {"approved", one.is_approved()},
            {"approved_by", json::value_from(one.approved_by)},
            {"needed", one.needed},
            {"proposed_by", one.act.proposed_by},
            {"expires_at", utc_text(one.act.expires_at / 1000)}};
}

Status list_acts(Workplace& work, const Arguments& given) {
    const auto open = wait_for(work.custodians().open_acts(soon()));
    if (!open) return Fail{open.error()};
    json::array all;
    for (const auto& one : *open) {
        all.push_back(describe(one));
        if (!given.as_json)
            std::cout << one.act.id << "  " << one.act.kind << "  " << state_in_words(one) << "  expires "
                      << utc_text(one.act.expires_at / 1000) << '\n';
    }
    if (given.as_json)
        std::cout << json::serialize(all) << '\n';
    else if (all.empty())
        std::cout << "no open acts\n";
    return {};
}

Status show(Workplace& work, const Arguments& given) {
    const auto document = wait_for(work.custodians().document(given.act, soon()));
    if (!document) return Fail{document.error()};
    const auto words = hsm::custody::in_words(*document);
    if (!words) return Fail{words.error()};
    std::cout << *words;
    if (given.out.empty()) return {};
    if (auto written = hsm::custody::write_new_file(given.out, *document); !written) return written;
    std::cout << "to be signed: " << given.out << '\n';
    return {};
}

Status approve(Workplace& work, const Arguments& given) {
    for (const auto& file : given.files) {
        auto signature = hsm::custody::read_file(file);
        if (!signature) return Fail{std::move(signature.error())};
        const auto progress = wait_for(work.custodians().approve(given.act, std::move(*signature), soon()));
        if (!progress) return Fail{progress.error()};
        std::cout << progress->act.id << ' ' << state_in_words(*progress) << '\n';
    }
    return {};
}

Status cancel(Workplace& work, const Arguments& given) {
    const auto done = wait_for(work.custodians().cancel(given.act, soon()));
    if (!done) return Fail{done.error()};
    std::cout << "cancelled " << given.act << '\n';
    return {};
}

Status apply(Workplace& work, const Arguments& given) {
    const auto view = wait_for(work.custodians().apply(given.act, soon()));
    if (!view) return Fail{view.error()};
    print_set(*view, given.as_json);
    return {};
}

}  // namespace

std::vector<Command> add_custodians(CLI::App& program, const std::function<void(CLI::App*)>& add_sources) {
    const auto given = std::make_shared<Arguments>();
    auto* group = program.add_subcommand("custodians", "Custodians, and acts that several must approve");
    group->require_subcommand(1);
    add_sources(group);
    std::vector<Command> commands;
    const auto add = [&](CLI::App* parent, const char* name, const char* help,
                         Status (*run)(Workplace&, const Arguments&)) {
        auto* command = parent->add_subcommand(name, help)->fallthrough();
        commands.push_back({command, [given, run](const Config& config) -> Status {
                                auto work = Workplace::open(config);
                                if (!work) return Fail{std::move(work.error())};
                                return run(**work, *given);
                            }});
        return command;
    };
    auto* init_command = add(group, "init", "Enrol the first custodians", init);
    init_command->add_option("--threshold", given->threshold, "How many must approve an act")->required();
    init_command->add_option("acknowledgements", given->files, "Signed acknowledgement of each")->required();
    auto* list_command =
        add(group, "list", "Show the custodians",
            [](Workplace& work, const Arguments& arguments) { return show_set(work, arguments.as_json); });
    auto* propose = group->add_subcommand("propose", "Propose a change of custodians")->fallthrough();
    propose->require_subcommand(1);
    add(propose, "enrol", "A further custodian, or another certificate of one", propose_enrolment)
        ->add_option("acknowledgement", given->file, "His signed acknowledgement")
        ->required();
    add(propose, "remove", "To remove a custodian", propose_removal)
        ->add_option("name", given->name, "His name")
        ->required();
    add(propose, "threshold", "How many must approve an act", propose_threshold)
        ->add_option("threshold", given->threshold, "From 2 to the number of custodians")
        ->required();
    auto* acts_command = add(group, "acts", "List the acts that are open", list_acts);
    auto* show_command = add(group, "show", "Show an act in words", show);
    show_command->add_option("--out", given->out, "File for what custodians sign; must not exist");
    auto* approve_command = add(group, "approve", "Take signatures of custodians", approve);
    approve_command->add_option("--signature", given->files, "CMS file of a custodian; repeatable")
        ->required();
    auto* cancel_command = add(group, "cancel", "Give an act up", cancel);
    auto* apply_command = add(group, "apply", "Carry out an approved change of custodians", apply);
    for (auto* command : {show_command, approve_command, cancel_command, apply_command})
        command->add_option("act", given->act, "Its id, act_…")->required();
    for (auto* command : {init_command, list_command, acts_command, apply_command})
        command->add_flag("--json", given->as_json, "As JSON");
    return commands;
}

}  // namespace vault::commands
