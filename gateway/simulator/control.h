// Read-only view of the simulated issuer's books for tests: plain HTTP/1.1 on loopback, JSON.
//   GET /cards                        held, posted and available of every card that was used, a currency each
//   GET /authorizations               the latest thousand payments, refunds and captures
//   GET /authorizations/{reference}   those with this field 37
//   GET /totals                       sums a currency, and counts by kind and state
//   GET /healthz, /readyz             it answers as long as it takes messages: a journal that fails ends it
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "common/result.h"
#include "gateway/simulator/ledger.h"

namespace simulator {

struct ControlAnswer {
    int status = 200;
    std::string body;
};
ControlAnswer control_answer(const Ledger& ledger, std::string_view method, std::string_view target);

class Control {
  public:
    Control(boost::asio::io_context& io, const Ledger& ledger);
    ~Control();
    common::Result<unsigned short> start(unsigned short port);  // 127.0.0.1; 0 = any free one
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace simulator
