// Pictures as the frames an encoder takes. Pictures are a stranger's: what they say of their size
// is held against Picture::kPixelsMax before memory is taken, and a PNG is decoded without the
// chunks that are no pixels, some of which are packed texts without a bound. Not thread-safe.
#pragma once

#include <vector>

#include "player/exports/picture.hpp"
#include "player/video/libav_calls.hpp"

namespace zbag {

class FrameDecoder {
 public:
  // REQUIRES: load_libav() returned well.
  FrameDecoder();

  // Lent until the next call. kUnsupported: it is damaged or too large.
  Result<const AVFrame*> decode(const Picture& picture);

 private:
  Status decode_coded(AVCodecID codec, std::span<const std::uint8_t> bytes,
                      Libav<AVCodecContext>& decoder);
  Status take_raw(const Picture& picture);

  Libav<AVFrame> frame_;
  Libav<AVPacket> packet_;
  Libav<AVCodecContext> jpeg_;  // null until there is one to decode
  Libav<AVCodecContext> png_;
  std::vector<std::uint8_t> chunks_;  // of the PNG at hand
};

}  // namespace zbag
