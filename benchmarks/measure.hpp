// Runs cases interleaved and prints medians with their spread.
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

// Runs every case `rounds` times, warm, in another order each round, and prints a table of
// `messages` and `bytes` per second, CPU seconds and disk bytes, and each case's ratio to the first
// by median wall time. Returns the medians of messages per second, by case.
std::vector<double> compare(const std::string& title, const std::vector<Case>& cases, int rounds,
                            std::uint64_t messages, double bytes);

// "ok" or "MISSED" beside a claim; returns whether it holds.
bool claim(const std::string& what, double value, double at_least);

}  // namespace zbag::bench
