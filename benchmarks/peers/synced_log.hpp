// Logs that are made durable every now and then, as a robot's recorder does: what that costs a
// disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace zbag::bench {

struct SyncedFrame {
  std::uint32_t track;
  std::int64_t ts_ns;
  std::string bytes;  // MessagePack, as on the bus
};

class SyncedLog {
 public:
  SyncedLog() = default;
  virtual ~SyncedLog() = default;
  SyncedLog(const SyncedLog&) = delete;
  SyncedLog& operator=(const SyncedLog&) = delete;

  // Writes the frames, in order of time; they survive a loss of power when it returns true.
  virtual bool write(const std::vector<SyncedFrame>& frames) = 0;
  // Ends it well. To be called once.
  virtual bool close() = 0;
};

// Null: its library was not there when this was built, or the file can not be made.
std::unique_ptr<SyncedLog> synced_lcm(const std::string& path,
                                      const std::vector<std::string>& tracks);
// As rosbag2 lays it out, in WAL mode, synchronous=FULL: with NORMAL a loss of power costs commits.
std::unique_ptr<SyncedLog> synced_sqlite(const std::string& path,
                                         const std::vector<std::string>& tracks);

}  // namespace zbag::bench
