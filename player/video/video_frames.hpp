// The frames of an MP4 of a stranger, found by the times at which they are shown.
//
//   VideoFrames video = VideoFrames::open("cam.mp4").value();
//   const AVFrame* frame = video.at(1.5, 0.01).value();
//
// Times that ascend are found in one walk through the file; others are looked for from the frame in
// front that stands alone. Nothing but the file is opened, whatever it names. Its sides are held
// against kPixelsMax before memory is taken for a picture, and what is decoded against how much was
// asked for. Not thread-safe. Blocks as the file does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "player/video/libav_calls.hpp"
#include "schemas/result.hpp"

namespace zbag {

class VideoFrames {
 public:
  // Of a frame: those of 8K. A decoder holds some twenty of them.
  static constexpr std::int64_t kPixelsMax = std::int64_t{1} << 25;

  // Errors name the path: kNotFound; kDamaged: it is no MP4, or has no video; kUnsupported: of
  // a codec that is not read, or a library is missing.
  static Result<VideoFrames> open(const std::string& path);
  VideoFrames(VideoFrames&&) noexcept;
  VideoFrames& operator=(VideoFrames&&) noexcept;
  ~VideoFrames();

  // The one that is shown nearest to `seconds`, which count as the file does, and no more than
  // `tolerance` away; nullptr: there is none. Lent until the next call. kDamaged: it can not be
  // read on. REQUIRES: both are finite, `seconds` within a billion.
  Result<const AVFrame*> at(double seconds, double tolerance);

 private:
  struct State;
  explicit VideoFrames(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace zbag
