// A vault's programs as an operator uses them, beside a running vault, with custodians who approve.
#pragma once

#include <fstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/vault/environment.h"
#include "support/custodian.h"
#include "support/process.h"
#include "vault/client/client.h"

namespace vault_test {

using namespace std::chrono_literals;
using common::AccountId;
using common::Deadline;

class OperatorTest : public testing::Test {
  protected:
    OperatorTest() { make_database(); }

    std::vector<std::string> words(std::vector<std::string> command) const {
        command.insert(command.begin(), PORTCULLIS_VAULT_PROGRAM);
        for (const auto& setting : vault_settings(identities, token))
            command.insert(command.end(), {"--set", setting});
        return command;
    }
    void serve() {
        vault.emplace(words({"serve"}));
        if (!vault->says("\"vault listens\"")) throw std::runtime_error{"no vault: " + vault->err()};
        const auto log = vault->err();
        const auto mark = log.find("\"port\":\"", log.find("\"vault listens\""));
        const auto port = static_cast<unsigned short>(std::stoi(log.substr(mark + 8)));
        client = std::make_unique<vault::Client>(io, client_of(port), identities.client("gateway"), metrics);
    }
    common::Result<vault::Card> store(AccountId account = AccountId{4711}) {
        vault::NewCard made;
        made.account = account;
        made.number = common::SecretText{"4242424242424242"};
        made.exp_month = 12, made.exp_year = 40;
        return wait_on(io, client->create_card(std::move(made), Deadline::in(10s)));
    }
    struct Said {
        int status = -1;
        std::string out, err;
    };
    Said run(std::vector<std::string> command) const {
        support::Process process{words(std::move(command))};
        const int status = process.wait();
        return {status, process.out(), process.err()};
    }
    std::string file(const std::string& name, std::string_view content) const {
        const auto path = identities.folder() + '/' + name;
        std::ofstream{path} << content;
        return path;
    }
    std::string file(const std::string& name, const common::crypto::Bytes& content) const {
        return file(name, std::string_view{reinterpret_cast<const char*>(content.data()), content.size()});
    }
    void enrol() {
        std::vector<std::string> command{"custodians", "init", "--threshold", "2"};
        for (const auto& one : custodians)
            command.push_back(file(one.name + ".ack", one.acknowledgement()));
        const auto said = run(std::move(command));
        ASSERT_EQ(said.status, 0) << said.err;
    }
    // The only open act, approved by these.
    void approve(const std::vector<std::size_t>& by) {
        const auto acts = boost::json::parse(run({"custodians", "acts", "--json"}).out).as_array();
        ASSERT_EQ(acts.size(), 1U);
        const std::string id{acts[0].at("id").as_string()};
        const auto path = identities.folder() + '/' + id + ".json";
        std::filesystem::remove(path);
        ASSERT_EQ(run({"custodians", "show", id, "--out", path}).status, 0);
        std::ifstream shown{path};
        const std::string document{std::istreambuf_iterator<char>{shown}, {}};
        for (const auto i : by) {
            const auto signature = file(id + custodians[i].name, custodians[i].sign(document));
            const auto said = run({"custodians", "approve", id, "--signature", signature});
            ASSERT_EQ(said.status, 0) << said.err;
        }
    }

    support::SoftHsm token;
    Identities identities;
    const std::vector<support::TestCustodian> custodians = [] {
        std::vector<support::TestCustodian> all;
        for (const char* name : {"alice", "bob", "carol"})
            all.emplace_back(name);
        return all;
    }();
    common::Metrics metrics;
    boost::asio::io_context io;
    std::optional<support::Process> vault;
    std::unique_ptr<vault::Client> client;
};

}  // namespace vault_test
