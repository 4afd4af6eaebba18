#include "nodes/unmatched.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

std::string unmatched_text(const std::string& pattern, const std::vector<std::string>& tracks) {
  const Result<TrackPattern> parsed = TrackPattern::parse(pattern);
  const bool is_there = std::any_of(tracks.begin(), tracks.end(), [&](const std::string& name) {
    return name == pattern || (parsed && parsed->matches(name));
  });
  return is_there ? ""
                  : fmt::format("no track matches {}{}", printable(pattern),
                                nearest_hint(pattern, tracks));
}

void warn_of_idle_exclusions(const std::string& verb, const std::vector<std::string>& excluded,
                             const std::vector<std::string>& tracks) {
  for (const std::string& pattern : excluded) {
    const std::string fault = unmatched_text(pattern, tracks);
    if (!fault.empty()) warn(verb, "--exclude: " + fault);
  }
}

}  // namespace zbag
