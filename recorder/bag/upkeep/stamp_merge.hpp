// What becomes of the points of one track and stamp that several bags have (wire.md, Merge).
//
// Points of one bag never meet: they were kept apart when they were recorded. A point that another
// bag has with the same `_src`, `_seq` and fields is the same frame, recorded twice. Any other
// meets the newest point that has nothing of its bag yet, equal ones before all others.
//
// Not thread-safe. Memory: a few words a point of the stamp. Cost: about the same a point, however
// many the stamp has.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "schemas/points/merge.hpp"

namespace zbag {

class StampMerge {
 public:
  // Another track or stamp begins.
  void begin(MergeMode mode);

  enum class Outcome : std::uint8_t { kNew, kKeptApart, kMerged, kDuplicate };
  struct Made {
    Outcome outcome;
    std::size_t at = 0;  // of those that came out new: the one it became, or merged into
    RowPoint point;      // as it is now; a made row lies in `rows`
    std::uint64_t overwritten = 0;
  };
  // `points` are those that came out new since begin(), as they are now. REQUIRES: points of one
  // bag come one after another.
  Made add(const RowPoint& point, std::size_t bag, std::span<const RowPoint> points,
           std::deque<std::string>& rows);

 private:
  void turn_to(std::size_t bag, std::span<const RowPoint> points);

  MergeMode mode_ = MergeMode::kAppend;
  std::size_t bag_ = 0;
  std::size_t free_ =
      0;  // points that have nothing of the bag: those before it, less the taken ones
  std::vector<bool> is_taken_;
  std::unordered_multimap<std::uint64_t, std::size_t> by_bytes_;  // free ones, by their fields
};

}  // namespace zbag
