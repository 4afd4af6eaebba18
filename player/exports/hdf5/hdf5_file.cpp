#include "player/exports/hdf5/hdf5_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "player/exports/output_file.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5 {
namespace {

constexpr unsigned kEmptied = 0x0002u;  // H5F_ACC_TRUNC, which would call the library by its name
constexpr unsigned kSzipBlock = 16;     // values that are looked at together
constexpr std::uint64_t kChunkBytesMax = 4u << 20;  // of a row that alone is more than a chunk
constexpr unsigned kByOrder = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

// What the library says of the call that has just failed: kDiskFull or kIo where that came from the
// system, else kUnsupported, as the library does not do it.
tl::unexpected<Error> hdf5_failure(const std::string& what) {
  const LibraryError said = library_error();
  if (said.code) return tl::unexpected(disk_error("HDF5: " + what, *said.code));
  return fail(ErrorCode::kUnsupported, fmt::format("HDF5: {}: {}", what, said.text));
}

Properties utf8_names(const hid_t* of) {
  Properties names(of);
  names.with(hdf5().H5Pset_char_encoding, H5T_CSET_UTF8);
  return names;
}

Id copy_of(const hid_t* type) { return {hdf5().H5Tcopy(*type), hdf5().H5Tclose}; }

Id text_type() {
  Id type = copy_of(hdf5().H5T_C_S1_g);
  hdf5().H5Tset_size(type.get(), H5T_VARIABLE);
  hdf5().H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Id bool_type() {
  Id type{hdf5().H5Tenum_create(*hdf5().H5T_NATIVE_INT8_g), hdf5().H5Tclose};
  std::int8_t value = 0;
  for (const char* const name : {"FALSE", "TRUE"}) {
    hdf5().H5Tenum_insert(type.get(), name, &value);
    ++value;
  }
  return type;
}

Id type_of(Element element) {
  switch (element) {
    case Element::kBool:
      return bool_type();
    case Element::kText:
      return text_type();
    case Element::kUint8:
      return copy_of(hdf5().H5T_NATIVE_UINT8_g);
    case Element::kInt64:
      return copy_of(hdf5().H5T_NATIVE_INT64_g);
    case Element::kUint64:
      return copy_of(hdf5().H5T_NATIVE_UINT64_g);
    case Element::kFloat32:
      return copy_of(hdf5().H5T_NATIVE_FLOAT_g);
    case Element::kFloat64:
      break;
  }
  return copy_of(hdf5().H5T_NATIVE_DOUBLE_g);
}

Id type_of(const RowType& row) {
  Id element = type_of(row.element);
  if (row.shape != RowShape::kAnyList) return element;
  return {hdf5().H5Tvlen_create(element.get()), hdf5().H5Tclose};
}

std::vector<hsize_t> chunk_of(const RowType& row, const Layout& layout) {
  std::vector<hsize_t> chunk{layout.chunk_rows};
  if (row.shape == RowShape::kList)
    chunk.push_back(std::min<hsize_t>(row.width, kChunkBytesMax / row.element_bytes()));
  return chunk;
}

}  // namespace

Status check(const Filters& filters) {
  if (const auto loaded = load_hdf5(); !loaded) return tl::unexpected(loaded.error());
  if (filters.codec == Codec::kLzf) return load_lzf();
  if (filters.codec == Codec::kNone) return {};
  const H5Z_filter_t filter = filters.codec == Codec::kSzip ? H5Z_FILTER_SZIP : H5Z_FILTER_DEFLATE;
  unsigned can = 0;
  const bool is_there = hdf5().H5Zfilter_avail(filter) > 0 &&
                        hdf5().H5Zget_filter_info(filter, &can) >= 0 &&
                        (can & H5Z_FILTER_CONFIG_ENCODE_ENABLED) != 0;
  if (is_there) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("the library of HDF5 was built without {}; choose another --compression",
                          filters.codec == Codec::kSzip ? "szip" : "gzip"));
}

