#include "player/imports/lerobot/feature_tracks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "schemas/item.hpp"
#include "schemas/map_member.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kValue = "value";
constexpr const char* kPictureKind = "compressed_image";

struct PictureFormat {
  std::string_view name;
  std::string_view begin;
  std::size_t at;  // of these bytes
};
constexpr std::array kFormats = {PictureFormat{"jpeg", "\xff\xd8\xff", 0},
                                 PictureFormat{"png", "\x89PNG\r\n\x1a\n", 0},
                                 PictureFormat{"webp", "WEBP", 8},
                                 PictureFormat{"avif", "ftypavif", 4},
                                 PictureFormat{"tiff", std::string_view("II*\0", 4), 0},
                                 PictureFormat{"tiff", std::string_view("MM\0*", 4), 0}};

// Empty: it is none that is known.
std::string_view format_of(std::string_view file) {
  const auto* const found = std::ranges::find_if(kFormats, [&](const PictureFormat& one) {
    return file.size() >= one.at && file.substr(one.at).starts_with(one.begin);
  });
  return found == kFormats.end() ? std::string_view() : found->name;
}

void append_map_head(std::uint64_t pairs, std::string& out) {
  item::append_item(out, [&](std::uint8_t*& at) { item::put_map(at, pairs); });
}

void append_count(const char* name, std::uint64_t number, std::string& out) {
  item::append_text(out, name);
  item::append_item(out, [&](std::uint8_t*& at) { item::put_unsigned(at, number); });
}

void append_picture(std::string_view file, std::string_view format,
                    std::optional<std::uint64_t> width, std::optional<std::uint64_t> height,
                    std::string& out) {
  append_map_head(1u + (format.empty() ? 0 : 1) + (width ? 1 : 0) + (height ? 1 : 0), out);
  if (!format.empty()) {
    item::append_text(out, "format");
    item::append_text(out, format);
  }
  if (width) append_count("width", *width, out);
  if (height) append_count("height", *height, out);
  item::append_text(out, "data");
  item::append_item(out, [&](std::uint8_t*& at) { item::put_binary(at, file.size()); });
  out += file;
}

// What LeRobot keeps of a picture: {bytes, path}.
std::optional<std::string_view> bytes_of_picture(std::string_view item) {
  item::Cursor in(member_of(bytes_of(item), "bytes"));
  std::span<const std::uint8_t> bytes;
  if (!item::take_binary(in, bytes)) return std::nullopt;
  return text_of(bytes);
}

bool is_picture_without_bytes(std::string_view item) {
  const std::optional<MapBytes> map = open_map(bytes_of(item));
  return map && (map->count == 0 || find_member(*map, "path"));
}

}  // namespace

bool append_by_name(std::string_view item, const std::vector<std::string>& names,
                    std::string& out) {
  if (names.empty()) return false;
  item::Cursor in(bytes_of(item));
  std::uint32_t count = 0;
  if (!item::take_array(in, count)) {
    const bool is_one = names.size() == 1 && !in.is_at(item::Type::kMap);
    if (!is_one) return false;
    append_map_head(1, out);
    item::append_text(out, names.front());
    out += item;
    return true;
  }
  if (count != names.size()) return false;
  append_map_head(count, out);
  for (const std::string& name : names) {
    std::span<const std::uint8_t> value;
    static_cast<void>(item::take_whole(in, value));
    item::append_text(out, name);
    out += text_of(value);
  }
  return true;
}

FeatureTracks::FeatureTracks(const SetInfo& info) {
  for (const SetFeature& feature : info.features)
    features_.try_emplace(feature.key, Feature{new_track(feature.key), &feature});
}

FeatureTracks::Feature& FeatureTracks::of(const std::string& key) {
  const auto known = features_.find(key);
  if (known != features_.end()) return known->second;
  return features_.try_emplace(key, Feature{new_track(key)}).first->second;
}

// Each is another one, and none of zbag's own.
std::string FeatureTracks::new_track(const std::string& key) {
  std::string with_slashes = key;
  std::ranges::replace(with_slashes, '.', '/');
  for (const std::string& name : {with_slashes, key, key + "_2"}) {
    const bool is_one = track_name_fault(name) == nullptr && !is_system_track(name);
    if (is_one && tracks_.insert(name).second) return name;
  }
  return {};
}

Status FeatureTracks::take(const std::string& key, Timestamp stamp, std::string_view item,
                           const std::string& place, ImportSink& sink) {
  if (item.empty()) return {};
  const Feature& feature = of(key);
  if (feature.track.empty()) {
    sink.leave_out(
        fmt::format("feature {} is left out: no track can be called so", printable(key)));
    return {};
  }
  if (feature.said != nullptr && feature.said->dtype == "image") {
    if (const std::optional<std::string_view> file = bytes_of_picture(item))
      return take_picture(key, stamp, *file, feature.said->width, feature.said->height, sink);
    if (is_picture_without_bytes(item)) {
      sink.refuse(fmt::format("{}: the picture of {} is not in the file", place, printable(key)));
      return {};
    }
  }
  map_.clear();
  if (feature.said == nullptr || !append_by_name(item, feature.said->names, map_)) {
    append_map_head(1, map_);
    item::append_text(map_, kValue);
    map_ += item;
  }
  return sink.frame(feature.track, stamp, bytes_of(map_));
}

Status FeatureTracks::take_picture(const std::string& key, Timestamp stamp, std::string_view file,
                                   std::optional<std::uint64_t> width,
                                   std::optional<std::uint64_t> height, ImportSink& sink) {
  Feature& feature = of(key);
  if (feature.track.empty()) return {};
  const std::string_view format = format_of(file);
  if (!format.empty() && format != "tiff" && !std::exchange(feature.has_kind, true))
    sink.kind(feature.track, kPictureKind, {});
  map_.clear();
  append_picture(file, format, width, height, map_);
  return sink.frame(feature.track, stamp, bytes_of(map_));
}

}  // namespace zbag
