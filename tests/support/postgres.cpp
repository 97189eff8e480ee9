#include "support/postgres.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// libpqxx 6.4 drops the result of a call that lost its connection without freeing it.
extern "C" const char*
__lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier): LeakSanitizer's name
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpqxx";
}

namespace tests {
namespace {

// PostgreSQL refuses to run as root.
const passwd* service_user() {
    if (::geteuid() != 0) return nullptr;
    const auto* user = ::getpwnam("postgres");
    if (user == nullptr) throw std::runtime_error{"there is no user postgres to run PostgreSQL as"};
    return user;
}

std::string find_programs() {
    if (const char* given = std::getenv("PORTCULLIS_TEST_PG_BIN"); given != nullptr) return given;
    std::vector<std::filesystem::path> found;
    std::error_code failed;
    for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql", failed})
        if (std::filesystem::exists(version.path() / "bin" / "initdb"))
            found.push_back(version.path() / "bin");
    if (found.empty())
        throw std::runtime_error{"PostgreSQL's server programs are not in /usr/lib/postgresql/*/bin"};
    return std::ranges::max(found).string();
}

// Started as the service's user, with its output in a log; told to stop when this process is gone.
pid_t start_program(const std::vector<std::string>& words, const std::string& log) {
    std::vector<char*> arguments;
    for (const auto& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const auto* user = service_user();
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error{"fork failed"};
    if (child > 0) return child;
    const bool dropped = user == nullptr || (::setgroups(0, nullptr) == 0 && ::setgid(user->pw_gid) == 0 &&
                                             ::setuid(user->pw_uid) == 0);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (!dropped || out < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

void be_ready(const std::string& url, pid_t server) {
    for (int i = 0; i < 600; ++i) {
        if (::PQping(url.c_str()) == PQPING_OK) return;
        if (::waitpid(server, nullptr, WNOHANG) == server) break;
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    throw std::runtime_error{"PostgreSQL did not start"};
}

}  // namespace

Postgres& Postgres::instance() {
    static Postgres one;
    return one;
}

Postgres::Postgres() {
    std::string pattern = "/tmp/ptc-pg-XXXXXX";  // short: the path of a Unix socket is limited to 107 bytes
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = pattern;
    const auto* user = service_user();
    if (user != nullptr && ::chown(directory_.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error{"the temporary directory cannot be given away"};
    const auto log = directory_ + "/log";
    const auto made =
        start_program({find_programs() + "/initdb", "-D", directory_ + "/data", "-U", "postgres",
                       "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"},
                      log);
    if (wait_for(made) != 0) throw std::runtime_error{"initdb failed, see " + log};
    start();
}

Postgres::~Postgres() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void Postgres::start() {
    if (server_ > 0) return;
    const auto set = [](const char* setting) { return std::string{setting}; };
    server_ =
        start_program({find_programs() + "/postgres", "-D", directory_ + "/data", "-k", directory_, "-c",
                       set("listen_addresses="), "-c", set("fsync=off"), "-c", set("full_page_writes=off"),
                       "-c", set("shared_buffers=16MB"), "-c", set("max_connections=100"), "-c",
                       set("deadlock_timeout=100ms"), "-c", set("log_min_messages=warning")},
                      directory_ + "/log");
    be_ready(url(), server_);
}

void Postgres::stop() {
    if (server_ <= 0) return;
    ::kill(server_, SIGQUIT);
    wait_for(server_);
    server_ = -1;
}

std::string Postgres::url(std::string_view database, std::string_view user) const {
    return "postgresql://" + std::string{user} + "@/" + std::string{database} + "?host=" + directory_;
}

std::string Postgres::create_database(const std::string& name) const {
    run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    run("CREATE DATABASE " + name);
    return url(name);
}

void Postgres::run(const std::string& sql, std::string_view database) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{::PQconnectdb(url(database).c_str()),
                                                                  &PQfinish};
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{::PQexec(connection.get(), sql.c_str()),
                                                               &PQclear};
    const auto status = ::PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error{::PQerrorMessage(connection.get())};
}

}  // namespace tests
