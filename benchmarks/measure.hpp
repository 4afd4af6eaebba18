// Runs cases interleaved and holds their medians with the spread.
//
// The machines vary by 2-5x from run to run: only what ran in one interleaved set may be compared,
// by median; below 1.3x the word is "level" (performance.md, How to measure here).
//
// Here the kernel gives free memory back to the host, page cache too, and what it hands out next
// comes back at a tenth of the speed. It keeps free pages by size, and formats differ in the size
// of their writes, so who pays depends on who ran before. Hence every measured run follows an
// unmeasured one of the same case, which leaves warm pages of the right sizes behind.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace zbag::bench {

struct Sample {
  double seconds = 0.0;      // wall
  double cpu_seconds = 0.0;  // user and system, of this process and its children
  double disk_bytes = 0.0;
};

struct Case {
  std::string name;
  std::function<Sample()> run;
};

struct Spread {
  double median = 0.0;
  double low = 0.0;
  double high = 0.0;
};
Spread spread_of(std::vector<double> values);

// Times `work` by wall clock and rusage.
Sample timed(const std::function<void()>& work);

// The cases of one interleaved set; ratios are to the first.
struct Table {
  struct Row {
    std::string name;
    Spread rate;  // messages per second of wall time
    double cpu_seconds = 0.0;
    double disk_bytes = 0.0;
  };

  std::string title;
  std::uint64_t messages = 0;
  double bytes = 0.0;  // of frames as they travel
  int rounds = 0;
  std::vector<Row> rows;

  const Row* find(std::string_view name) const;  // nullptr: it did not run
  double ratio(const Row& row) const { return row.rate.median / rows.front().rate.median; }
  double mb_per_second(const Row& row) const;
};

// Runs every case `rounds` times, warm, in another order each round. `messages` and `bytes` are
// what one run of any case handles.
Table measure(const std::string& title, const std::vector<Case>& cases, int rounds,
              std::uint64_t messages, double bytes);

}  // namespace zbag::bench
