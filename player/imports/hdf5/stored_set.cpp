#include "player/imports/hdf5/stored_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "player/imports/hdf5/attributes.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5::reading {
namespace {

// "ms", and "milliseconds since 2026-01-01" as netCDF has it, of which the beginning is not known.
std::optional<TimeUnit> unit_in(std::string_view text) {
  const std::size_t end = text.find(" since ");
  return unit_of_name(text.substr(0, end));
}

// A set of at most so many bytes is what it says, whatever the file holds of it.
constexpr double kBytesTrusted = 1u << 20;

using Lengths = std::array<hsize_t, StoredSet::kRankMax>;

tl::unexpected<Error> unread(std::string why) {
  return fail(ErrorCode::kUnsupported, std::move(why));
}

std::vector<std::size_t> first_of(const Lengths& lengths, int rank) {
  return {lengths.begin(), lengths.begin() + rank};
}

// Neither may lead to another file.
Status check_place(hid_t created) {
  const H5D_layout_t layout = hdf5().H5Pget_layout(created);
  if (layout == H5D_VIRTUAL) return unread("its values lie in other data sets (virtual)");
  if (layout == H5D_LAYOUT_ERROR) return unread("it does not say where its values lie");
  if (hdf5().H5Pget_external_count(created) > 0) return unread("its values lie in other files");
  return {};
}

Status check_filters(hid_t created) {
  const int count = hdf5().H5Pget_nfilters(created);
  for (int number = 0; number < count; ++number) {
    unsigned flags = 0;
    std::size_t values = 0;
    std::array<char, 64> name{};
    unsigned config = 0;
    const H5Z_filter_t filter =
        hdf5().H5Pget_filter2(created, static_cast<unsigned>(number), &flags, &values, nullptr,
                              name.size() - 1, name.data(), &config);
    if (filter < 0) return unread("it does not say how it is compressed");
    if (hdf5().H5Zfilter_avail(filter) > 0) continue;
    return unread(fmt::format("it needs filter {} ({}), which HDF5 has not here", filter,
                              name.front() == '\0' ? "of no name" : printable(name.data())));
  }
  return {};
}

Status read_chunk(hid_t created, StoredSet& set) {
  if (hdf5().H5Pget_layout(created) != H5D_CHUNKED) return {};
  Lengths lengths{};
  const int rank = hdf5().H5Pget_chunk(created, StoredSet::kRankMax, lengths.data());
  if (rank != static_cast<int>(set.dims.size())) return unread("its chunks are none of it");
  set.chunk = first_of(lengths, rank);
  double bytes = static_cast<double>(set.type.bytes);
  for (const std::size_t length : set.chunk) bytes *= static_cast<double>(length);
  if (bytes > static_cast<double>(StoredSet::kChunkBytesMax) || bytes < 1.0)
    return unread(fmt::format("its chunks have {:.0f} MB, where {} are the most", bytes / 1e6,
                              StoredSet::kChunkBytesMax >> 20));
  return {};
}

Status read_space(hid_t dataset, StoredSet& set) {
  const Id space{hdf5().H5Dget_space(dataset), hdf5().H5Sclose};
  if (hdf5().H5Sget_simple_extent_type(space.get()) == H5S_NULL) return unread("it is empty");
  const int rank = hdf5().H5Sget_simple_extent_ndims(space.get());
  if (rank > StoredSet::kRankMax)
    return unread(
        fmt::format("it has {} dimensions, where {} are the most", rank, StoredSet::kRankMax));
  Lengths lengths{};
  if (rank < 0 || hdf5().H5Sget_simple_extent_dims(space.get(), lengths.data(), nullptr) < 0)
    return unread("it has no dimensions");
  set.dims = first_of(lengths, rank);
  return {};
}

void read_attributes(const Id& dataset, StoredSet& set) {
  const Attributes attributes = attributes_of(dataset);
  set.has_attributes = !attributes.are_all;
  for (const auto& [name, value] : attributes.fields) {
    const auto* const text = value.get_if<std::string>();
    if (name == "MATLAB_class") {
      set.is_of_matlab = true;
      if (text != nullptr && *text == "logical" && set.type.form == StoredType::Form::kUnsigned) {
        set.type.form = StoredType::Form::kBool;
        set.type.is_byte = false;
      }
    } else if ((name == "unit" || name == "units") && text != nullptr && unit_in(*text)) {
      set.unit = unit_in(*text);
    } else {
      set.has_attributes = set.has_attributes || !name.starts_with("MATLAB_");
    }
  }
}

double bytes_of(const StoredSet& set) {
  double bytes = static_cast<double>(set.type.bytes);
  for (const std::size_t length : set.dims) bytes *= static_cast<double>(length);
  return bytes;
}

bool holds(const StoredSet& set, double times_smaller) {
  const double bytes = bytes_of(set);
  if (bytes > 0.0 && set.stored_bytes == 0) return false;
  return bytes <= kBytesTrusted || bytes <= static_cast<double>(set.stored_bytes) * times_smaller;
}

}  // namespace

