#include "nodes/give_up.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bus/endpoints.hpp"
#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"

namespace zbag {

GiveUp::GiveUp(std::string verb, std::string url)
    : verb_(std::move(verb)),
      url_(std::move(url)),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void GiveUp::end(const std::string& why) const {
  const std::uint64_t frames = std::min<std::uint64_t>(frames_, kSocketFramesMax);
  say_always("zbag {}: gave up{}: up to {} that had not left dropped\n", verb_, why,
             amount_text(frames, "frame"));
  ::_exit(kExitLossy);
}

void GiveUp::watch(const std::stop_token& stop) const {
  constexpr std::chrono::milliseconds kTick{50};
  constexpr std::chrono::milliseconds kAskEvery{500};  // whether the broker is there
  std::chrono::milliseconds until_asked = kAskEvery;   // most leave at once: nobody is asked then
  std::chrono::milliseconds gone{0};
  bool is_told = false;
  int told_at_count = 0;  // of signals
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(kTick);
    if (!is_leaving_) continue;
    // Who has been told that the frames wait need not say it twice.
    if (StopSignal::count() >= (is_told ? told_at_count + 1 : 2)) end("");
    until_asked -= kTick;
    if (until_asked.count() > 0) continue;
    until_asked = kAskEvery;
    if (is_reachable(nearest_url(url_))) {
      if (std::exchange(is_told, false)) warn(verb_, fmt::format("the broker at {} is back", url_));
      gone = {};
      continue;
    }
    gone += kAskEvery;
    if (gone >= kGoneMax) end(fmt::format(" on the broker at {}", url_));
    if (gone < kTellAfter || std::exchange(is_told, true)) continue;
    told_at_count = StopSignal::count();
    warn(verb_, fmt::format("there is no broker at {}; frames that have not left wait for it {} s "
                            "(Ctrl-C: drop them)",
                            url_, kGoneMax.count()));
  }
}

}  // namespace zbag
