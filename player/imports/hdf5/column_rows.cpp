#include "player/imports/hdf5/column_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/put_item.hpp"

namespace zbag::hdf5::reading {
namespace {

// Of texts and lists, before it is known how long they are.
constexpr std::size_t kGuessedBytes = 256;

// Times the memory of a column, which is of one track's share.
constexpr std::size_t kKeptChunks = 4;

// Of a row of whole chunks; 0: it does not lie in such.
std::size_t chunk_bytes_of(const StoredSet& set, std::size_t time_axis, std::size_t row_bytes) {
  return set.chunk.empty() ? 0 : set.chunk[time_axis] * row_bytes;
}

}  // namespace

Result<ColumnRows> ColumnRows::open(const SourceFile& file, const StoredSet& set,
                                    const RowShape& shape, std::size_t bytes) {
  ColumnRows rows(file, set, shape);
  if (Status opened = rows.open(bytes); !opened) return tl::unexpected(opened.error());
  return rows;
}

Status ColumnRows::open(std::size_t bytes) {
  elements_ = 1;
  for (const std::size_t axis : shape_.axes) elements_ *= set_.dims[axis];
  row_bytes_ = elements_ * set_.type.bytes;
  std::size_t guessed = std::max<std::size_t>(row_bytes_, 1);
  if (set_.type.is_of_any_length()) guessed += elements_ * kGuessedBytes;
  slab_rows_ = std::clamp<std::size_t>(bytes / guessed, 1,
                                       std::max<std::size_t>(set_.dims[shape_.time_axis], 1));
  arena_bytes_ = std::max<std::size_t>(bytes, 1u << 20);
  // Whole chunks at a time are taken apart once; where they are too large for that, they are kept.
  std::size_t kept_bytes = 0;
  const std::size_t chunk_rows = set_.chunk.empty() ? 1 : set_.chunk[shape_.time_axis];
  if (slab_rows_ >= chunk_rows) {
    slab_rows_ -= slab_rows_ % chunk_rows;
  } else {
    kept_bytes = chunk_bytes_of(set_, shape_.time_axis, std::max<std::size_t>(row_bytes_, 1));
    if (kept_bytes > kKeptChunks * bytes) kept_bytes = 0;
  }
  dataset_ = file_->dataset(set_.path, kept_bytes);
  if (!dataset_.is_open()) return file_->fault(set_.path);
  const Id in_file{hdf5().H5Dget_type(dataset_.get()), hdf5().H5Tclose};
  if (set_.member) {
    Result<NamedMember> member = named_member(in_file.get(), *set_.member);
    if (!member) return tl::unexpected(member.error());
    memory_type_ = std::move(member->id);
    return {};
  }
  Result<TypeInMemory> memory = type_in_memory(in_file.get());
  if (!memory) return tl::unexpected(memory.error());
  memory_type_ = std::move(memory->id);
  return {};
}

Status ColumnRows::load(std::size_t row) {
  if (row >= first_ && row - first_ < count_) {
    row_ = row - first_;
    return {};
  }
  count_ = 0;
  std::size_t count = std::min(slab_rows_, set_.dims[shape_.time_axis] - row);
  Status got = read(row, count, arena_bytes_);
  // What has no fixed size is longer than it was thought to be.
  while (!got && arena_->is_full() && count > 1) {
    count = std::max<std::size_t>(count / 4, 1);
    slab_rows_ = count;
    got = read(row, count, count == 1 ? kRowBytesMax : arena_bytes_);
  }
  if (!got && arena_->is_full())
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: row {} has more than {} MiB", file_->place(set_.path), row + 1,
                            kRowBytesMax >> 20));
  if (!got) return got;
  first_ = row;
  count_ = count;
  row_ = 0;
  return {};
}

