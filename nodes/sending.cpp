#include "nodes/sending.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nodes/errors.hpp"

namespace zbag {

Session::BusOptions patient_bus(const std::string& verb, const BusUrls& urls) {
  return {.wait_when_full = true,
          .linger = std::chrono::milliseconds(-1),
          .on_broker = [verb, url = urls.publish_to](bool is_there) {
            warn(verb, is_there ? fmt::format("the broker at {} is back", url)
                                : fmt::format("the broker at {} has gone; frames wait for it "
                                              "(Ctrl-C: stop)",
                                              url));
          }};
}

void await_listener(const std::string& verb, const BusUrls& urls, WaitSeconds wait,
                    const std::function<bool(std::chrono::milliseconds)>& listens,
                    const std::function<bool()>& is_stopping) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kGlance{50};
  const auto until = Clock::now() + wait;
  while (!is_stopping()) {
    const std::chrono::duration<double> left = until - Clock::now();
    if (listens(std::clamp(whole_milliseconds(left), std::chrono::milliseconds(0), kGlance)))
      return;
    if (left.count() > 0) continue;
    warn(verb, fmt::format(
                   "nobody listens at {}, or there is no broker at {}, after {} s; {} all the same",
                   urls.subscribe_to, urls.publish_to, wait.count(),
                   verb == "pub" ? "publishing" : "playing"));
    return;
  }
}

}  // namespace zbag
