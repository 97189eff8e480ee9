// Closed-loop load: N callers, each sending the next request when the last one is answered. Cards at the
// vault over mutual TLS (new ones, the same one again, look-ups, erasures, authorizations), or payments at
// the gateway. What a workload needs to be there is made before the clock starts. Prints one JSON object:
// requests, per_second, p50_ms, p99_ms, errors.
#include <iostream>
#include <random>

#include <CLI/CLI.hpp>

#include "certs/tls.h"
#include "common/http/client.h"
#include "common/metrics.h"
#include "common/runtime.h"

namespace {

using namespace common;
using Steady = std::chrono::steady_clock;

struct Settings {
    unsigned short port = 0;
    std::string ca, certificate, key, api_key;
    int callers = 64;
    int seconds = 3;
    double rate = 0;  // requests a second of all callers together; 0 = as many as they can
    std::string workload = "cards";
    int print_lines = 0;  // of a bulk, and nothing else
};

struct Totals {
    std::vector<double> milliseconds;
    int errors = 0;
    std::string first_error;
    int callers = 0;  // that still run
    Steady::time_point ended;
};

// A number of the sandbox's open range with a fresh middle, completed by its Luhn digit.
std::string fresh_number(std::mt19937_64& random) {
    std::string digits = "424242";
    for (int i = 0; i < 9; ++i)
        digits += static_cast<char>('0' + random() % 10);
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int digit = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 0 && (digit *= 2) > 9) digit -= 9;
        sum += digit;
    }
    return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

constexpr std::string_view account = "00000001";

http::ClientRequest posted(std::string target, const std::string& body) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.target = std::move(target);
    request.body = SecretText{body};
    return request;
}

http::ClientRequest card_request(const std::string& number) {
    return posted("/cards", R"({"account":"00000001","livemode":false,"number":")" + number +
                                R"(","exp_month":12,"exp_year":2034,"cvc":"123"})");
}

http::ClientRequest about_card(http::Method method, const std::string& token) {
    http::ClientRequest request;
    request.method = method;
    request.target = "/cards/" + token + "?account=" + std::string{account};
    return request;
}

http::ClientRequest authorization_request(const std::string& token, std::mt19937_64& random) {
    return posted("/authorizations",
                  R"({"request_id":"areq_00000001)" + std::to_string(random()) +
                      R"(","account":"00000001","livemode":false,"card_token":")" + token +
                      R"(","amount":1299,"currency":"eur","merchant":{"mcc":"5999","country_numeric":"276",)"
                      R"("terminal_id":"00000001","merchant_id":"000000000000001","name":"Bench",)"
                      R"("city":"Berlin","country":"DE"}})");
}

http::ClientRequest payment_request(const std::string& api_key, std::mt19937_64& random) {
    auto request =
        posted("/v1/payment_intents", "amount=" + std::to_string(1000 + random() % 900) +
                                          "&currency=eur&payment_method=pm_card_visa&confirm=true");
    request.content_type = "application/x-www-form-urlencoded";
    request.headers.set("Authorization", "Bearer " + api_key);
    request.headers.set("Idempotency-Key", "bench-" + std::to_string(random()));
    return request;
}

// One run of a workload.
class Load {
  public:
    Load(const Settings& settings, asio::io_context& io, http::Client& client)
        : settings_{settings}, io_{io}, client_{client} {}

    // Cards that the workload looks up, erases or charges.
    asio::awaitable<void> prepare(std::size_t cards, unsigned seed) {
        std::mt19937_64 random{seed};
        for (std::size_t i = 0; i < cards; ++i) {
            auto answer = co_await client_.send(card_request(fresh_number(random)), patience());
            if (!answer || answer->status != 200) continue;
            tokens_.emplace_back(boost::json::parse(answer->body).at("token").as_string());
        }
    }
    asio::awaitable<void> call(Steady::time_point end, unsigned seed) {
        std::mt19937_64 random{seed + static_cast<unsigned long>(Steady::now().time_since_epoch().count())};
        asio::steady_timer timer{io_};
        auto due = Steady::now();
        while (Steady::now() < end) {
            auto request = next(random);
            if (!request) break;
            if (settings_.rate > 0) {
                due += std::chrono::duration_cast<Steady::duration>(
                    std::chrono::duration<double>{settings_.callers / settings_.rate});
                timer.expires_at(due);
                co_await timer.async_wait(asio::use_awaitable);
            }
            // From when it was due, so that those count that had to wait behind a slow one.
            const auto began = settings_.rate > 0 ? due : Steady::now();
            note(co_await client_.send(std::move(*request), patience()), began);
        }
        totals.ended = Steady::now();
        // Idle connections would keep the context running.
        if (--totals.callers == 0) io_.stop();
    }
    std::size_t prepared() const { return tokens_.size(); }
    Totals totals;