Status ColumnRows::read(std::size_t row, std::size_t count, std::size_t arena_bytes) {
  std::vector<hsize_t> from(set_.dims.size(), 0);
  std::vector<hsize_t> size(set_.dims.begin(), set_.dims.end());
  from[shape_.time_axis] = row;
  size[shape_.time_axis] = count;
  lay_out(count);
  values_.assign(std::max<std::size_t>(row_bytes_ * count, 1), 0);
  arena_->begin(arena_bytes);
  const int rank = static_cast<int>(size.size());
  const Id memory{hdf5().H5Screate_simple(rank, size.data(), nullptr), hdf5().H5Sclose};
  const Id file{hdf5().H5Dget_space(dataset_.get()), hdf5().H5Sclose};
  Properties transfer(hdf5().H5P_CLS_DATASET_XFER_ID_g);
  constexpr std::size_t kConverted = 1u << 20;  // as the library has it
  transfer
      .with(hdf5().H5Pset_buffer, std::max(kConverted, set_.type.bytes * 2),
            static_cast<void*>(nullptr), static_cast<void*>(nullptr))
      .with(hdf5().H5Pset_vlen_mem_manager, static_cast<H5MM_allocate_t>(&Arena::take),
            static_cast<void*>(arena_.get()), static_cast<H5MM_free_t>(&Arena::give_back),
            static_cast<void*>(nullptr));
  const bool is_read = transfer.is_good() &&
                       hdf5().H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, from.data(), nullptr,
                                                  size.data(), nullptr) >= 0 &&
                       hdf5().H5Dread(dataset_.get(), memory_type_.get(), memory.get(), file.get(),
                                      transfer.get(), values_.data()) >= 0;
  if (!is_read) return file_->fault(set_.path);
  return {};
}

// As the elements of so many rows lie in memory: as those of the set do.
void ColumnRows::lay_out(std::size_t count) {
  std::vector<std::size_t> strides(set_.dims.size(), 1);
  for (std::size_t axis = set_.dims.size() - 1; axis > 0; --axis) {
    const std::size_t length = axis == shape_.time_axis ? count : set_.dims[axis];
    strides[axis - 1] = strides[axis] * length;
  }
  row_stride_ = strides[shape_.time_axis];
  axes_.clear();
  for (const std::size_t axis : shape_.axes) axes_.push_back({set_.dims[axis], strides[axis]});
}

bool ColumnRows::append(std::size_t& left, std::string& out) const {
  return append(0, row_ * row_stride_, left, out);
}

bool ColumnRows::append(std::size_t axis, std::size_t at, std::size_t& left,
                        std::string& out) const {
  if (axis == axes_.size()) return append_element(set_.type, element(at), left, out);
  const Axis& here = axes_[axis];
  if (set_.type.is_byte && axis + 1 == axes_.size()) {
    item::append_item(out, [&](std::uint8_t*& to) { item::put_binary(to, here.count); });
    append_bytes(axis, at, out);
    return true;
  }
  if (here.count > left) return false;
  item::append_item(out, [&](std::uint8_t*& to) { item::put_array(to, here.count); });
  for (std::size_t n = 0; n < here.count; ++n) {
    if (!append(axis + 1, at + n * here.stride, left, out)) return false;
  }
  return true;
}

void ColumnRows::append_bytes(std::string& out) const {
  const std::size_t size = row_bytes_;
  item::append_item(out, [&](std::uint8_t*& to) { item::put_binary(to, size); });
  append_bytes(0, row_ * row_stride_, out);
}

void ColumnRows::append_bytes(std::size_t axis, std::size_t at, std::string& out) const {
  const auto append_run = [&](std::size_t from, std::size_t elements) {
    out.append(reinterpret_cast<const char*>(element(from)), elements * set_.type.bytes);
  };
  if (axis == axes_.size()) return append_run(at, 1);
  const Axis& here = axes_[axis];
  const bool is_in_order = axis + 1 == axes_.size() && here.stride == 1;
  if (is_in_order) return append_run(at, here.count);
  for (std::size_t n = 0; n < here.count; ++n) append_bytes(axis + 1, at + n * here.stride, out);
}

}  // namespace zbag::hdf5::reading
