#include "player/imports/hdf5/attributes.hpp"

#include <utility>
#include <vector>

#include "player/imports/hdf5/stored_type.hpp"
#include "player/imports/utf8_text.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag::hdf5::reading {
namespace {

constexpr std::size_t kCountMax = 1'000;  // of an object

// Appends the values that lie in the attribute, a list where it is of any dimension.
bool append_values(const Id& attribute, std::string& out) {
  const Id in_file{hdf5().H5Aget_type(attribute.get()), hdf5().H5Tclose};
  const Id space{hdf5().H5Aget_space(attribute.get()), hdf5().H5Sclose};
  const hssize_t count = hdf5().H5Sget_simple_extent_npoints(space.get());
  const Result<TypeInMemory> memory = type_in_memory(in_file.get());
  if (!memory || count < 1) return false;
  const StoredType& type = memory->type;
  const auto number = static_cast<std::size_t>(count);
  if (number > kAttributeBytesMax / type.bytes) return false;
  std::vector<std::uint8_t> values(number * type.bytes);
  if (hdf5().H5Aread(attribute.get(), memory->id.get(), values.data()) < 0) return false;
  std::size_t left = kAttributeBytesMax;
  bool is_whole = true;
  const bool is_one = hdf5().H5Sget_simple_extent_type(space.get()) == H5S_SCALAR;
  if (!is_one) item::append_item(out, [&](std::uint8_t*& at) { item::put_array(at, number); });
  for (std::size_t n = 0; n < number && is_whole; ++n)
    is_whole = append_element(type, values.data() + n * type.bytes, left, out);
  if (type.is_of_any_length())
    hdf5().H5Dvlen_reclaim(memory->id.get(), space.get(), H5P_DEFAULT, values.data());
  return is_whole && out.size() <= kAttributeBytesMax;
}

std::string item_of(const Id& object, const char* name) {
  std::string item;
  if (hdf5().H5Aexists(object.get(), name) <= 0) return item;
  const Id attribute{hdf5().H5Aopen(object.get(), name, H5P_DEFAULT), hdf5().H5Aclose};
  if (!attribute.is_open() || !append_values(attribute, item)) item.clear();
  return item;
}

herr_t take_name(hid_t, const char* name, const H5A_info_t*, void* into) {
  auto& names = *static_cast<std::vector<std::string>*>(into);
  if (names.size() == kCountMax) return 1;
  names.emplace_back(name);
  return 0;
}

}  // namespace

std::optional<std::string> text_attribute(const Id& object, const char* name) {
  const std::string item = item_of(object, name);
  item::Cursor in(bytes_of(item));
  std::span<const std::uint8_t> text;
  if (!item::take_text(in, text)) return std::nullopt;
  return std::string(text_of(text));
}

std::optional<std::int64_t> int_attribute(const Id& object, const char* name) {
  const std::string item = item_of(object, name);
  item::Cursor in(bytes_of(item));
  std::uint64_t bits = 0;
  bool is_above = false;
  if (!item::take_int(in, bits, is_above) || is_above) return std::nullopt;
  return static_cast<std::int64_t>(bits);
}

Attributes attributes_of(const Id& object) {
  std::vector<std::string> names;
  Attributes all;
  all.are_all =
      hdf5().H5Aiterate2(object.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, take_name, &names) == 0;
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    const std::string item = item_of(object, name.c_str());
    std::string map;
    item::append_item(map, [](std::uint8_t*& at) { item::put_map(at, 1); });
    item::append_text(map, utf8_text(name));
    map += item;
    bytes += map.size();
    Result<Fields> field = decode_fields(bytes_of(map));
    if (item.empty() || bytes > kAttributeBytesMax || !field) {
      all.are_all = false;
      continue;
    }
    all.fields.push_back(std::move(field->front()));
  }
  return all;
}

}  // namespace zbag::hdf5::reading
