#include "player/exports/video/colour_count.hpp"

#include <algorithm>
#include <cmath>

namespace zbag {
namespace {

// Of a frame, about, in each direction.
constexpr int kPixelsOfSide = 150;

std::size_t byte_of(double value) {
  return static_cast<std::size_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

}  // namespace

void ColourCount::add(const Frame& frame) {
  ++frames_;
  width_ = frame.width;
  height_ = frame.height;
  const int step = std::max(1, std::max(width_, height_) / (2 * kPixelsOfSide));
  for (int y = 0; y < height_; y += step) {
    const auto* const luma = frame.planes[0] + y * frame.steps[0];
    const auto* const blue = frame.planes[1] + y / 2 * frame.steps[1];
    const auto* const red = frame.planes[2] + y / 2 * frame.steps[2];
    for (int x = 0; x < width_; x += step) {
      const double grey = 255.0 / 219 * (luma[x] - 16);
      const int half = x / 2;
      const double u = blue[half] - 128;
      const double v = red[half] - 128;
      ++channels_[0][byte_of(grey + 1.596027 * v)];
      ++channels_[1][byte_of(grey - 0.391762 * u - 0.812968 * v)];
      ++channels_[2][byte_of(grey + 2.017232 * u)];
    }
  }
}

}  // namespace zbag
