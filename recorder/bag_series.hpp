// The bags one recording is split into: their names, when the next one begins, which ones go.
//
//   day.zbag  day_0001.zbag  day_0002.zbag  ...
//
// A name that is taken is passed over: no file is ever overwritten. With `files_max` the newest so
// many are kept and the oldest removed as new ones begin; readers that have one open keep what
// they see. Not thread-safe. Only next_path() looks at the disk.
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
  std::uint64_t bytes_max = 0;  // of a bag's file; 0: no bound
  // Of a bag since its first points, by the monotonic clock.
  std::optional<std::chrono::nanoseconds> age_max;
  std::size_t files_max = 0;  // bags kept; 0: all
};

class BagSeries {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  BagSeries(std::string first, SplitRules rules);

  // Whether what comes next belongs into a new bag, when it would make the present one
  // `file_bytes` large. A bag without points is never due.
  bool is_due(std::uint64_t file_bytes, SteadyTime now) const;
  void note_points(std::uint64_t points, SteadyTime now);

  // The first name behind the present bag's that is free.
  std::string next_path();
  // The present bag is complete, `path` the one that is written from now on.
  void begin(std::string path);
  // The present bag is another one now: a copy of it, whose name those of later ones are made of.
  void move(std::string path);
  // No bag could be begun: none is due before `when`.
  void put_off(SteadyTime when) { not_before_ = when; }
  struct Part {
    std::string path;
    std::uint64_t points = 0;
  };
  // The oldest bags, which leave the ring so that there is room for `more`: for the caller to
  // remove. Never the present one.
  std::vector<Part> take_oldest(std::size_t more);

  const std::string& path() const { return parts_.back().path; }
  std::vector<std::string> paths() const;  // of the bags that are kept
  bool holds_points() const { return parts_.back().points > 0; }

 private:
  std::string first_;
  const SplitRules rules_;
  std::deque<Part> parts_;    // that are kept, the present one last
  std::uint32_t number_ = 0;  // given out last
  SteadyTime since_;          // of the present bag's first points
  SteadyTime not_before_ = SteadyTime::min();
};

}  // namespace zbag
