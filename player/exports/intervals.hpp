// How far apart the points of a track usually are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "schemas/apart.hpp"

namespace zbag {

class Intervals {
 public:
  void add(std::int64_t key) {
    if (has_begun_ && kept_.size() < kKeptMax) kept_.push_back(apart(last_, key));
    has_begun_ = true;
    last_ = key;
  }
  // In nanoseconds, of the first million or so; 0 of fewer than two points.
  std::uint64_t median() {
    if (kept_.empty()) return 0;
    const auto middle = kept_.begin() + static_cast<std::ptrdiff_t>(kept_.size() / 2);
    std::nth_element(kept_.begin(), middle, kept_.end());
    return *middle;
  }

 private:
  static constexpr std::size_t kKeptMax = 1u << 20;

  std::vector<std::uint64_t> kept_;
  std::int64_t last_ = 0;
  bool has_begun_ = false;
};

}  // namespace zbag
