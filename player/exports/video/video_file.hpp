// A video in an MP4 file: each picture a frame that is shown from its own stamp on, to the
// microsecond, however irregular they come.
//
//   VideoFile video = VideoFile::create("cam.mp4", {.codec = VideoCodec::kH264}).value();
//   for each picture: video.add(picture, stamp);
//   video.finish();
//
// The stamp of the first frame is 0 in the video, and what it was stands in the comment of the
// file. Sides that are odd get a row or column more, as the codecs want it. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "player/exports/picture.hpp"
#include "player/exports/video/colour_count.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

enum class VideoCodec : std::uint8_t { kH264, kAv1 };

class VideoFile {
 public:
  struct Options {
    VideoCodec codec = VideoCodec::kH264;
    double rate = 30.0;              // frames a second, about: the codec shares its bits out by it
    ColourCount* colours = nullptr;  // lent: is told of each frame as it is encoded
  };

  // Writes to `path`, which it makes or empties. kUnsupported: a library or codec is missing.
  static Result<VideoFile> create(const std::string& path, const Options& options);
  VideoFile(VideoFile&& other) noexcept;
  VideoFile& operator=(VideoFile&&) = delete;
  ~VideoFile();

  // REQUIRES: no stamp is before the last. kUnsupported: it can not be decoded, is of another size
  // than the first, or comes more than half an hour behind the one before, which MP4 can not say.
  Status add(const Picture& picture, Timestamp stamp);
  // Frames that are later than their stamp: two do not begin at one microsecond.
  std::uint64_t moved() const;
  // All of it is in the file. REQUIRES: a picture was added.
  Status finish();

 private:
  struct State;
  explicit VideoFile(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace zbag
