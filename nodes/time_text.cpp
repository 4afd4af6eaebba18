#include "nodes/time_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "schemas/quantity_text.hpp"

namespace zbag {
Result<Timestamp> parse_time(const std::string& text, const std::optional<TimeRange>& extent) {
  const auto bad = [&](const char* why) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format(
            "time '{}' {}; write seconds (1326899528.4), 2026-11-20T10:00:00Z, +10, +1m30s or -5",
            text, why));
  };
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    const std::optional<double> span = parse_span(std::string_view(text).substr(1), 1.0);
    if (!span) return bad("is not understood");
    if (!extent)
      return fail(ErrorCode::kNotFound,
                  fmt::format("time '{}' is relative, and there are no points", text));
    const auto ns = static_cast<std::int64_t>(std::llround(*span * 1e9));
    std::int64_t at = 0;
    const bool overflows = text[0] == '+' ? __builtin_add_overflow(extent->first, ns, &at)
                                          : __builtin_sub_overflow(extent->last, ns, &at);
    if (overflows) return bad("is out of range");
    return Timestamp::from_stored(at, seconds_of_key(at));
  }
  std::optional<double> seconds = parse_decimal(text);
  if (!seconds) seconds = parse_iso_time(text);
  if (!seconds) return bad("is not understood");
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(*seconds);
  if (!stamp) return bad("is out of range");
  return *stamp;
}

Result<TimeRange> parse_range(const std::string& start, const std::string& end,
                              const std::optional<TimeRange>& extent) {
  TimeRange range;
  if (!start.empty()) {
    const Result<Timestamp> first = parse_time(start, extent);
    if (!first) return tl::unexpected(first.error());
    range.first = first->ns();
  }
  if (!end.empty()) {
    const Result<Timestamp> last = parse_time(end, extent);
    if (!last) return tl::unexpected(last.error());
    range.last = last->ns();
  }
  return range;
}

std::string duration_text(double seconds) {
  if (seconds < 60.0) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (seconds < 3600.0) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m{:02}s", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace zbag
