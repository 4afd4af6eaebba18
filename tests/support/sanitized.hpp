// Whether this program runs under a sanitizer: bounds on time mean little there, and a thousand
// cases take minutes.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace zbag {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// How many cases to try: what `variable` asks for, else `usual`, a tenth of it under a sanitizer.
inline std::size_t cases_of(const char* variable, std::size_t usual) {
  const char* const asked = std::getenv(variable);
  if (asked != nullptr) return std::strtoul(asked, nullptr, 10);
  return kSanitized ? usual / 10 : usual;
}

}  // namespace zbag
