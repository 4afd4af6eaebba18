#include "player/imports/lerobot/set_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "player/imports/json_line.hpp"
#include "player/imports/unlike_names.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kFeaturesMax = 4'096;
constexpr double kFpsMax = 1e6;
constexpr std::size_t kTextBytesMax = 4'096;  // of what is described
constexpr std::size_t kSplitsMax = 64;

tl::unexpected<Error> bad(std::string what) { return fail(ErrorCode::kDamaged, std::move(what)); }

// Texts alone, each another one; empty: they are not that.
std::vector<std::string> texts_of(const Array& values) {
  std::vector<std::string> texts;
  for (const Value& value : values) {
    const auto* const text = value.get_if<std::string>();
    if (text == nullptr) return {};
    texts.push_back(*text);
  }
  make_unlike(texts, "value");
  return texts;
}

// {"x": 0, "y": 1}
std::vector<std::string> names_by_place(const Fields& places) {
  std::vector<std::string> names(places.size());
  for (const auto& [name, place] : places) {
    const auto* const at = place.get_if<std::uint64_t>();
    if (at == nullptr || *at >= names.size() || !names[*at].empty()) return {};
    names[*at] = name;
  }
  make_unlike(names, "value");
  return names;
}

// A list, {"motors": [...]}, or {"x": 0, "y": 1}; null and others: none.
std::vector<std::string> names_of(const Value* value) {
  if (value == nullptr) return {};
  if (const auto* const list = value->get_if<Array>()) return texts_of(*list);
  const auto* const map = value->get_if<Fields>();
  if (map == nullptr || map->empty()) return {};
  const auto* const inner = map->front().second.get_if<Array>();
  if (map->size() == 1 && inner != nullptr) return texts_of(*inner);
  return names_by_place(*map);
}

bool is_depth_map(const Fields& feature) {
  return bool_field(map_field(feature, "info"), "is_depth_map") ||
         bool_field(map_field(feature, "info"), "video.is_depth_map") ||
         bool_field(map_field(feature, "video_info"), "video.is_depth_map");
}

// The side that is called so, as shape and names lie side by side.
std::optional<std::uint64_t> side_of(const Array& shape, const std::vector<std::string>& names,
                                     std::string_view name) {
  const auto at = std::ranges::find_if(
      names, [&](const std::string& one) { return one == name || one == name.substr(0, 1); });
  if (at == names.end() || names.size() != shape.size()) return std::nullopt;
  const auto* const side =
      shape[static_cast<std::size_t>(at - names.begin())].get_if<std::uint64_t>();
  return side != nullptr ? std::optional(*side) : std::nullopt;
}

Result<SetFeature> feature_of(const std::string& key, const Value& value) {
  const auto* const said = value.get_if<Fields>();
  const auto* const dtype = said != nullptr ? field_as<std::string>(*said, "dtype") : nullptr;
  if (dtype == nullptr) return bad(fmt::format("feature {} has no dtype", printable(key)));
  SetFeature feature{.key = key, .dtype = *dtype};
  feature.is_depth = is_depth_map(*said);
  std::vector<std::string> names = names_of(find_field(*said, "names"));
  const auto* const shape = field_as<Array>(*said, "shape");
  if (shape == nullptr) return feature;
  if (*dtype == "image" || *dtype == "video") {
    feature.width = side_of(*shape, names, "width");
    feature.height = side_of(*shape, names, "height");
    return feature;
  }
  // One name for all numbers, of a whole arm, is none of theirs.
  const auto* const count = shape->size() == 1 ? shape->front().get_if<std::uint64_t>() : nullptr;
  if (count != nullptr && *count == names.size()) feature.names = std::move(names);
  return feature;
}

Result<std::vector<SetFeature>> features_of(const Fields& info) {
  const auto* const said = field_as<Fields>(info, "features");
  if (said == nullptr) return bad("it names no features");
  if (said->size() > kFeaturesMax) return bad(fmt::format("more than {} features", kFeaturesMax));
  std::vector<SetFeature> features;
  for (const auto& [key, value] : *said) {
    Result<SetFeature> feature = feature_of(key, value);
    if (!feature) return tl::unexpected(feature.error());
    features.push_back(std::move(*feature));
  }
  return features;
}

Result<std::optional<PathTemplate>> template_of(const Fields& info, const char* name) {
  const auto* const text = field_as<std::string>(info, name);
  if (text == nullptr) return std::optional<PathTemplate>();
  Result<PathTemplate> parsed = PathTemplate::parse(*text);
  if (!parsed) return fail(parsed.error(), name);
  // What leads out of the folder whatever stands in it is told at once.
  const Result<std::string> tried = parsed->path({.video_key = "key"});
  if (!tried) return fail(tried.error(), name);
  return std::optional(std::move(*parsed));
}

bool is_short(const Value& value) {
  const auto* const text = value.get_if<std::string>();
  return text != nullptr ? text->size() <= kTextBytesMax : number_of(value).has_value();
}

Fields described_by(const Fields& info) {
  Fields described;
  for (const char* const name : {"codebase_version", "fps", "total_episodes", "total_frames",
                                 "total_tasks", "total_videos"}) {
    const Value* const value = find_field(info, name);
    if (value != nullptr && is_short(*value)) described.emplace_back(name, *value);
  }
  Fields splits;
  for (const auto& [name, value] : map_field(info, "splits")) {
    if (splits.size() < kSplitsMax && is_short(value)) splits.emplace_back(name, value);
  }
  if (!splits.empty()) described.emplace_back("splits", Value(std::move(splits)));
  return described;
}

Status take_version(const Fields& info, SetInfo& set) {
  const std::string version = text_field(info, "codebase_version");
  set.has_file_per_episode = version == "v2.0" || version == "v2.1";
  if (set.has_file_per_episode || version.starts_with("v3.")) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("a data set of LeRobot of version {}; v2.0, v2.1 and v3.0 are read",
                          version.empty() ? "unknown" : printable(version)));
}

}  // namespace

Result<SetInfo> parse_set_info(std::string_view json) {
  const Result<Value> value = parse_json_line(json);
  if (!value) return bad(value.error().message);
  const auto* const info = value->get_if<Fields>();
  if (info == nullptr) return bad("it is no JSON object");
  SetInfo set;
  if (Status known = take_version(*info, set); !known) return tl::unexpected(known.error());
  set.fps = number_field(*info, "fps", 0.0);
  if (!(set.fps > 0.0 && set.fps <= kFpsMax)) return bad("its fps is no number of frames a second");
  const std::optional<std::int64_t> chunk = int_field(*info, "chunks_size");
  if (chunk && *chunk > 0) set.chunk_episodes = static_cast<std::uint64_t>(*chunk);
  Result<std::optional<PathTemplate>> data = template_of(*info, "data_path");
  if (!data) return tl::unexpected(data.error());
  if (!*data) return bad("it has no data_path");
  Result<std::optional<PathTemplate>> video = template_of(*info, "video_path");
  if (!video) return tl::unexpected(video.error());
  Result<std::vector<SetFeature>> features = features_of(*info);
  if (!features) return tl::unexpected(features.error());
  set.data_path = std::move(*data);
  set.video_path = std::move(*video);
  set.features = std::move(*features);
  if (const std::string robot = text_field(*info, "robot_type"); robot.size() <= kTextBytesMax)
    set.robot_type = robot;
  set.described = described_by(*info);
  return set;
}

}  // namespace zbag
