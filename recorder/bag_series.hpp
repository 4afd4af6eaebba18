// The bags one recording is split into: their names, when the next one begins, which ones go.
//
//   day.zbag  day_0001.zbag  day_0002.zbag  ...
//
// A name that is taken is passed over: no file is ever overwritten. With `files_max` the newest so
// many are kept and the oldest removed as new ones begin; readers that have one open keep what they
// see. Not thread-safe. next_path() and remove_oldest() go to the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace zbag {

// When a recording goes on in a new bag.
struct SplitRules {
  std::uint64_t bytes_max = 0;                      // of a bag's file; 0: no bound
  std::optional<std::chrono::nanoseconds> age_max;  // of a bag, by the monotonic clock
  std::size_t files_max = 0;                        // bags kept; 0: all
};

class BagSeries {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  BagSeries(std::string first, SplitRules rules, SteadyTime now);

  // Whether what comes next belongs into a new bag, when it would make the present one
  // `file_bytes` large. A bag without points is never due.
  bool is_due(std::uint64_t file_bytes, SteadyTime now) const;
  void note_points(std::uint64_t points) { parts_.back().points += points; }

  // The first name behind the present bag's that is free.
  std::string next_path();
  // The present bag is complete, `path` the one that is written from now on.
  void begin(std::string path, SteadyTime now);
  struct Removed {
    std::uint64_t bags = 0;
    std::uint64_t points = 0;
  };
  // Removes bags beyond `files_max`. One that can not be removed is left and no longer counted.
  Removed remove_oldest();

  const std::string& path() const { return parts_.back().path; }
  std::vector<std::string> paths() const;  // of the bags that are kept
  bool holds_points() const { return parts_.back().points > 0; }

 private:
  const std::string first_;
  const SplitRules rules_;
  struct Part {
    std::string path;
    std::uint64_t points = 0;
  };
  std::deque<Part> parts_;    // that are kept, the present one last
  std::uint32_t number_ = 0;  // given out last
  SteadyTime since_;
};

}  // namespace zbag
