// The real portcullis-gateway in a temporary directory: its own database, CAs and certificates, and a vault
// that is away. Requests go over TLS as a merchant sends them.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs/authority.h"
#include "certs/tls.h"
#include "common/http/client.h"
#include "support/postgres.h"

namespace gateway_program {

struct Outcome {
    int code = -1;
    std::string out, err;
};

inline std::string read(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

inline void write_private(const std::filesystem::path& path, std::string_view text) {
    std::ofstream{path} << text;
    ::chmod(path.c_str(), 0600);
}

class Program {
  public:
    Program() {
        char name[] = "/tmp/gateway_api.XXXXXX";
        folder_ = ::mkdtemp(name);
        make_database();
        make_certificates();
        write_private(folder_ / "pepper", "0123456789abcdef0123456789abcdef0123456789abcdef");
        write_config();
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (server_ > 0) {
            ::kill(server_, SIGKILL);
            ::waitpid(server_, nullptr, 0);
        }
        std::filesystem::remove_all(folder_);
    }

    // Runs a subcommand to its end.
    Outcome run(std::vector<std::string> arguments) {
        const auto child = start(arguments, folder_ / "out", folder_ / "err");
        int status = 0;
        ::waitpid(child, &status, 0);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(folder_ / "out"), read(folder_ / "err")};
    }

    // Starts `serve` and waits until it says where it listens.
    void serve(std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"serve"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        server_ = start(arguments, folder_ / "serve.out", folder_ / "log");
        for (int tries = 0; tries < 300; ++tries) {
            const auto log = read(folder_ / "log");
            const auto at = log.find("\"listening\"");
            if (at != log.npos) {
                const auto mark = log.find("\"port\":\"", at);
                port_ = static_cast<unsigned short>(std::stoi(log.substr(mark + 8)));
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
        }
        throw std::runtime_error{"the gateway does not listen: " + log()};
    }
    // Sends a signal; after SIGTERM, the exit code.
    void signal(int number) const { ::kill(server_, number); }
    int wait_for_end() {
        int status = 0;
        ::waitpid(server_, &status, 0);
        server_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::string log() const { return read(folder_ / "log"); }

    common::http::Response send(common::http::Method method, std::string target, std::string_view body = {},
                                std::string_view key = {}, std::string_view idempotency_key = {}) {
        boost::asio::io_context io{1};
        auto tls = certs::TlsContext::load(certs::Profile::outward_client,
                                           {"", "", (folder_ / "public/ca.pem").string()});
        if (!tls) throw std::runtime_error{tls.error().describe()};
        common::http::ClientOptions options;
        options.host = "localhost";
        options.address = "127.0.0.1";
        options.port = port_;
        common::Metrics metrics;
        common::http::Client client{io, options, [&] { return (*tls)->current(); }, metrics};
        common::http::ClientRequest request;
        request.method = method;
        request.target = std::move(target);
        request.body = common::SecretText{body};
        request.content_type = "application/x-www-form-urlencoded";
        if (!key.empty()) request.headers.set("Authorization", "Bearer " + std::string{key});
        if (!idempotency_key.empty()) request.headers.set("Idempotency-Key", idempotency_key);
        common::Result<common::http::Response> answer = common::http::Response{};
        boost::asio::co_spawn(
            io, client.send(std::move(request), common::Deadline::in(std::chrono::seconds{40})),
            [&](const std::exception_ptr& thrown, common::Result<common::http::Response> result) {
                if (thrown) std::rethrow_exception(thrown);
                answer = std::move(result);
                client.reset();
                io.stop();
            });
        io.run();
        if (!answer) throw std::runtime_error{answer.error().describe()};
        return *std::move(answer);
    }

  private:
    pid_t start(const std::vector<std::string>& arguments, const std::filesystem::path& out,
                const std::filesystem::path& err) {
        std::vector<std::string> words{GATEWAY_PROGRAM, "--config", (folder_ / "gateway.toml").string()};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> pointers;
        for (auto& word : words)
            pointers.push_back(word.data());
        pointers.push_back(nullptr);
        const auto child = ::fork();
        if (child != 0) return child;
        ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        ::execv(pointers[0], pointers.data());
        ::_exit(127);
    }

    void make_database() {
        auto& postgres = tests::Postgres::instance();
        for (const auto* role : {"gateway_owner", "gateway"})
            postgres.run(std::string{"DO $$BEGIN CREATE ROLE "} + role +
                         " LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$");
        postgres.create_database("gateway");
        postgres.run("ALTER DATABASE gateway OWNER TO gateway_owner");
        postgres.run("ALTER SCHEMA public OWNER TO gateway_owner", "gateway");
    }

    void make_certificates() {
        const auto issue = [this](const char* ca, certs::LeafRequest leaf) {
            const auto folder = (folder_ / ca).string();
            const auto authority = certs::Authority::init(folder, ca, false);
            if (!authority) throw std::runtime_error{authority.error().describe()};
            if (const auto made = authority->first.issue(folder, leaf, false); !made)
                throw std::runtime_error{made.error().describe()};
        };
        certs::LeafRequest outside{.name = "gateway", .server = true};
        outside.names.dns = {"localhost"};
        issue("public", outside);
        certs::LeafRequest inside{.name = "gateway", .client = true};
        inside.names.uris = {"spiffe://portcullis/gateway"};
        issue("internal", inside);
    }

    void write_config() {
        const auto& postgres = tests::Postgres::instance();
        std::stringstream text;
        const auto path = [this](const char* name) { return "\"" + (folder_ / name).string() + "\"\n"; };
        text << "[server]\nport = 0\ncertificate = " << path("public/gateway.pem")
             << "key = " << path("public/gateway.key") << "[metrics]\nport = 0\n[database]\nurl = \""
             << postgres.url("gateway", "gateway") << "\"\nowner_url = \""
             << postgres.url("gateway", "gateway_owner")
             << "\"\n[vault]\nport = 1\nca = " << path("internal/ca.pem")
             << "certificate = " << path("internal/gateway.pem") << "key = " << path("internal/gateway.key")
             << "[keys]\npepper_file = " << path("pepper");
        write_private(folder_ / "gateway.toml", text.str());
    }

    std::filesystem::path folder_;
    pid_t server_ = -1;
    unsigned short port_ = 0;
};

}  // namespace gateway_program
