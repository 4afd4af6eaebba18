#include "player/exports/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Names as ROS has them.
constexpr std::array kLayouts{
    PixelLayout{"mono8", 1, 1, false},  PixelLayout{"8UC1", 1, 1, false},
    PixelLayout{"mono16", 1, 2, false}, PixelLayout{"16UC1", 1, 2, false},
    PixelLayout{"rgb8", 3, 1, false},   PixelLayout{"bgr8", 3, 1, true},
    PixelLayout{"8UC3", 3, 1, true},    PixelLayout{"rgba8", 4, 1, false},
    PixelLayout{"bgra8", 4, 1, true},   PixelLayout{"8UC4", 4, 1, true},
};

constexpr std::array<std::uint8_t, 3> kJpegBegin{0xff, 0xd8, 0xff};
constexpr std::array<std::uint8_t, 8> kPngBegin{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

bool begins_with(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> begin) {
  return bytes.size() > begin.size() && std::equal(begin.begin(), begin.end(), bytes.begin());
}

std::optional<Picture> coded(std::span<const std::uint8_t> bytes) {
  if (begins_with(bytes, kJpegBegin)) return Picture{.form = PictureForm::kJpeg, .bytes = bytes};
  if (begins_with(bytes, kPngBegin)) return Picture{.form = PictureForm::kPng, .bytes = bytes};
  return std::nullopt;
}

// What the fields of a point say of the pixels in `data`.
struct Raw {
  std::optional<std::span<const std::uint8_t>> data;
  std::optional<std::string_view> encoding;
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  std::uint64_t step = 0;
  std::uint64_t is_big_endian = 0;
};

std::uint64_t unsigned_of(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  std::uint64_t number = 0;
  if (item::take_unsigned(in, number) || item::take_bool(in, number)) return number;
  return 0;
}

Result<std::optional<Picture>> raw_of(const Raw& raw) {
  const auto* const layout =
      std::find_if(kLayouts.begin(), kLayouts.end(),
                   [&](const PixelLayout& known) { return known.encoding == *raw.encoding; });
  if (layout == kLayouts.end()) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("pixels of the encoding '{}' are not known", printable(*raw.encoding)));
  }
  const auto side_max = static_cast<std::uint64_t>(Picture::kPixelsMax);
  const bool is_sized = raw.width > 0 && raw.height > 0 && raw.width <= side_max &&
                        raw.height <= side_max / raw.width;
  const std::uint64_t row = is_sized ? raw.width * layout->size() : 0;
  const std::uint64_t step = raw.step == 0 ? row : raw.step;
  const std::uint64_t size = raw.data->size();
  // Its last row may end before its step does.
  if (!is_sized || step < row || size < row || (size - row) / step < raw.height - 1) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} bytes are no {} x {} pixels of {}, {} bytes a row", size, raw.width,
                            raw.height, layout->encoding, step));
  }
  return Picture{.form = PictureForm::kRaw,
                 .bytes = *raw.data,
                 .layout = layout,
                 .width = static_cast<std::uint32_t>(raw.width),
                 .height = static_cast<std::uint32_t>(raw.height),
                 .step = step,
                 .is_big_endian = raw.is_big_endian != 0};
}

}  // namespace

Result<std::optional<Picture>> picture_of(MapBytes point) {
  Raw raw;
  std::optional<Picture> other;  // in a field that is not `data`
  PairWalk walk(point.pairs, point.count);
  while (const auto pair = walk.next()) {
    item::Cursor in(pair->value);
    std::span<const std::uint8_t> bytes;
    if (item::take_binary(in, bytes)) {
      if (pair->name == "data") raw.data = bytes;
      if (!other) other = coded(bytes);
    } else if (item::take_text(in, bytes)) {
      if (pair->name == "encoding") raw.encoding = text_of(bytes);
    } else if (pair->name == "width") {
      raw.width = unsigned_of(pair->value);
    } else if (pair->name == "height") {
      raw.height = unsigned_of(pair->value);
    } else if (pair->name == "step") {
      raw.step = unsigned_of(pair->value);
    } else if (pair->name == "is_bigendian") {
      raw.is_big_endian = unsigned_of(pair->value);
    }
  }
  if (raw.data) {
    if (const std::optional<Picture> picture = coded(*raw.data)) return picture;
    if (raw.encoding && raw.width > 0 && raw.height > 0) return raw_of(raw);
  }
  return other;
}

bool may_hold_pictures(const TrackRecord& track) {
  return std::any_of(track.fields.begin(), track.fields.end(),
                     [](const auto& field) { return field.second.contains("bin"); });
}

}  // namespace zbag
