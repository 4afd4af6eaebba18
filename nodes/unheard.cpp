#include "nodes/unheard.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <set>

#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "recorder/refusal_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kTracksMax = 4'096;  // a stranger may have any number of names

// Without a bus there are none.
std::vector<std::string> tracks_on_bus(Context& context, const BusUrls& urls) {
  Result<Tap> tap = Tap::open(context, urls.subscribe_to, TrackFilter(), {});
  std::set<std::string> heard;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (tap && !StopSignal::wanted() && heard.size() < kTracksMax &&
         std::chrono::steady_clock::now() < until) {
    if (const std::optional<TapFrame> frame = tap->next(std::chrono::milliseconds(50)))
      heard.insert(frame->track);
  }
  return {heard.begin(), heard.end()};
}

}  // namespace

int show_unheard(const std::string& verb, Context& context, const BusUrls& urls,
                 const std::vector<std::string>& patterns, bool is_stopping) {
  const std::vector<std::string> heard =
      is_stopping ? std::vector<std::string>() : tracks_on_bus(context, urls);
  std::string hint;
  for (auto pattern = patterns.begin(); hint.empty() && pattern != patterns.end(); ++pattern)
    hint = nearest_hint(*pattern, heard);
  say_always("zbag {}: no track was heard that matches {}{}\n", verb,
             printable(fmt::format("{}", fmt::join(patterns, ", "))), hint);
  return kExitLossy;
}

std::optional<std::string> one_part_text(const Tap& tap) {
  const Tap::OnePart passed = tap.one_part();
  if (passed.count == 0) return std::nullopt;
  return fmt::format("{} passed that show nothing: {}", amount_text(passed.count, "message"),
                     refusal_text(Refusal::kOnePart, passed.first, {}));
}

}  // namespace zbag
