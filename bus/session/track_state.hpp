// What a session keeps of one track. Guarded by the session's lock, but for the name.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

#include "schemas/frame.hpp"
#include "schemas/frame_layout.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

struct TrackState {
  explicit TrackState(TrackName track_name) : name(std::move(track_name)) {}

  struct Pending {
    Timestamp stamp;
    Fields fields;
  };
  const TrackName name;
  std::uint64_t seq = 0;                        // of the next frame
  FrameLayout layout;                           // of maps that came encoded
  std::multimap<std::int64_t, Pending> buffer;  // by key, equal ones in the order they came
  std::chrono::steady_clock::time_point oldest_append{};
  bool warned = false;
};

}  // namespace zbag
