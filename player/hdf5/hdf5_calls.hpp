// The library of HDF5, loaded when a file of it is first asked for: to be linked with it would cost
// every start of zbag 44 ms. For who writes and who reads such files alone.
#pragma once

#include <hdf5.h>

#include <optional>
#include <string>
#include <vector>

#include "schemas/result.hpp"

namespace zbag::hdf5 {

// The functions that we call and the ids that we name, each under its own name.
class Hdf5Calls {
 public:
  explicit Hdf5Calls(void* library) : library_(library) {}
  // Those that the library does not have.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  void* library_;
  std::vector<std::string> missing_;

  // An address, which is that of what it is kept as.
  struct Found {
    void* at;
    template <class T>
    operator T*() const {
      return reinterpret_cast<T*>(at);
    }
  };
  Found find(const char* name);

 public:
// The name that a newer header has made of it.
#define ZBAG_HDF5_CALL_NAME(name) #name
// NOLINTNEXTLINE(bugprone-macro-parentheses): it declares a name.
#define ZBAG_HDF5_CALL(name) decltype(::name)* name = find(ZBAG_HDF5_CALL_NAME(name))
  // The library
  ZBAG_HDF5_CALL(H5dont_atexit);
  ZBAG_HDF5_CALL(H5open);
  ZBAG_HDF5_CALL(H5get_libversion);
  ZBAG_HDF5_CALL(H5free_memory);
  ZBAG_HDF5_CALL(H5Iget_type);
  ZBAG_HDF5_CALL(H5Eset_auto2);
  ZBAG_HDF5_CALL(H5Ewalk2);
  ZBAG_HDF5_CALL(H5Zfilter_avail);
  ZBAG_HDF5_CALL(H5Zget_filter_info);
  // Files and groups
  ZBAG_HDF5_CALL(H5Fcreate);
  ZBAG_HDF5_CALL(H5Fopen);
  ZBAG_HDF5_CALL(H5Fclose);
  ZBAG_HDF5_CALL(H5Oopen);
  ZBAG_HDF5_CALL(H5Oget_info2);
  ZBAG_HDF5_CALL(H5Oclose);
  ZBAG_HDF5_CALL(H5Gget_info);
  ZBAG_HDF5_CALL(H5Gcreate2);
  ZBAG_HDF5_CALL(H5Gopen2);
  ZBAG_HDF5_CALL(H5Gclose);
  ZBAG_HDF5_CALL(H5Lexists);
  ZBAG_HDF5_CALL(H5Literate);
  // Datasets and attributes
  ZBAG_HDF5_CALL(H5Dcreate2);
  ZBAG_HDF5_CALL(H5Dopen2);
  ZBAG_HDF5_CALL(H5Dset_extent);
  ZBAG_HDF5_CALL(H5Dget_space);
  ZBAG_HDF5_CALL(H5Dget_type);
  ZBAG_HDF5_CALL(H5Dget_create_plist);
  ZBAG_HDF5_CALL(H5Dget_storage_size);
  ZBAG_HDF5_CALL(H5Dread);
  ZBAG_HDF5_CALL(H5Dvlen_reclaim);
  ZBAG_HDF5_CALL(H5Dwrite);
  ZBAG_HDF5_CALL(H5Dclose);
  ZBAG_HDF5_CALL(H5Acreate2);
  ZBAG_HDF5_CALL(H5Aopen);
  ZBAG_HDF5_CALL(H5Aexists);
  ZBAG_HDF5_CALL(H5Aiterate2);
  ZBAG_HDF5_CALL(H5Aget_space);
  ZBAG_HDF5_CALL(H5Aget_type);
  ZBAG_HDF5_CALL(H5Aread);
  ZBAG_HDF5_CALL(H5Awrite);
  ZBAG_HDF5_CALL(H5Aclose);
  ZBAG_HDF5_CALL(H5Screate);
  ZBAG_HDF5_CALL(H5Screate_simple);
  ZBAG_HDF5_CALL(H5Sget_simple_extent_type);
  ZBAG_HDF5_CALL(H5Sget_simple_extent_ndims);
  ZBAG_HDF5_CALL(H5Sget_simple_extent_dims);
  ZBAG_HDF5_CALL(H5Sget_simple_extent_npoints);
  ZBAG_HDF5_CALL(H5Sselect_hyperslab);
  ZBAG_HDF5_CALL(H5Sclose);
  // Types
  ZBAG_HDF5_CALL(H5Tcopy);
  ZBAG_HDF5_CALL(H5Tcreate);
  ZBAG_HDF5_CALL(H5Tinsert);
  ZBAG_HDF5_CALL(H5Tget_class);
  ZBAG_HDF5_CALL(H5Tget_size);
  ZBAG_HDF5_CALL(H5Tget_sign);
  ZBAG_HDF5_CALL(H5Tget_super);
  ZBAG_HDF5_CALL(H5Tget_strpad);
  ZBAG_HDF5_CALL(H5Tis_variable_str);
  ZBAG_HDF5_CALL(H5Tget_nmembers);
  ZBAG_HDF5_CALL(H5Tget_member_name);
  ZBAG_HDF5_CALL(H5Tget_member_type);
  ZBAG_HDF5_CALL(H5Tget_member_value);
  ZBAG_HDF5_CALL(H5Tarray_create2);
  ZBAG_HDF5_CALL(H5Tget_array_ndims);
  ZBAG_HDF5_CALL(H5Tget_array_dims2);
  ZBAG_HDF5_CALL(H5Tset_size);
  ZBAG_HDF5_CALL(H5Tset_cset);
  ZBAG_HDF5_CALL(H5Tenum_create);
  ZBAG_HDF5_CALL(H5Tenum_insert);
  ZBAG_HDF5_CALL(H5Tvlen_create);
  ZBAG_HDF5_CALL(H5Tclose);
  ZBAG_HDF5_CALL(H5T_C_S1_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_B8_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_INT8_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_UINT8_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_INT16_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_UINT16_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_INT32_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_UINT32_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_INT64_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_UINT64_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_FLOAT_g);
  ZBAG_HDF5_CALL(H5T_NATIVE_DOUBLE_g);
  // Lists of properties
  ZBAG_HDF5_CALL(H5Pcreate);
  ZBAG_HDF5_CALL(H5Pclose);
  ZBAG_HDF5_CALL(H5Pset_elink_cb);
  ZBAG_HDF5_CALL(H5Pget_layout);
  ZBAG_HDF5_CALL(H5Pget_chunk);
  ZBAG_HDF5_CALL(H5Pget_external_count);
  ZBAG_HDF5_CALL(H5Pget_nfilters);
  ZBAG_HDF5_CALL(H5Pget_filter2);
  ZBAG_HDF5_CALL(H5Pset_buffer);
  ZBAG_HDF5_CALL(H5Pset_vlen_mem_manager);
  ZBAG_HDF5_CALL(H5Pset_libver_bounds);
  ZBAG_HDF5_CALL(H5Pset_link_creation_order);
  ZBAG_HDF5_CALL(H5Pset_attr_creation_order);
  ZBAG_HDF5_CALL(H5Pset_char_encoding);
  ZBAG_HDF5_CALL(H5Pset_obj_track_times);
  ZBAG_HDF5_CALL(H5Pset_chunk);
  ZBAG_HDF5_CALL(H5Pset_chunk_cache);
  ZBAG_HDF5_CALL(H5Pset_fill_value);
  ZBAG_HDF5_CALL(H5Pset_shuffle);
  ZBAG_HDF5_CALL(H5Pset_deflate);
  ZBAG_HDF5_CALL(H5Pset_szip);
  ZBAG_HDF5_CALL(H5Pset_filter);
  ZBAG_HDF5_CALL(H5Pset_fletcher32);
  ZBAG_HDF5_CALL(H5P_CLS_FILE_CREATE_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_FILE_ACCESS_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_GROUP_CREATE_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_LINK_CREATE_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_ATTRIBUTE_CREATE_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_DATASET_CREATE_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_DATASET_ACCESS_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_DATASET_XFER_ID_g);
  ZBAG_HDF5_CALL(H5P_CLS_LINK_ACCESS_ID_g);
#undef ZBAG_HDF5_CALL
#undef ZBAG_HDF5_CALL_NAME
};

// Any thread, though the library is used by one at a time. kUnsupported says what to install.
Result<const Hdf5Calls*> load_hdf5();
// REQUIRES: load_hdf5() returned well.
const Hdf5Calls& hdf5();
inline constexpr H5Z_filter_t kLzfFilter = 32'000;
// So that the library finds its plugin of lzf. REQUIRES: load_hdf5() returned well. kUnsupported
// says what to install.
Status load_lzf();

// What the library says of the call that has just failed.
struct LibraryError {
  std::string text;         // printable(), the innermost of what it says
  std::optional<int> code;  // errno, where the system is the reason
};
LibraryError library_error();

}  // namespace zbag::hdf5
