// Where the frames of a session go, and where they are read back: the bus, or a bag.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "schemas/kinds/track_about.hpp"
#include "schemas/points/batch.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

// Where a session's frames go. Called under the session's lock, from any thread.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // Takes one encoded frame, copying it. An error means it was not taken.
  virtual Status write(const TrackName& track, std::span<const std::uint8_t> frame) = 0;
  // Returns when what was written (to `track`, or to all) is as safe as this sink makes it.
  virtual Result<FlushResult> flush(const TrackName* track) = 0;
  // Called about every `tick_every`.
  virtual Status tick() = 0;
  // Everything written is safe, nothing is taken any more.
  virtual Status close() = 0;
  // True when the session should announce itself on _sys/session; the sink says when somebody new
  // listens.
  virtual bool announces() const { return false; }
  // Takes such an announcement, which is no frame of the session's. As write().
  virtual Status announce(const TrackName& track, std::span<const std::uint8_t> frame) {
    return write(track, frame);
  }
  // Takes what somebody says of a track, which is no frame of the session's. As write().
  // Left as it is, a frame of `_sys/track/TRACK`.
  virtual Status describe(const TrackName& track, const TrackAbout& about);
  virtual bool has_new_listener() { return false; }
  // Waits until somebody listens; false after `timeout`. A sink that always does has no one to wait
  // for.
  virtual bool wait_for_listener(std::chrono::milliseconds timeout) {
    static_cast<void>(timeout);
    return true;
  }
};

// Reads back what a session wrote, where its sink is a bag. Called without the session's lock,
// after a flush: a session reads its own writes.
class PointSource {
 public:
  virtual ~PointSource() = default;
  virtual Result<std::vector<Point>> read(const TrackName& track, TimeRange range,
                                          std::size_t limit, bool reverse) = 0;
  virtual Result<Page> read_page(const TrackName& track, std::uint64_t start,
                                 std::size_t limit) = 0;
  // The last point at or before `stamp`.
  virtual Result<std::optional<Point>> floor(const TrackName& track, Timestamp stamp) = 0;
  virtual Result<std::vector<TrackStats>> tracks() = 0;
};

}  // namespace zbag
