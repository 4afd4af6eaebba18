// Other formats on the same work, each written the way its own project writes it.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/workloads.hpp"

namespace zbag::bench {

// Writes the workload to `path` (a new file); false when it could not.
using WritePeer = bool (*)(const Workload& work, const std::string& path);

struct Peer {
  std::string name;
  WritePeer write;
};

// The peers this build has, raw append first.
std::vector<Peer> peers();

// 64 KiB write(2)s of [length, track, time, frame].
bool write_raw(const Workload& work, const std::string& path);
// LCM's event log through lcm_eventlog_write_event().
bool write_lcm(const Workload& work, const std::string& path);
// SQLite laid out as rosbag2's plugin does it: topics and messages with an index on the time.
// `fast`: no journal, no syncs; else WAL with synchronous NORMAL.
bool write_sqlite_fast(const Workload& work, const std::string& path);
bool write_sqlite_resilient(const Workload& work, const std::string& path);

}  // namespace zbag::bench
