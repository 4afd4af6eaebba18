// How often each value of red, green and blue comes in the frames of a video, for who normalizes
// by it. Of large frames some pixels stand for all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace zbag {

class ColourCount {
 public:
  using Channel = std::array<std::uint64_t, 256>;
  // Of YUV 4:2:0 as BT.601 has it, of limited range: bytes of its planes and from row to row.
  struct Frame {
    std::array<const std::uint8_t*, 3> planes;
    std::array<std::ptrdiff_t, 3> steps;
    int width;
    int height;
  };

  void add(const Frame& frame);
  std::uint64_t frames() const { return frames_; }
  int width() const { return width_; }  // of the last frame
  int height() const { return height_; }
  const std::array<Channel, 3>& channels() const { return channels_; }

 private:
  std::array<Channel, 3> channels_{};
  std::uint64_t frames_ = 0;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace zbag
