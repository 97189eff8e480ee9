// What sending a webhook needs of the network; tests put theirs in its place.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "common/http/stream.h"
#include "common/runtime.h"

namespace gateway::webhooks {

class Network {
  public:
    using Addresses = std::vector<boost::asio::ip::address>;
    virtual ~Network() = default;
    virtual common::Task<Addresses> resolve(std::string host, common::Deadline deadline) = 0;
    // Addresses that belong to this machine.
    virtual Addresses own() = 0;
    // Opens a connection to this endpoint. `socket` outlives the call; closing it ends the call.
    virtual boost::asio::awaitable<boost::system::error_code> connect(
        common::http::TcpSocket& socket, boost::asio::ip::tcp::endpoint endpoint) = 0;
};

// The system's resolver, on threads of its own: a name server that hangs holds up its own names only, and not
// those of the vault. Nothing of the environment decides where a connection goes.
class SystemNetwork final : public Network {
  public:
    SystemNetwork();
    common::Task<Addresses> resolve(std::string host, common::Deadline deadline) override;
    Addresses own() override;
    boost::asio::awaitable<boost::system::error_code> connect(
        common::http::TcpSocket& socket, boost::asio::ip::tcp::endpoint endpoint) override;

  private:
    common::BlockingPool lookups_;
};

}  // namespace gateway::webhooks
