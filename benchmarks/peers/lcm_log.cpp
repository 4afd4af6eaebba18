#include <lcm/eventlog.h>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {

bool write_lcm(const Workload& work, const std::string& path) {
  lcm_eventlog_t* const log = lcm_eventlog_create(path.c_str(), "w");
  if (log == nullptr) return false;
  bool ok = true;
  std::int64_t number = 0;
  for (const Workload::Frame& frame : work.frames) {
    const std::string& track = work.tracks[frame.track];
    lcm_eventlog_event_t event{};
    event.eventnum = number++;
    event.timestamp = frame.ts_ns / 1000;
    event.channellen = static_cast<std::int32_t>(track.size());
    event.datalen = static_cast<std::int32_t>(frame.bytes.size());
    event.channel = const_cast<char*>(track.c_str());
    event.data = const_cast<char*>(frame.bytes.data());
    ok = ok && lcm_eventlog_write_event(log, &event) == 0;
  }
  lcm_eventlog_destroy(log);
  return ok;
}

}  // namespace zbag::bench
