// How much a test may take on: bounds on time mean little under a sanitizer, and a thousand cases
// take minutes anywhere.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace zbag {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Whether tests run at their full size (tests/run.sh --long).
inline bool is_long() { return std::getenv("ZBAG_TEST_LONG") != nullptr && !kSanitized; }

// How many cases to try: what `variable` asks for, else `full` of them in a long run and a tenth in
// a quick one or under a sanitizer.
inline std::size_t cases_of(const char* variable, std::size_t full) {
  const char* const asked = std::getenv(variable);
  if (asked != nullptr) return std::strtoul(asked, nullptr, 10);
  return is_long() ? full : full / 10;
}

}  // namespace zbag
