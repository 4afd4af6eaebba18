#include "player/exports/picture_track.hpp"

#include <fmt/format.h>

namespace zbag {

std::vector<std::string> picture_tracks(const ExportSource& source) {
  std::vector<std::string> tracks;
  for (const auto& [name, track] : source.tracks()) {
    if (may_hold_pictures(track)) tracks.push_back(name);
  }
  return tracks;
}

Result<std::uint64_t> each_picture_of(ExportSource& source, const std::string& track,
                                      const TakePicture& take) {
  std::uint64_t pictures = 0;
  std::uint64_t others = 0;
  const Status read = source.each_point_of(track, [&](const PointView& point) -> Status {
    const auto picture = picture_of(open_map(point.map).value_or(MapBytes{}));
    if (picture && !*picture) {
      ++others;
      return {};
    }
    Status taken = picture ? take(**picture, point) : tl::unexpected(picture.error());
    if (taken) {
      ++pictures;
      return {};
    }
    taken.error() = picture_error(taken.error(), track, point.stamp());
    return taken;
  });
  if (!read) return tl::unexpected(read.error());
  if (others > 0) {
    source.warn("points that hold no picture (JPEG, PNG or known pixels) are left out",
                fmt::format("{} of track {}", others, printable(track)));
  }
  return pictures;
}

Error picture_error(Error error, const std::string& track, Timestamp stamp) {
  if (error.code != ErrorCode::kUnsupported) return error;
  return {error.code, fmt::format("track {}, point at {}: {}", track, seconds_text(stamp.seconds()),
                                  error.message)};
}

tl::unexpected<Error> no_pictures() {
  return fail(ErrorCode::kInvalid,
              "no chosen point holds a picture: JPEG or PNG in a field of bytes, or pixels in data "
              "with width, height and encoding");
}

}  // namespace zbag
