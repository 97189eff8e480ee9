// Closed-loop load: N callers, each sending the next request when the last one is answered. Either new cards
// at the vault over mutual TLS, or payments at the gateway. Prints one JSON object: per_second, p50_ms,
// p99_ms, errors.
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
    bool payments = false;
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

http::ClientRequest card_request(std::mt19937_64& random) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.target = "/cards";
    request.body = SecretText{R"({"account":"00000001","livemode":false,"number":")" + fresh_number(random) +
                              R"(","exp_month":12,"exp_year":2034,"cvc":"123"})"};
    return request;
}

http::ClientRequest payment_request(const Settings& settings, std::mt19937_64& random) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.target = "/v1/payment_intents";
    request.content_type = "application/x-www-form-urlencoded";
    request.headers.set("Authorization", "Bearer " + settings.api_key);
    request.headers.set("Idempotency-Key", "bench-" + std::to_string(random()));
    request.body = SecretText{"amount=" + std::to_string(1000 + random() % 900) +
                              "&currency=eur&payment_method=pm_card_visa&confirm=true"};
    return request;
}

asio::awaitable<void> call(const Settings& settings, asio::io_context& io, http::Client& client,
                           Steady::time_point end, unsigned seed, Totals& totals) {
    std::mt19937_64 random{seed + static_cast<unsigned long>(Steady::now().time_since_epoch().count())};
    while (Steady::now() < end) {
        auto request = settings.payments ? payment_request(settings, random) : card_request(random);
        const auto began = Steady::now();
        auto answer = co_await client.send(std::move(request), Deadline::in(std::chrono::seconds{30}));
        if (answer && answer->status == 200) {
            totals.milliseconds.push_back(
                std::chrono::duration<double, std::milli>(Steady::now() - began).count());
        } else {
            ++totals.errors;
            if (totals.first_error.empty())
                totals.first_error = answer ? answer->body : answer.error().describe();
        }
    }
    totals.ended = Steady::now();
    // Idle connections would keep the context running.
    if (--totals.callers == 0) io.stop();
}

int run(const Settings& settings) {
    auto profile = settings.payments ? certs::Profile::outward_client : certs::Profile::internal_client;
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
    Totals totals;
    totals.callers = settings.callers;
    const auto began = Steady::now();
    const auto end = began + std::chrono::seconds{settings.seconds};
    for (int i = 0; i < settings.callers; ++i)
        asio::co_spawn(io, call(settings, io, client, end, static_cast<unsigned>(i), totals),
                       log_exceptions("caller"));
    io.run_for(std::chrono::seconds{settings.seconds + 35});
    if (totals.callers != 0) {
        std::cerr << totals.callers << " callers did not end\n";
        return 1;
    }
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
    std::cout << boost::json::object{{"per_second", static_cast<double>(times.size()) / elapsed},
                                     {"p50_ms", quantile(0.5)},
                                     {"p99_ms", quantile(0.99)},
                                     {"errors", totals.errors}}
              << '\n';
    if (totals.errors != 0)
        std::cerr << totals.errors << " errors, the first: " << totals.first_error << '\n';
    return 0;
}

}  // namespace

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
    app.add_flag("--payments", settings.payments, "payments at the gateway in place of cards at the vault");
    CLI11_PARSE(app, argc, argv);
    return run(settings);
}
