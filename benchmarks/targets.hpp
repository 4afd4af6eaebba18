// The targets of performance.md, section Targets, as far as a peer of this build can stand for
// them.
//
// Most are against MCAP, whose C++ library is in no package registry. Another peer stands in: both
// were measured for performance.md in one interleaved set, so
//
//   ours >= times * MCAP   is   ours >= times * (MCAP then / peer then) * peer now.
//
// Stand-ins are chosen for steadiness. LCM's log has neither cache nor tree: it moves with the
// machine alone. For a track and a range, where LCM has no index, it is SQLite: in five rounds
// beside a busy compiler the range took it 0.97 - 1.11 of the median, ROS 1's bag 0.61 - 1.57.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "benchmarks/report.hpp"
#include "benchmarks/workloads.hpp"

namespace zbag::bench {

struct Target {
  std::string_view ours;
  std::string_view peer;
  std::optional<double> first;  // times, of the first issue: the program fails below it
  double engine = 1.0;          // times, of the engine issue: shown as the goal
  // Who stood in the peer's place then, and what both did; empty: the target is against the peer.
  std::string_view mcap = "";
  double mcap_then = 1.0;
  double peer_then = 1.0;
  // Of sizes on disk, where a ratio grows as ours shrinks; else of messages per second.
  bool of_size = false;
};

struct Suite {
  Workload work;
  std::vector<Target> writing;
  std::vector<Target> reading_all;
  std::vector<Target> reading_track;
  std::vector<Target> reading_percent;
};

Suite suite_w1(std::size_t frames);
Suite suite_w2(std::size_t frames);
Suite suite_w3(std::size_t frames);

// Claims every target whose formats ran.
void claim(Report& report, const Table& table, const std::vector<Target>& targets);

}  // namespace zbag::bench
