// Sums of numbers that strangers have named: they stop at the end of their range instead of
// beginning again at 0.
#pragma once

#include <cstdint>

namespace zbag {

inline void add_up(std::uint64_t& sum, std::uint64_t more) {
  if (__builtin_add_overflow(sum, more, &sum)) sum = UINT64_MAX;
}

}  // namespace zbag
