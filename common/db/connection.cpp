#include "common/db/connection.h"

#include <libpq-fe.h>
#include <sys/socket.h>

#include "common/assert.h"
#include "common/crypto.h"

namespace common::db {
namespace {

struct ConninfoFree {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// A value of libpq's key='value' form.
std::string quoted(std::string_view value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') text += '\\';
        text += c;
    }
    return text + '\'';
}

std::map<std::string, std::string> given_settings(const std::string& url) {
    const std::unique_ptr<PQconninfoOption, ConninfoFree> parsed{PQconninfoParse(url.c_str(), nullptr)};
    if (!parsed) throw std::invalid_argument{"the database URL is malformed"};
    std::map<std::string, std::string> settings;
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && *option->val != '\0') settings[option->keyword] = option->val;
    return settings;
}

std::string session_settings(const Pool::Options& options) {
    const auto setting = [](std::string_view name, std::chrono::milliseconds value) {
        return "-c " + std::string{name} + '=' + std::to_string(value.count()) + ' ';
    };
    return setting("statement_timeout", options.statement_timeout) +
           setting("lock_timeout", options.lock_timeout) +
           setting("idle_in_transaction_session_timeout", options.statement_timeout * 2) + "-c timezone=UTC";
}

constexpr std::chrono::minutes session_age_max{30};

}  // namespace

std::string connection_string(const Pool::Options& options) {
    auto settings = given_settings(options.url);
    const std::pair<const char*, std::string> defaults[] = {
        {"application_name", options.name}, {"passfile", options.passfile},
        {"connect_timeout", "2"},           {"keepalives_idle", "5"},
        {"keepalives_interval", "2"},       {"keepalives_count", "3"},
        {"tcp_user_timeout", "6000"},       {"target_session_attrs", "read-write"},
        {"client_encoding", "UTF8"},
    };
    for (const auto& [key, value] : defaults)
        if (!value.empty()) settings.try_emplace(key, value);
    auto& session = settings["options"];
    session = session_settings(options) + (session.empty() ? "" : ' ' + session);
    std::string text;
    for (const auto& [key, value] : settings)
        text += key + '=' + quoted(value) + ' ';
    return text;
}

Watchdog::Watchdog() : thread_{[this] { watch(); }} {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Watchdog::watch() {
    constexpr std::chrono::milliseconds interval{100};
    std::unique_lock lock{mutex_};
    while (!wake_.wait_for(lock, interval, [this] { return ending_; })) {
        const auto now = Steady::now().time_since_epoch().count();
        for (auto* watch : watches_) {
            if (watch->until_ns_ > now) continue;
            ::shutdown(watch->socket_, SHUT_RDWR);  // the waiting call now fails with a lost connection
            watch->disarm();
        }
    }
}

Watchdog::Watch::Watch(Watchdog& owner, int socket) : owner_{owner}, socket_{socket} {
    const std::lock_guard lock{owner_.mutex_};
    owner_.watches_.push_back(this);
}

Watchdog::Watch::~Watch() {
    const std::lock_guard lock{owner_.mutex_};
    owner_.watches_.remove(this);
}

// `watch_` is the last member: it goes before the connection closes its socket.
Session::Session(const std::string& conninfo, Watchdog& watchdog)
    : connection_{conninfo}, backend_{connection_.backendpid()}, watch_{watchdog, connection_.sock()} {}

bool Session::is_fresh() const {
    return is_same_backend() && Watchdog::Steady::now() - made_ < session_age_max;
}

Transaction Session::begin(pqxx::transaction_base& work, std::string begin_sql) {
    return Transaction{connection_, work, prepared_, std::move(begin_sql)};
}

bool Session::commit(pqxx::transaction_base& work, const Transaction& tx) {
    if (!tx.begun_) return true;
    notices_.seen = 0;
    work.exec("COMMIT");
    return notices_.seen == 0;
}

void Session::rollback(pqxx::transaction_base& work, const Transaction& tx) {
    if (tx.begun_) work.exec("ROLLBACK");
}

void Transaction::begin_if_needed(const char* statement) {
    if (!begun_) {
        begun_ = true;  // before sending: a BEGIN that failed half-way wants a ROLLBACK too
        statement_ = "begin";
        work_->exec(begin_sql_);
    }
    statement_ = statement;
    failed_ = true;  // until the statement has succeeded
}

void Transaction::prepare(const Statement& statement) {
    const auto [known, added] = prepared_->try_emplace(statement.name, statement.sql);
    PORTCULLIS_ASSERT(known->second == statement.sql);  // two statements of one name
    if (added) connection_->prepare(statement.name, statement.sql);
}

pqxx::result Transaction::exec_raw(const std::string& sql) {
    begin_if_needed("raw");
    auto result = work_->exec(sql);
    failed_ = false;
    return result;
}

namespace {

bool consists_of(std::string_view text, std::string_view others) {
    return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
    });
}

}  // namespace

void Transaction::savepoint(std::string_view name) {
    if (!consists_of(name, "_")) throw std::invalid_argument{"savepoint name"};
    exec_raw("SAVEPOINT " + std::string{name});
}

void Transaction::rollback_to(std::string_view name) {
    if (!consists_of(name, "_")) throw std::invalid_argument{"savepoint name"};
    exec_raw("ROLLBACK TO SAVEPOINT " + std::string{name});
}

void Transaction::set_local(std::string_view name, std::string_view value) {
    if (!consists_of(name, "_.") || !consists_of(value, "_-ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        throw std::invalid_argument{"setting"};
    exec_raw("SET LOCAL " + std::string{name} + " = '" + std::string{value} + '\'');
}

pqxx::binarystring bytes(std::span<const std::uint8_t> data) {
    return pqxx::binarystring{data.data(), data.size()};
}

std::string bytes_text(std::span<const std::uint8_t> data) {
    return "\\x" + crypto::to_hex(data);
}

std::vector<std::uint8_t> bytes(const pqxx::field& field) {
    const pqxx::binarystring decoded{field};
    return {decoded.data(), decoded.data() + decoded.size()};
}

}  // namespace common::db
