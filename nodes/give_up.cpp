#include "nodes/give_up.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "bus/endpoints.hpp"
#include "nodes/errors.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"

namespace zbag {

GiveUp::GiveUp(std::string verb)
    : verb_(std::move(verb)), thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void GiveUp::watch(const std::stop_token& stop) const {
  while (!stop.stop_requested()) {
    if (is_leaving_ && StopSignal::count() >= 2) {
      const std::uint64_t frames = std::min<std::uint64_t>(frames_, kSocketFramesMax);
      say_always("zbag {}: gave up: up to {} frames had not left and are dropped\n", verb_, frames);
      ::_exit(kExitLossy);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace zbag
