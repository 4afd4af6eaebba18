#include "player/imports/hdf5/picture_set.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "schemas/frame.hpp"

namespace zbag::hdf5::reading {
namespace {

constexpr std::size_t kDepthSideMin = 32;  // what is smaller is a matrix

const char* colours_of(std::size_t count) {
  if (count == 1) return "mono8";
  if (count == 3) return "rgb8";
  return count == 4 ? "rgba8" : nullptr;
}

// What a pixel of more than a byte is; null: no picture has such.
const char* depth_of(const StoredType& type) {
  if (type.form == StoredType::Form::kUnsigned && type.bytes == 2) return "16UC1";
  return type.form == StoredType::Form::kFloat && type.bytes == 4 ? "32FC1" : nullptr;
}

struct Picture {
  std::vector<std::size_t> axes;  // rows, columns, colours if there are several
  std::string_view encoding;
  std::size_t pixel_bytes;
};

std::optional<Picture> picture_of(const StoredSet& set, const RowShape& shape) {
  std::vector<std::size_t> axes = shape.axes;
  if (axes.size() < 2 || axes.size() > 3) return std::nullopt;
  const auto length = [&](std::size_t n) { return set.dims[axes[n]]; };
  std::size_t colours = 1;
  if (axes.size() == 3) {
    const bool is_behind = colours_of(length(2)) != nullptr;
    if (!is_behind && colours_of(length(0)) == nullptr) return std::nullopt;
    if (!is_behind) axes = {axes[1], axes[2], axes[0]};
    colours = length(2);
  }
  if (length(0) == 0 || length(1) == 0) return std::nullopt;
  if (set.type.is_byte) return Picture{std::move(axes), colours_of(colours), colours};
  const char* const depth = depth_of(set.type);
  const bool is_large = length(0) >= kDepthSideMin && length(1) >= kDepthSideMin;
  if (depth == nullptr || !is_large || colours != 1) return std::nullopt;
  return Picture{std::move(axes), depth, set.type.bytes};
}

FieldPlan constant(const char* name, const Value& value) {
  FieldPlan field{.path = {name}};
  encode_value(value, field.constant);
  return field;
}

}  // namespace

std::optional<std::vector<FieldPlan>> picture_fields(const StoredSet& set, const RowShape& shape) {
  std::optional<Picture> picture = picture_of(set, shape);
  if (!picture) return std::nullopt;
  const std::size_t width = set.dims[picture->axes[1]];
  std::vector<FieldPlan> fields;
  fields.push_back(constant("height", Value(set.dims[picture->axes[0]])));
  fields.push_back(constant("width", Value(width)));
  fields.push_back(constant("encoding", Value(picture->encoding)));
  fields.push_back(constant("step", Value(width * picture->pixel_bytes)));
  if (picture->pixel_bytes > 1 && !set.type.is_byte)
    fields.push_back(constant("is_bigendian", Value(0)));
  FieldPlan data{.path = {"data"}};
  data.columns.push_back({.set = set,
                          .shape = {shape.time_axis, std::move(picture->axes)},
                          .as = ColumnPlan::As::kBytes});
  fields.push_back(std::move(data));
  return fields;
}

}  // namespace zbag::hdf5::reading
