// The picture that a point of a camera's track holds.
//
// Coded: JPEG or PNG, known by their first bytes. Raw: pixels in `data` as `width`, `height`,
// `encoding` and `step` say (the kind `image`). Nothing is decoded here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "recorder/bag/records/layout.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/result.hpp"

namespace zbag {

enum class PictureForm : std::uint8_t { kJpeg, kPng, kRaw };

// How a raw pixel lies in its bytes.
struct PixelLayout {
  std::string_view encoding;  // the word of the field `encoding`
  std::uint8_t channels;      // 1: grey; 3: colour; 4: and alpha
  std::uint8_t bytes;         // of a channel
  bool is_blue_first;

  std::size_t size() const { return std::size_t{channels} * bytes; }
};

// Lent by the point.
struct Picture {
  // Of raw ones, and of those that are decoded from others: no camera has more.
  static constexpr std::int64_t kPixelsMax = std::int64_t{1} << 27;

  PictureForm form = PictureForm::kJpeg;
  std::span<const std::uint8_t> bytes;
  // Of raw pictures only. Their rows lie within `bytes`.
  const PixelLayout* layout = nullptr;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::size_t step = 0;        // bytes from row to row
  bool is_big_endian = false;  // channels of two bytes

  std::span<const std::uint8_t> row(std::uint32_t y) const {
    return bytes.subspan(y * step, width * layout->size());
  }
};

// nullopt: the point holds none. kUnsupported: it says of itself that it does, but its pixels are
// of no known layout, or not there. REQUIRES: the map was validated.
Result<std::optional<Picture>> picture_of(MapBytes point);

// Whether the points of a track can hold pictures: some field has bytes.
bool may_hold_pictures(const TrackRecord& track);

}  // namespace zbag
