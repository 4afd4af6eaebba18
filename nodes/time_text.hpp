// Times as people type them (cli.md): seconds since the epoch, ISO 8601 UTC, or relative to a bag's
// start (+10, +1m30s) or end (-5).
#pragma once

#include <optional>
#include <string>

#include "schemas/iso_text.hpp"  // of those who show times
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// kInvalid: not a time. kNotFound: a relative one where `extent` is unknown, there are no points.
Result<Timestamp> parse_time(const std::string& text, const std::optional<TimeRange>& extent);

// A closed range from --start and --end, either of which may be empty.
Result<TimeRange> parse_range(const std::string& start, const std::string& end,
                              const std::optional<TimeRange>& extent);

// 75.25 -> "1m15.3s"
std::string duration_text(double seconds);

}  // namespace zbag
