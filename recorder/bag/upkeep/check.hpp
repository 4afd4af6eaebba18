// Verifies a bag: its pages, the checksum of every block and every record, every count, the rules
// of names, and that the index leads to every point once.
//
// LMDB never checks its pages: a flipped byte in one can crash a reader. So check() first walks the
// trees with a page reader of our own, which trusts no number in the file, and opens the bag
// through LMDB only when that walk found it sound. Reads the whole file once; memory is bounded by
// a block.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct BagProblem {
  std::string what;
  std::string track;                  // empty: not of one track
  std::optional<std::int64_t> first;  // nanoseconds: the extent that cannot be read
  std::optional<std::int64_t> last;
  std::uint64_t points = 0;  // how many points that costs; 0: none, or not known
};

// More are counted but not listed.
inline constexpr std::size_t kProblemsMax = 1'000;

struct CheckReport {
  std::uint64_t pages = 0;
  std::uint64_t tracks = 0;           // looked at
  std::uint64_t tracks_left_out = 0;  // of the bag, beside those
  std::uint64_t blocks = 0;
  std::uint64_t points = 0;
  std::vector<BagProblem> problems;  // empty: whole
  bool unclosed = false;             // the last run has no end: a kill, or it is being recorded
  // False: readers may not come near the bag, and what was found past the damage is all of it.
  bool has_sound_pages = false;

  void add(BagProblem problem) {
    if (problems.size() < kProblemsMax) problems.push_back(std::move(problem));
  }
};

// Called now and then with the share done, 0 to 1. False: stop; the work ends with kClosed.
using Progress = std::function<bool(double)>;

// Errors of all three only for what keeps them from looking: kNotFound, kIo, kNewerFormat; a file
// that is no bag or is truncated gives kDamaged.
Result<CheckReport> check_bag(const std::string& path, const Progress& progress = {});
// The same in two steps, for who chooses tracks by what the bag holds: its pages and all records;
// then what the chosen tracks have, which is noted in `report`, that of the first step.
Result<CheckReport> check_records(const std::string& path);
Result<CheckReport> check_tracks(const std::string& path, CheckReport report,
                                 const BagReader::Selection& selection, const Progress& progress);

}  // namespace zbag