  private:
    static Deadline patience() { return Deadline::in(std::chrono::seconds{30}); }
    // Nothing: there is nothing left to do.
    std::optional<http::ClientRequest> next(std::mt19937_64& random) {
        const auto& what = settings_.workload;
        if (what == "payments") return payment_request(settings_.api_key, random);
        if (what == "cards") return card_request(fresh_number(random));
        if (what == "duplicates") return card_request("4242424242424242");
        if (tokens_.empty()) return std::nullopt;
        if (what == "retrievals") return about_card(http::Method::get, tokens_[random() % tokens_.size()]);
        if (what == "authorizations")
            return authorization_request(tokens_[random() % tokens_.size()], random);
        auto token = std::move(tokens_.back());
        tokens_.pop_back();
        return about_card(http::Method::del, token);
    }
    void note(Result<http::Response> answer, Steady::time_point began) {
        if (answer && answer->status == 200) {
            const std::chrono::duration<double, std::milli> took = Steady::now() - began;
            totals.milliseconds.push_back(took.count());
            return;
        }
        ++totals.errors;
        if (totals.first_error.empty())
            totals.first_error = answer ? answer->body : answer.error().describe();
    }

    const Settings& settings_;
    asio::io_context& io_;
    http::Client& client_;
    std::vector<std::string> tokens_;
};

// How many cards each workload wants to be there.
std::size_t cards_needed(const Settings& settings) {
    if (settings.workload == "deletions") return static_cast<std::size_t>(settings.seconds) * 6000;
    return settings.workload == "retrievals" || settings.workload == "authorizations" ? 1000 : 0;
}

void prepare(Load& load, asio::io_context& io, const Settings& settings) {
    const auto callers = static_cast<std::size_t>(settings.callers);
    const auto share = (cards_needed(settings) + callers - 1) / callers;
    std::size_t running = callers;
    for (std::size_t i = 0; i < callers && share > 0; ++i)
        asio::co_spawn(io, load.prepare(share, static_cast<unsigned>(i + 1) * 7919),
                       [&](const std::exception_ptr&) {
                           if (--running == 0) io.stop();
                       });
    if (share > 0) io.run();
    io.restart();
}

int report(Totals& totals, Steady::time_point began) {
    const double elapsed = std::chrono::duration<double>(totals.ended - began).count();
    auto& times = totals.milliseconds;
    std::sort(times.begin(), times.end());
    if (times.empty()) {
        std::cerr << "no request succeeded: " << totals.first_error << '\n';
        return 1;
    }
    const auto quantile = [&](double q) {
        return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))];
    };
    std::cout << boost::json::object{{"requests", times.size()},
                                     {"per_second", static_cast<double>(times.size()) / elapsed},
                                     {"p50_ms", quantile(0.5)},
                                     {"p99_ms", quantile(0.99)},
                                     {"errors", totals.errors}}
              << '\n';
    if (totals.errors != 0)
        std::cerr << totals.errors << " errors, the first: " << totals.first_error << '\n';
    return 0;
}

int run(const Settings& settings) {
    auto profile =
        settings.api_key.empty() ? certs::Profile::internal_client : certs::Profile::outward_client;
    auto tls = certs::TlsContext::load(profile, {settings.certificate, settings.key, settings.ca});
    if (!tls) {
        std::cerr << tls.error().describe() << '\n';
        return 1;
    }
    Metrics metrics;
    asio::io_context io{1};
    http::ClientOptions options;
    options.host = "localhost";
    options.address = "127.0.0.1";
    options.port = settings.port;
    options.connections_max = static_cast<std::size_t>(settings.callers);
    http::Client client{io, options, [context = *tls] { return context->current(); }, metrics};
    Load load{settings, io, client};
    prepare(load, io, settings);
    load.totals.callers = settings.callers;
    const auto began = Steady::now();
    const auto end = began + std::chrono::seconds{settings.seconds};
    for (int i = 0; i < settings.callers; ++i)
        asio::co_spawn(io, load.call(end, static_cast<unsigned>(i)), log_exceptions("caller"));
    io.run_for(std::chrono::seconds{settings.seconds + 35});
    if (load.totals.callers != 0) {
        std::cerr << load.totals.callers << " callers did not end\n";
        return 1;
    }
    return report(load.totals, began);
}

}  // namespace

void print_lines(int count) {
    std::mt19937_64 random{std::random_device{}()};
    for (int i = 0; i < count; ++i)
        std::cout << R"({"number":")" << fresh_number(random) << R"(","exp_month":12,"exp_year":2034})"
                  << '\n';
}

int main(int argc, char** argv) {
    Settings settings;
    CLI::App app{"Closed-loop load for the vault or the gateway"};
    app.add_option("--port", settings.port)->required();
    app.add_option("--ca", settings.ca)->required();
    app.add_option("--certificate", settings.certificate);
    app.add_option("--key", settings.key);
    app.add_option("--api-key", settings.api_key);
    app.add_option("--callers", settings.callers)->check(CLI::Range(1, 1024));
    app.add_option("--seconds", settings.seconds)->check(CLI::Range(1, 3600));
    app.add_option("--rate", settings.rate, "requests a second; 0 = as many as the callers can")
        ->check(CLI::Range(0.0, 1e6));
    app.add_option("--workload", settings.workload)
        ->check(
            CLI::IsMember({"cards", "duplicates", "retrievals", "deletions", "authorizations", "payments"}));
    app.add_option("--print-lines", settings.print_lines, "so many lines of a bulk, and end");
    CLI11_PARSE(app, argc, argv);
    if (settings.print_lines > 0) {
        print_lines(settings.print_lines);
        return 0;
    }
    return run(settings);
}