Status Described::set(const char* name, hid_t type, const void* value) {
  const Id space{hdf5().H5Screate(H5S_SCALAR), hdf5().H5Sclose};
  const Properties names = utf8_names(hdf5().H5P_CLS_ATTRIBUTE_CREATE_ID_g);
  Id attribute{hdf5().H5Acreate2(id_.get(), name, type, space.get(), names.get(), H5P_DEFAULT),
               hdf5().H5Aclose};
  const bool is_written = attribute.is_open() &&
                          hdf5().H5Awrite(attribute.get(), type, value) >= 0 && attribute.close();
  if (!is_written) return hdf5_failure(fmt::format("attribute {}", name));
  return {};
}

Status Described::set(const char* name, std::string_view text) {
  const bool is_plain = is_utf8(text) && text.find('\0') == std::string_view::npos;
  const std::string written = is_plain ? std::string(text) : harmless(text);
  const char* const begin = written.c_str();
  const Id type = text_type();
  return set(name, type.get(), &begin);
}

Status Described::set(const char* name, double value) {
  return set(name, *hdf5().H5T_NATIVE_DOUBLE_g, &value);
}

Status Described::set(const char* name, std::int64_t value) {
  return set(name, *hdf5().H5T_NATIVE_INT64_g, &value);
}

Status Dataset::grow_to(std::uint64_t rows) {
  const std::array<hsize_t, 2> size{rows, row_.width};
  if (hdf5().H5Dset_extent(id_.get(), size.data()) < 0) return hdf5_failure("more rows");
  rows_ = rows;
  return {};
}

Status Dataset::append(const void* values, std::uint64_t rows) {
  if (rows == 0) return {};
  const int rank = row_.shape == RowShape::kList ? 2 : 1;
  const std::array<hsize_t, 2> from{rows_, 0};
  const std::array<hsize_t, 2> size{rows, row_.width};
  if (Status grown = grow_to(rows_ + rows); !grown) return grown;
  const Id memory{hdf5().H5Screate_simple(rank, size.data(), nullptr), hdf5().H5Sclose};
  const Id file{hdf5().H5Dget_space(id_.get()), hdf5().H5Sclose};
  const bool is_written =
      hdf5().H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, from.data(), nullptr, size.data(),
                                 nullptr) >= 0 &&
      hdf5().H5Dwrite(id_.get(), type_.get(), memory.get(), file.get(), H5P_DEFAULT, values) >= 0;
  if (!is_written) return hdf5_failure("rows");
  return {};
}

Result<Group> Group::child(const std::string& name) {
  const htri_t is_there = hdf5().H5Lexists(id_.get(), name.c_str(), H5P_DEFAULT);
  if (is_there > 0) {
    Id known{hdf5().H5Gopen2(id_.get(), name.c_str(), H5P_DEFAULT), hdf5().H5Gclose};
    if (!known.is_open()) return hdf5_failure("group " + printable(name));
    return Group(std::move(known), filters_);
  }
  const Properties names = utf8_names(hdf5().H5P_CLS_LINK_CREATE_ID_g);
  Properties group(hdf5().H5P_CLS_GROUP_CREATE_ID_g);
  group.with(hdf5().H5Pset_link_creation_order, kByOrder)
      .with(hdf5().H5Pset_attr_creation_order, kByOrder)
      .with(hdf5().H5Pset_obj_track_times, false);
  Id made{hdf5().H5Gcreate2(id_.get(), name.c_str(), names.get(), group.get(), H5P_DEFAULT),
          hdf5().H5Gclose};
  if (is_there < 0 || !group.is_good() || !made.is_open())
    return hdf5_failure("group " + printable(name));
  return Group(std::move(made), filters_);
}

