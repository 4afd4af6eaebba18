#include "nodes/unheard.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <set>

#include "bus/link_watch.hpp"
#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/unmatched.hpp"
#include "recorder/refusal_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kTracksMax = 4'096;  // a stranger may have any number of names

// Without a bus there are none. A signal from now on ends it.
std::vector<std::string> tracks_on_bus(Context& context, const std::string& url) {
  const int signals = StopSignal::count();
  Result<Tap> tap = Tap::open(context, url, TrackFilter(), {});
  std::set<std::string> heard;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (tap && StopSignal::count() == signals && heard.size() < kTracksMax &&
         std::chrono::steady_clock::now() < until) {
    if (const std::optional<TapFrame> frame = tap->next(std::chrono::milliseconds(50)))
      heard.insert(frame->track);
  }
  return {heard.begin(), heard.end()};
}

// What is said of each that none of `heard` matches; of many the first.
std::vector<std::string> unmatched(const std::vector<std::string>& patterns,
                                   const std::vector<std::string>& heard) {
  constexpr std::size_t kSaidMax = 5;
  std::vector<std::string> said;
  std::size_t left = 0;
  for (const std::string& pattern : patterns) {
    std::string text = unmatched_text(pattern, heard);
    if (text.empty()) continue;
    if (said.size() < kSaidMax) {
      said.push_back(std::move(text));
    } else {
      ++left;
    }
  }
  if (left > 0) said.push_back(amount_text(left, "more pattern") + " without a track");
  return said;
}

}  // namespace

int show_unheard(const std::string& verb, Context& context, const BusUrls& urls,
                 const std::vector<std::string>& patterns, bool is_stopping) {
  const std::vector<std::string> heard =
      is_stopping ? std::vector<std::string>() : tracks_on_bus(context, urls.subscribe_to);
  std::string hint;
  for (auto pattern = patterns.begin(); hint.empty() && pattern != patterns.end(); ++pattern)
    hint = nearest_hint(*pattern, heard);
  say_always("zbag {}: no track was heard that matches {}{}\n", verb,
             printable(fmt::format("{}", fmt::join(patterns, ", "))), hint);
  return kExitLossy;
}

void tell_broker_news(const std::string& verb, Tap& tap, const BusUrls& urls) {
  if (const std::optional<bool> is_there = tap.broker_news())
    warn(verb, broker_news_text(urls.subscribe_to, *is_there));
}

std::optional<std::string> one_part_text(const Tap& tap) {
  const Tap::OnePart passed = tap.one_part();
  if (passed.count == 0) return std::nullopt;
  return fmt::format("{} passed that show nothing: {}", amount_text(passed.count, "message"),
                     refusal_text(Refusal::kOnePart, passed.first, {}));
}

UnheardPatterns::Unheard UnheardPatterns::find(std::vector<std::string> heard) {
  const auto look = [&] {
    return Unheard{unmatched(tracks_, heard), unmatched(excluded_, heard), heard.empty()};
  };
  Unheard first = look();
  if (url_.empty() || (first.tracks.empty() && first.excluded.empty())) return first;
  if (on_bus_.empty()) on_bus_ = tracks_on_bus(context_, url_);
  heard.insert(heard.end(), on_bus_.begin(), on_bus_.end());
  return look();
}

void UnheardPatterns::warn_so_far(const std::vector<std::string>& heard) {
  const Unheard unheard = find(heard);
  for (const std::string& text : unheard.tracks) warn(verb_, "--track: so far " + text);
  for (const std::string& text : unheard.excluded) warn(verb_, "--exclude: so far " + text);
}

bool UnheardPatterns::say_last(const std::vector<std::string>& heard, bool is_nothing) {
  const Unheard unheard = find(heard);
  const bool is_fault = is_nothing && !unheard.is_silent;
  for (const std::string& text : unheard.tracks) {
    if (is_fault) {
      say_line_always({{fmt::format("zbag {}: ", verb_), Tone::kBad}, {"--track: " + text}});
    } else {
      warn(verb_, "--track: " + text);
    }
  }
  for (const std::string& text : unheard.excluded) warn(verb_, "--exclude: " + text);
  return is_fault && !unheard.tracks.empty();
}

}  // namespace zbag
