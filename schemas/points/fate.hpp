// What became of the frames a recorder received (wire.md, The fate of a frame):
//
//   received = points + merged + refused + dropped + skipped
//
// Counted per track and for the whole bag; a plain value, added up by whoever owns it.
#pragma once

#include <array>
#include <cstdint>

#include "schemas/add_up.hpp"
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

  std::uint64_t refused_total() const { return total_of(refused); }
  std::uint64_t skipped_total() const { return total_of(skipped); }
  bool balances() const {
    return received == points + merged + dropped + refused_total() + skipped_total();
  }
  Fate& operator+=(const Fate& other) {
    add_up(received, other.received);
    add_up(points, other.points);
    add_up(kept_apart, other.kept_apart);
    add_up(merged, other.merged);
    add_up(dropped, other.dropped);
    for (std::size_t i = 0; i < kRefusalCount; ++i) add_up(refused[i], other.refused[i]);
    for (std::size_t i = 0; i < kSkipCount; ++i) add_up(skipped[i], other.skipped[i]);
    add_up(overwritten, other.overwritten);
    return *this;
  }
  friend bool operator==(const Fate&, const Fate&) = default;

 private:
  template <std::size_t N>
  static std::uint64_t total_of(const std::array<std::uint64_t, N>& counts) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts) add_up(sum, count);
    return sum;
  }
};

}  // namespace zbag
