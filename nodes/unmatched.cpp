#include "nodes/unmatched.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// "imu" of "robot/imu".
bool is_end_of_some(const std::string& pattern, const std::vector<std::string>& tracks) {
  const Result<TrackPattern> parsed = TrackPattern::parse("**/" + pattern);
  return parsed && std::any_of(tracks.begin(), tracks.end(),
                               [&](const std::string& name) { return parsed->matches(name); });
}

}  // namespace

std::string unmatched_text(const std::string& pattern, const std::vector<std::string>& tracks) {
  const Result<TrackPattern> parsed = TrackPattern::parse(pattern);
  const bool is_there = std::any_of(tracks.begin(), tracks.end(), [&](const std::string& name) {
    return name == pattern || (parsed && parsed->matches(name));
  });
  if (is_there) return {};
  std::string hint = nearest_hint(pattern, tracks);
  if (hint.empty() && is_end_of_some(pattern, tracks))
    hint = fmt::format("; did you mean '**/{}'?", printable(pattern));
  return fmt::format("no track matches {}{}", printable(pattern), hint);
}

std::string no_track_text(const std::string& name, const std::vector<std::string>& tracks) {
  std::string hint = nearest_hint(name, tracks);
  const auto whole = std::find_if(tracks.begin(), tracks.end(), [&](const std::string& track) {
    return track.ends_with("/" + name);
  });
  if (hint.empty() && whole != tracks.end())
    hint = fmt::format("; did you mean {}?", printable(*whole));
  return fmt::format("there is no track {}{}", printable(name), hint);
}

void warn_of_idle_exclusions(const std::string& verb, const std::vector<std::string>& excluded,
                             const std::vector<std::string>& tracks) {
  for (const std::string& pattern : excluded) {
    const std::string fault = unmatched_text(pattern, tracks);
    if (!fault.empty()) warn(verb, "--exclude: " + fault);
  }
}

}  // namespace zbag
