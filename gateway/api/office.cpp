#include "gateway/api/office.h"

#include <iostream>

#include "common/json.h"

namespace gateway::api::office {

int fail(const common::Error& error) {
    const auto& detail = error.log_detail();
    std::cerr << "portcullis-gateway: " << (detail.empty() ? error.message() : detail) << '\n';
    return 1;
}

int refuse(std::string_view what) {
    std::cerr << "portcullis-gateway: " << what << '\n';
    return 2;
}

common::Result<std::unique_ptr<Office>> open_office(const common::Config& config) {
    auto pepper = common::read_secret_file(config.text("keys.pepper_file"));
    if (!pepper) return common::Fail{pepper.error()};
    auto office = std::make_unique<Office>();
    common::db::Pool::Options options;
    options.url = config.text("database.url");
    options.passfile = config.text("database.passfile");
    options.name = "portcullis-gateway-admin";
    options.connections = 1;
    office->database = std::make_unique<common::db::Pool>(std::move(options), office->metrics);
    office->merchants = std::make_unique<Merchants>(*office->database, *std::move(pepper), office->clock);
    return office;
}

void print_line(const boost::json::object& object) {
    const auto text = common::json::serialize_secret(object);
    std::cout.write(text.view().data(), static_cast<std::streamsize>(text.size())) << '\n';
}

}  // namespace gateway::api::office
