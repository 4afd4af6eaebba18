// Any text as patterns and a name: matching agrees with a table of all prefixes, and whatever
// matches begins with what is subscribed to. The last line is the name.
#include <algorithm>
#include <string>
#include <vector>

#include "schemas/check.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// reached[n]: the pattern so far matches the first n characters.
bool segment_matches_slowly(std::string_view pattern, std::string_view segment) {
  std::vector<bool> reached(segment.size() + 1, false);
  reached[0] = true;
  for (const char want : pattern) {
    std::vector<bool> next(reached.size(), false);
    for (std::size_t n = 0; n < reached.size(); ++n) {
      if (want == '*') {
        next[n] = reached[n] || (n > 0 && next[n - 1]);
      } else if (n > 0) {
        next[n] = reached[n - 1] && want == segment[n - 1];
      }
    }
    reached = std::move(next);
  }
  return reached.back();
}

// reached[n]: the pattern so far matches the first n segments.
bool matches_slowly(std::string_view pattern, std::string_view name) {
  const std::vector<std::string> segments = split(name, '/');
  const std::vector<std::string> wanted = split(plain_name(pattern), '/');
  if (is_system_track(name) && wanted[0] != "_sys") return false;
  std::vector<bool> reached(segments.size() + 1, false);
  reached[0] = true;
  for (const std::string& want : wanted) {
    std::vector<bool> next(reached.size(), false);
    for (std::size_t n = 0; n < reached.size(); ++n) {
      if (want == "**") {
        next[n] = reached[n] || (n > 0 && next[n - 1]);
      } else if (n > 0) {
        next[n] = reached[n - 1] && segment_matches_slowly(want, segments[n - 1]);
      }
    }
    reached = std::move(next);
  }
  return reached.back();
}

void check(const std::vector<std::string>& patterns, const std::string& name) {
  bool any = false;
  for (const std::string& text : patterns) {
    const Result<TrackPattern> pattern = TrackPattern::parse(text);
    if (!pattern) {
      ZBAG_CHECK(is_utf8(pattern.error().message));
      return;
    }
    const bool hit = pattern->matches(name);
    ZBAG_CHECK(hit == matches_slowly(text, name));
    ZBAG_CHECK(!hit || name.starts_with(pattern->literal_prefix()));
    any = any || hit;
  }
  if (patterns.empty()) return;
  const TrackFilter filter = TrackFilter::parse(patterns).value();
  ZBAG_CHECK(filter.matches(name) == any);
  ZBAG_CHECK(!TrackFilter::parse({}, patterns)->matches(name) || !any);
  const std::vector<std::string> prefixes = filter.subscriptions();
  const bool subscribed = std::any_of(prefixes.begin(), prefixes.end(),
                                      [&](const std::string& p) { return name.starts_with(p); });
  ZBAG_CHECK(!any || subscribed);
}

}  // namespace
}  // namespace zbag

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> lines = zbag::split(text, '\n');
  const std::string name = lines.back();
  lines.pop_back();
  zbag::check(lines, name);
  const bool valid = zbag::track_name_fault(name) == nullptr;
  ZBAG_CHECK(valid == zbag::TrackName::parse(name).has_value());
  ZBAG_CHECK(!valid || zbag::is_utf8(name));
  ZBAG_CHECK(zbag::is_utf8(zbag::printable(text)));
  return 0;
}
