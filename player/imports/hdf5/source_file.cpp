#include "player/imports/hdf5/source_file.hpp"

#include <fmt/format.h>

#include <cstring>

#include "player/imports/input_file.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5::reading {
namespace {

constexpr unsigned kReadOnly = 0;  // H5F_ACC_RDONLY, which would call the library by its name

herr_t refuse_link(const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) {
  return -1;
}

tl::unexpected<Error> fault_at(const std::string& place) {
  const LibraryError said = library_error();
  if (said.code)
    return fail(ErrorCode::kIo, fmt::format("{}: {}", place, std::strerror(*said.code)));
  return fail(ErrorCode::kDamaged, fmt::format("{}: HDF5: {}", place, said.text));
}

}  // namespace

Result<SourceFile> SourceFile::open(const std::string& path, std::function<bool()> goes_on) {
  const Result<InputFile> readable = InputFile::open(path);
  if (!readable) return tl::unexpected(readable.error());
  if (const auto loaded = load_hdf5(); !loaded)
    return fail(loaded.error().code, fmt::format("{}: {}", path, loaded.error().message));
  // Without it data sets that need it are passed over.
  static_cast<void>(load_lzf());
  Id links{hdf5().H5Pcreate(*hdf5().H5P_CLS_LINK_ACCESS_ID_g), hdf5().H5Pclose};
  const bool is_set =
      links.is_open() && hdf5().H5Pset_elink_cb(links.get(), refuse_link, nullptr) >= 0;
  Id file{hdf5().H5Fopen(path.c_str(), kReadOnly, H5P_DEFAULT), hdf5().H5Fclose};
  if (!is_set || !file.is_open()) return fault_at(path);
  return SourceFile(path, std::move(goes_on), std::move(file), std::move(links));
}

Id SourceFile::object(const std::string& at) const {
  goes_on_();
  return {hdf5().H5Oopen(file_.get(), at.empty() ? "/" : at.c_str(), links_.get()),
          hdf5().H5Oclose};
}

Id SourceFile::dataset(const std::string& at, std::size_t cache_bytes) const {
  goes_on_();
  constexpr std::size_t kSlots = 521;  // as the library has it
  Properties access(hdf5().H5P_CLS_DATASET_ACCESS_ID_g);
  access.with(hdf5().H5Pset_elink_cb, refuse_link, static_cast<void*>(nullptr))
      .with(hdf5().H5Pset_chunk_cache, kSlots, cache_bytes, 1.0);
  if (!access.is_good()) return {};
  return {hdf5().H5Dopen2(file_.get(), at.c_str(), access.get()), hdf5().H5Dclose};
}

tl::unexpected<Error> SourceFile::fault(const std::string& at) const { return fault_at(place(at)); }

std::string SourceFile::place(const std::string& at) const {
  return fmt::format("{}: /{}", path_, printable(at));
}

}  // namespace zbag::hdf5::reading
