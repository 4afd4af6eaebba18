// The pictures of cameras' tracks, one after the other, for the formats that are made of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "player/exports/export_source.hpp"
#include "player/exports/picture.hpp"

namespace zbag {

// The chosen tracks that can hold pictures, by name.
std::vector<std::string> picture_tracks(const ExportSource& source);

// Gives how many pictures were taken. Points without one are left out and noted, as many as there
// are. kUnsupported, of a picture, names track and time.
using TakePicture = std::function<Status(const Picture&, const PointView&)>;
Result<std::uint64_t> each_picture_of(ExportSource& source, const std::string& track,
                                      const TakePicture& take);

// What is wrong with a picture, kUnsupported, with its track and time; other errors as they are.
Error picture_error(Error error, const std::string& track, Timestamp stamp);

// kInvalid, in words.
tl::unexpected<Error> no_pictures();

}  // namespace zbag
