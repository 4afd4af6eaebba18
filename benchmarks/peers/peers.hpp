// Other formats on the same work, each written and read the way its own project does it.
//
// A peer is there when its package was there at build time. Third-party errors end in `false` or
// nullptr here; the program gives up on them.
//
// A peer runs in this process and is timed from outside, unless it tells its own time: one that is
// a program of its own does, since its start and the way of the frames to it are no part of the
// work. What it tells takes the place of what was measured here.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/measure.hpp"
#include "benchmarks/workloads.hpp"

namespace zbag::bench {

// What is to be read: messages of one track or of all, with stamps in [first_ns, limit_ns).
struct Selection {
  std::optional<std::uint32_t> track;  // its place in Workload::tracks
  std::int64_t first_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t limit_ns = std::numeric_limits<std::int64_t>::max();

  bool has(std::uint32_t of_track, std::int64_t ts_ns) const {
    return (!track || *track == of_track) && ts_ns >= first_ns && ts_ns < limit_ns;
  }
};

// What a reader has met. The last bytes prove that it came to the end of every message, and are the
// same in formats that keep the stamp and the like outside of it.
struct Visited {
  std::uint64_t messages = 0;
  std::uint64_t last_bytes = 0;  // their sum

  void add(const void* message, std::size_t bytes) {
    ++messages;
    last_bytes += static_cast<const std::uint8_t*>(message)[bytes - 1];
  }
  bool operator==(const Visited&) const = default;
};

// A file open for reading, by one thread.
class PeerReader {
 public:
  PeerReader() = default;
  virtual ~PeerReader() = default;
  PeerReader(const PeerReader&) = delete;
  PeerReader& operator=(const PeerReader&) = delete;

  // Adds every message selected to `visited`, in order of time unless the peer says otherwise;
  // false when the file cannot be read.
  virtual bool read(const Selection& selection, Visited& visited) = 0;

  // What the reads since the last call took, by the peer's own clocks; nullopt: it has none.
  virtual std::optional<Sample> take_own() { return {}; }
};

struct Written {
  Written(bool written, std::optional<Sample> took = {}) : ok(written), own(took) {}

  bool ok;
  std::optional<Sample> own;  // what it took, by the peer's own clocks; nullopt: it has none
};

struct Peer {
  std::string name;
  // Writes the workload to `path`: a new file, folder, or several files beginning with that name.
  std::function<Written(const Workload& work, const std::string& path)> write;
  // Opens what write() wrote; nullptr when it could not. Empty: this peer is not read.
  std::function<std::unique_ptr<PeerReader>(const Workload& work, const std::string& path)> open;
};

// The peers this build has, raw append first. Of the two that keep one file and sync nothing there
// is a second one that ends with an fdatasync: the promise zbag makes all along.
std::vector<Peer> peers();

// zbag itself: everything behind the socket, with validation, merge, checksums and durable commits.
// Plain first, then compressed.
std::vector<Peer> ours();

// 64 KiB write(2)s of [length, track, time, frame]; not read.
Peer raw_append();
// LCM's event log. It has no index: a track is filtered out of everything, a time is bisected.
Peer lcm_log();
// SQLite laid out as rosbag2's plugin does it: topics, messages, an index on the time; read with
// the plugin's query. `fast`: no journal, no syncs; `resilient`: WAL with synchronous NORMAL.
std::vector<Peer> sqlite_logs();
// ROS 1 bags through librosbag-storage with its default chunks of 768 KiB, plain and lz4.
std::vector<Peer> ros_bags();
// RocksDB: a Put per message under [track, time], with a log that is not synced, not compressed.
// Reading all goes by track, then time.
Peer rocksdb_store();
// DuckDB: one table, rows through the appender, a commit every 64 MB, a checkpoint in the end;
// read in order of rows.
Peer duckdb_table();
// MCAP by its JavaScript library @mcap/core, in a node of its own: with the library's defaults,
// plain and with chunks in zstd. Everything is read through McapIndexedReader, CRCs verified.
std::vector<Peer> mcap_files();

}  // namespace zbag::bench
