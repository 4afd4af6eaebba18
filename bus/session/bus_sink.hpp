// The bus as a sink: frames leave through a socket to the broker; those of large tracks through one
// of their own, whose queue is bounded by bytes rather than by count.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "bus/context.hpp"
#include "bus/session/sink.hpp"

namespace zbag {

struct BusSinkOptions {
  bool wait_when_full = false;  // a full queue makes write() wait; never for live sensors
  // How long close() lets frames leave; -1: until they have.
  std::chrono::milliseconds linger{200};
  // Called when the broker has gone (false) and when it is back (true), under the session's lock,
  // from any thread that uses it; not when it comes for the first time.
  std::function<void(bool is_there)> on_broker;
};

// `url` is the broker's publish-to. Errors as Publisher::connect. REQUIRES: context outlives it.
Result<std::unique_ptr<FrameSink>> connect_sink(Context& context, const std::string& url,
                                                BusSinkOptions options);

}  // namespace zbag
