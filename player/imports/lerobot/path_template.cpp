#include "player/imports/lerobot/path_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kTemplateBytesMax = 1'024;
constexpr std::size_t kPathBytesMax = 4'096;
constexpr unsigned kDigitsMax = 20;
constexpr std::string_view kKey = "video_key";
constexpr std::array<std::pair<std::string_view, std::uint64_t PathTemplate::Places::*>, 4>
    kNumbers = {{{"episode_chunk", &PathTemplate::Places::episode_chunk},
                 {"episode_index", &PathTemplate::Places::episode_index},
                 {"chunk_index", &PathTemplate::Places::chunk_index},
                 {"file_index", &PathTemplate::Places::file_index}}};

bool is_below(const std::string& text) {
  const std::filesystem::path path = text;
  const bool has_control =
      std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return !text.empty() && text.size() <= kPathBytesMax && !has_control && path.is_relative() &&
         path.has_filename() &&
         std::find(path.begin(), path.end(), std::filesystem::path("..")) == path.end();
}

}  // namespace

Result<PathTemplate> PathTemplate::parse(std::string_view text) {
  if (text.empty() || text.size() > kTemplateBytesMax)
    return fail(ErrorCode::kDamaged, "a template of a path that is empty, or very long");
  PathTemplate made;
  while (!text.empty()) {
    const std::size_t begin = text.find_first_of("{}");
    Part part;
    if (begin != std::string_view::npos) {
      const std::size_t end = text.find('}', begin);
      if (text[begin] == '}' || end == std::string_view::npos) {
        return fail(ErrorCode::kDamaged,
                    fmt::format("a brace alone in the template {}", printable(text)));
      }
      Result<Part> field = parse_field(text.substr(begin + 1, end - begin - 1));
      if (!field) return tl::unexpected(field.error());
      part = std::move(*field);
      part.literal = text.substr(0, begin);
      text.remove_prefix(end + 1);
    } else {
      part.literal = std::exchange(text, {});
    }
    made.parts_.push_back(std::move(part));
  }
  return made;
}

// "file_index:03d"
Result<PathTemplate::Part> PathTemplate::parse_field(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  Part part{.literal = {}, .field = std::string(text.substr(0, colon))};
  const bool is_number =
      std::ranges::any_of(kNumbers, [&](const auto& known) { return known.first == part.field; });
  std::string_view form = text.substr(colon);
  bool is_known = is_number || part.field == kKey;
  if (is_number && form.starts_with(":0") && form.ends_with('d')) {
    form = form.substr(2, form.size() - 3);
    const auto [end, error] = std::from_chars(form.data(), form.data() + form.size(), part.digits);
    is_known =
        error == std::errc() && end == form.data() + form.size() && part.digits <= kDigitsMax;
  } else {
    is_known = is_known && form.empty();
  }
  if (is_known) return part;
  return fail(ErrorCode::kDamaged,
              fmt::format("a template with {{{}}}, which is not known", printable(text)));
}

Result<std::string> PathTemplate::path(const Places& places) const {
  std::string path;
  for (const Part& part : parts_) {
    path += part.literal;
    if (part.field == kKey) path += places.video_key;
    for (const auto& [name, place] : kNumbers) {
      if (name == part.field) path += fmt::format("{:0{}}", places.*place, part.digits);
    }
  }
  if (is_below(path)) return path;
  return fail(ErrorCode::kDamaged,
              fmt::format("the path {} does not lie within the folder", printable(path)));
}

}  // namespace zbag
