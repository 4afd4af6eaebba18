// Frames of videos as JPEGs, of a quality at which nobody sees that they are.
//
//   JpegEncoder jpegs;
//   std::span<const std::uint8_t> jpeg = jpegs.encode(*frame).value();
//
// Colours are those of the frame, whichever way it has them. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "player/video/libav_calls.hpp"
#include "schemas/result.hpp"

namespace zbag {

class JpegEncoder {
 public:
  // REQUIRES: load_libav() returned well.
  JpegEncoder();

  // Lent until the next call. kUnsupported: of pixels that are not read, or sides that JPEG does
  // not have, or FFmpeg's libraries have no encoder of it.
  Result<std::span<const std::uint8_t>> encode(const AVFrame& frame);

 private:
  struct Form {
    int width = 0;
    int height = 0;
    AVPixelFormat pixels = AV_PIX_FMT_NONE;
    AVColorSpace space = AVCOL_SPC_UNSPECIFIED;
    bool operator==(const Form&) const = default;
  };
  static Form form_of(const AVFrame& frame);
  Status begin(const Form& form);
  Status open_scaler(const Form& form);

  Form form_;  // what the others are for
  Libav<AVCodecContext> encoder_;
  Libav<SwsContext> scaler_;
  Libav<AVFrame> frame_;
  Libav<AVPacket> packet_;
};

}  // namespace zbag
