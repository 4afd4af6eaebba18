// A time as ISO 8601 in UTC.
#pragma once

#include <string>

namespace zbag {

// 2025-01-14T10:30:00.123Z, to the nearest millisecond; parse_iso_time() reads it back.
std::string iso_text(double unix_seconds);

}  // namespace zbag
