// When a frame of a LeRobotDataset was.
//
// A set knows the seconds within an episode alone. Here its episodes follow one another on one line
// of time that begins with 0, in the order of the frames of the set: an episode begins at the
// number of frames before it, a frame a 1 / fps. None reaches into the next.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "schemas/timestamp.hpp"

namespace zbag {

struct FrameTime {
  Timestamp stamp;
  double in_episode;  // seconds
  // What the set says is further from the frame's place than the half of one: then it is not taken.
  bool is_as_said;
};

// `index`: of the set, `frame`: of its episode; `said`: the seconds within it. nullopt: they are no
// places. REQUIRES: fps is more than 0.
inline std::optional<FrameTime> frame_time(double fps, std::int64_t index, std::int64_t frame,
                                           double said) {
  if (frame < 0 || index < frame) return std::nullopt;
  const double place = static_cast<double>(frame) / fps;
  const bool is_as_said = std::abs(said - place) < 0.5 / fps;
  const double in_episode = is_as_said ? said : place;
  const std::optional<Timestamp> stamp =
      Timestamp::from_seconds(static_cast<double>(index - frame) / fps + in_episode);
  if (!stamp) return std::nullopt;
  return FrameTime{*stamp, in_episode, is_as_said};
}

}  // namespace zbag
