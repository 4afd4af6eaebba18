#include "schemas/iso_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <ctime>

namespace zbag {

std::string iso_text(double unix_seconds) {
  // To the nearest millisecond: 0.123 s are 122.99 ms in a double.
  const auto all = static_cast<std::int64_t>(std::llround(unix_seconds * 1000.0));
  const std::int64_t whole = all / 1000 - (all % 1000 < 0 ? 1 : 0);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(whole)),
                     all - whole * 1000);
}

}  // namespace zbag
