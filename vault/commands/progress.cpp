#include "vault/commands/progress.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace vault::commands {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int bar_width = 24;
constexpr milliseconds redraw_pause{200}, line_pause{5000};

}  // namespace

Progress::Progress(std::string what, std::int64_t total)
    : what_{std::move(what)},
      total_{total},
      is_terminal_{::isatty(STDERR_FILENO) == 1},
      begun_{Steady::now()},
      shown_{begun_} {}

Progress::~Progress() {
    if (done_ == 0) return;
    show();
    if (is_terminal_) std::fputc('\n', stderr);
}

std::string Progress::line(const std::string& what, std::int64_t done, std::int64_t total,
                           milliseconds since) {
    const auto per_second = done * 1000 / std::max<std::int64_t>(since.count(), 1);
    if (total <= 0) return fmt::format("{}  {}  {}/s", what, done, per_second);
    done = std::min(done, total);
    const auto filled = static_cast<int>(done * bar_width / total);
    const auto left = per_second > 0 ? (total - done) / per_second : 0;
    return fmt::format("{}  [{:=<{}}{: <{}}] {:3} %  {}/{}  {}/s  {} s left", what, "", filled, "",
                       bar_width - filled, done * 100 / total, done, total, per_second, left);
}

void Progress::add(std::int64_t rows) {
    at(done_ + rows, total_);
}

void Progress::at(std::int64_t done, std::int64_t total) {
    done_ = done, total_ = total;
    if (Steady::now() - shown_ >= (is_terminal_ ? redraw_pause : line_pause)) show();
}

void Progress::show() {
    shown_ = Steady::now();
    const auto since = std::chrono::duration_cast<milliseconds>(shown_ - begun_);
    const auto text = line(what_, done_, total_, since);
    fmt::print(stderr, "{}{}{}", is_terminal_ ? "\r\x1b[K" : "", text, is_terminal_ ? "" : "\n");
}

}  // namespace vault::commands