// The checksum is the last: of what lies on the disk. What does not lie in chunks the library gives
// to no filter.
Status Group::add_filters(hid_t properties, const RowType& row,
                          std::uint64_t chunk_elements) const {
  if (!row.is_in_chunks()) return {};
  const Codec codec = filters_.codec;
  const bool is_shuffled =
      row.element_bytes() > 1 && (codec == Codec::kGzip || codec == Codec::kLzf);
  herr_t done = 0;
  if (is_shuffled) done |= hdf5().H5Pset_shuffle(properties);
  if (codec == Codec::kGzip) done |= hdf5().H5Pset_deflate(properties, filters_.level);
  if (codec == Codec::kLzf)
    done |= hdf5().H5Pset_filter(properties, kLzfFilter, H5Z_FLAG_OPTIONAL, 0, nullptr);
  if (codec == Codec::kSzip && chunk_elements >= kSzipBlock)
    done |= hdf5().H5Pset_szip(properties, H5_SZIP_NN_OPTION_MASK, kSzipBlock);
  done |= hdf5().H5Pset_fletcher32(properties);
  if (done < 0) return hdf5_failure("filters");
  return {};
}

Result<Dataset> Group::dataset(const std::string& name, const RowType& row, const Layout& layout) {
  const std::vector<hsize_t> chunk = chunk_of(row, layout);
  const int rank = static_cast<int>(chunk.size());
  std::uint64_t elements = 1;
  for (const hsize_t side : chunk) elements *= side;
  Properties create(hdf5().H5P_CLS_DATASET_CREATE_ID_g);
  create.with(hdf5().H5Pset_chunk, rank, chunk.data())
      .with(hdf5().H5Pset_attr_creation_order, kByOrder)
      .with(hdf5().H5Pset_obj_track_times, false);
  if (Status added = add_filters(create.get(), row, elements); !added)
    return tl::unexpected(added.error());
  Id type = type_of(row);
  const std::uint8_t yes = 1;
  if (layout.is_true) create.with(hdf5().H5Pset_fill_value, type.get(), &yes);
  // Of the chunks one, which is full when the next is begun.
  Properties access(hdf5().H5P_CLS_DATASET_ACCESS_ID_g);
  access.with(hdf5().H5Pset_chunk_cache, std::size_t{1},
              static_cast<std::size_t>(elements * (row.bytes() / row.width)), 1.0);
  const std::array<hsize_t, 2> none{0, row.width};
  const std::array<hsize_t, 2> any{H5S_UNLIMITED, row.width};
  const Id space{hdf5().H5Screate_simple(rank, none.data(), any.data()), hdf5().H5Sclose};
  const Properties names = utf8_names(hdf5().H5P_CLS_LINK_CREATE_ID_g);
  Id made{hdf5().H5Dcreate2(id_.get(), name.c_str(), type.get(), space.get(), names.get(),
                            create.get(), access.get()),
          hdf5().H5Dclose};
  if (!create.is_good() || !access.is_good() || !made.is_open())
    return hdf5_failure("dataset " + printable(name));
  return Dataset(std::move(made), std::move(type), row);
}

Result<File> File::create(const std::string& path, const Filters& filters) {
  if (Status known = check(filters); !known) return tl::unexpected(known.error());
  Properties create(hdf5().H5P_CLS_FILE_CREATE_ID_g);
  create.with(hdf5().H5Pset_link_creation_order, kByOrder)
      .with(hdf5().H5Pset_attr_creation_order, kByOrder)
      .with(hdf5().H5Pset_obj_track_times, false);
  Properties access(hdf5().H5P_CLS_FILE_ACCESS_ID_g);
  access.with(hdf5().H5Pset_libver_bounds, H5F_LIBVER_V110, H5F_LIBVER_V110);
  Id file{hdf5().H5Fcreate(path.c_str(), kEmptied, create.get(), access.get()), hdf5().H5Fclose};
  if (!create.is_good() || !access.is_good() || !file.is_open()) return hdf5_failure("the file");
  return File(std::move(file), filters);
}

Result<Group> File::root() {
  Id root{hdf5().H5Gopen2(id_.get(), "/", H5P_DEFAULT), hdf5().H5Gclose};
  if (!root.is_open()) return hdf5_failure("the file");
  return Group(std::move(root), filters_);
}

Status File::close() {
  if (!id_.close()) return hdf5_failure("the file");
  return {};
}

}  // namespace zbag::hdf5
