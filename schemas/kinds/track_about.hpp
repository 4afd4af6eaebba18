// What people say of a track: a point of `_sys/track/TRACK` keeps it, {description, tags,
// metadata}, the newest of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.hpp"

namespace zbag {

inline constexpr std::string_view kAboutTracks = "_sys/track/";

// The track that says what there is to say of `track`.
inline std::string about_track(std::string_view track) {
  return std::string(kAboutTracks).append(track);
}

struct TrackAbout {
  std::string description;
  std::vector<std::string> tags;
  Fields metadata;  // {fps: 30, units: "m/s"}

  bool operator==(const TrackAbout&) const = default;
};

// The fields of that point.
Fields written_about(const TrackAbout& about);
// nullopt: they are not what written_about() makes.
std::optional<TrackAbout> read_about(const Fields& fields);

}  // namespace zbag
