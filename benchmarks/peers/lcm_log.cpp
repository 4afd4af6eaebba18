#include <lcm/eventlog.h>

#include <cstdio>
#include <string_view>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {
namespace {

struct CloseLog {
  void operator()(lcm_eventlog_t* log) const { lcm_eventlog_destroy(log); }
};
using Log = std::unique_ptr<lcm_eventlog_t, CloseLog>;

struct FreeEvent {
  void operator()(lcm_eventlog_event_t* event) const { lcm_eventlog_free_event(event); }
};
using Event = std::unique_ptr<lcm_eventlog_event_t, FreeEvent>;

bool write_lcm(const Workload& work, const std::string& path) {
  const Log log(lcm_eventlog_create(path.c_str(), "w"));
  if (!log) return false;
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
    ok = ok && lcm_eventlog_write_event(log.get(), &event) == 0;
  }
  return ok;
}

class Reader : public PeerReader {
 public:
  Reader(Log log, const Workload& work) : log_(std::move(log)), work_(work) {}

  bool read(const Selection& selection, Visited& visited) override {
    // The workloads' stamps are whole microseconds, which is what the log keeps. To seek is dear
    // where frames are large: it looks for the mark of an event byte by byte.
    const bool from_start = selection.first_ns <= work_.frames.front().ts_ns;
    const int sought = from_start
                           ? std::fseek(log_->f, 0, SEEK_SET)
                           : lcm_eventlog_seek_to_timestamp(log_.get(), selection.first_ns / 1000);
    if (sought != 0) return false;
    const std::string_view channel =
        selection.track ? std::string_view(work_.tracks[*selection.track]) : "";
    while (const Event event{lcm_eventlog_read_next_event(log_.get())}) {
      const std::int64_t ts_ns = event->timestamp * 1000;
      if (ts_ns >= selection.limit_ns) break;
      if (ts_ns < selection.first_ns) continue;  // the seek stops at or just before
      const std::string_view name(event->channel, static_cast<std::size_t>(event->channellen));
      if (!channel.empty() && name != channel) continue;
      visited.add(event->data, static_cast<std::size_t>(event->datalen));
    }
    return true;
  }

 private:
  Log log_;
  const Workload& work_;
};

std::unique_ptr<PeerReader> open_lcm(const Workload& work, const std::string& path) {
  Log log(lcm_eventlog_create(path.c_str(), "r"));
  if (!log) return nullptr;
  return std::make_unique<Reader>(std::move(log), work);
}

}  // namespace

Peer lcm_log() { return {"LCM event log", write_lcm, open_lcm}; }

}  // namespace zbag::bench