Result<StoredSet> look_at(const SourceFile& file, const std::string& path) {
  const Id dataset = file.dataset(path, 0);
  if (!dataset.is_open()) return file.fault(path);
  StoredSet set{.path = path, .name = path.substr(path.rfind('/') + 1)};
  const Id created{hdf5().H5Dget_create_plist(dataset.get()), hdf5().H5Pclose};
  const Id in_file{hdf5().H5Dget_type(dataset.get()), hdf5().H5Tclose};
  if (!created.is_open() || !in_file.is_open()) return file.fault(path);
  Status good = check_place(created.get());
  if (good) good = check_filters(created.get());
  if (!good) return tl::unexpected(good.error());
  Result<TypeInMemory> memory = type_in_memory(in_file.get());
  // A compound of which some members are not read: it may be taken apart.
  const bool is_map = hdf5().H5Tget_class(in_file.get()) == H5T_COMPOUND;
  if (!memory && !is_map) return unread("it is of " + memory.error().message);
  set.type = memory ? std::move(memory->type) : StoredType{.form = StoredType::Form::kMap};
  if (!memory) set.type.bytes = hdf5().H5Tget_size(in_file.get());
  good = read_space(dataset.get(), set);
  if (good) good = read_chunk(created.get(), set);
  if (!good) return tl::unexpected(good.error());
  set.stored_bytes = hdf5().H5Dget_storage_size(dataset.get());
  read_attributes(dataset, set);
  return set;
}

std::vector<StoredSet> members_of(const SourceFile& file, const StoredSet& set,
                                  std::vector<std::string>& passed) {
  std::vector<StoredSet> members;
  const Id dataset = file.dataset(set.path, 0);
  const Id in_file{hdf5().H5Dget_type(dataset.get()), hdf5().H5Tclose};
  const int count = in_file.is_open() ? hdf5().H5Tget_nmembers(in_file.get()) : 0;
  for (int number = 0; number < count; ++number) {
    const auto at = static_cast<unsigned>(number);
    Result<NamedMember> member = named_member(in_file.get(), at);
    if (!member) {
      passed.push_back(fmt::format("{}: member {} is of {}: it is left out", file.place(set.path),
                                   number + 1, member.error().message));
      continue;
    }
    StoredSet one = set;
    one.name = std::move(member->name);
    one.member = at;
    one.type = std::move(member->type);
    members.push_back(std::move(one));
  }
  return members;
}

double row_bytes_of(const StoredSet& set, const RowShape& shape) {
  double bytes = static_cast<double>(set.type.bytes);
  for (const std::size_t axis : shape.axes) bytes *= static_cast<double>(set.dims[axis]);
  return bytes;
}

std::optional<RowShape> rows_of(const StoredSet& set, std::size_t rows) {
  if (set.dims.empty()) return std::nullopt;
  const std::size_t last = set.dims.size() - 1;
  RowShape shape;
  if (set.is_of_matlab && set.dims[last] == rows) {
    shape.time_axis = last;
  } else if (set.dims.front() != rows) {
    return std::nullopt;
  }
  for (std::size_t axis = 0; axis <= last; ++axis) {
    const bool is_of_vector = set.is_of_matlab && set.dims[axis] == 1 && last == 1;
    if (axis != shape.time_axis && !is_of_vector) shape.axes.push_back(axis);
  }
  if (set.is_of_matlab) std::ranges::reverse(shape.axes);
  return shape;
}

std::optional<std::size_t> length_of(const StoredSet& set) {
  if (set.dims.empty()) return std::nullopt;
  const bool has_one_row = set.is_of_matlab && set.dims.front() == 1;
  const std::size_t axis = has_one_row ? set.dims.size() - 1 : 0;
  for (std::size_t other = 0; other < set.dims.size(); ++other) {
    if (other != axis && set.dims[other] != 1) return std::nullopt;
  }
  return set.dims[axis];
}

bool has_values(const StoredSet& set) {
  constexpr double kSmallest = 65'536.0;  // zeros, by zstd
  return holds(set, kSmallest);
}

bool has_times(const StoredSet& set) {
  constexpr double kSmallest = 2'048.0;
  return holds(set, kSmallest);
}

}  // namespace zbag::hdf5::reading
