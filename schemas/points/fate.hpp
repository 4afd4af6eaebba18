// What became of the frames a recorder received (wire.md, The fate of a frame):
//
//   received = points + merged + refused + dropped + skipped
//
// Counted per track and for the whole bag; a plain value, added up by whoever owns it.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>

#include "schemas/frame_scan.hpp"

namespace zbag {

enum class Skip : std::uint8_t { kFilter, kPause, kDuplicate };
inline constexpr std::size_t kSkipCount = 3;
inline const char* skip_name(Skip skip) {
  static constexpr std::array<const char*, kSkipCount> kNames = {"filter", "pause", "duplicate"};
  return kNames[static_cast<std::size_t>(skip)];
}

struct Fate {
  std::uint64_t received = 0;
  std::uint64_t points = 0;      // new ones
  std::uint64_t kept_apart = 0;  // of these, further points of a stamp (merge.hpp)
  std::uint64_t merged = 0;      // into a point that was there
  std::uint64_t dropped = 0;     // for want of memory or disk
  std::array<std::uint64_t, kRefusalCount> refused{};
  std::array<std::uint64_t, kSkipCount> skipped{};
  std::uint64_t overwritten = 0;  // values a merge replaced by different ones; beside the equation

  std::uint64_t refused_total() const {
    return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
  }
  std::uint64_t skipped_total() const {
    return std::accumulate(skipped.begin(), skipped.end(), std::uint64_t{0});
  }
  bool balances() const {
    return received == points + merged + dropped + refused_total() + skipped_total();
  }
  Fate& operator+=(const Fate& other) {
    received += other.received;
    points += other.points;
    kept_apart += other.kept_apart;
    merged += other.merged;
    dropped += other.dropped;
    for (std::size_t i = 0; i < kRefusalCount; ++i) refused[i] += other.refused[i];
    for (std::size_t i = 0; i < kSkipCount; ++i) skipped[i] += other.skipped[i];
    overwritten += other.overwritten;
    return *this;
  }
  friend bool operator==(const Fate&, const Fate&) = default;
};

}  // namespace zbag
