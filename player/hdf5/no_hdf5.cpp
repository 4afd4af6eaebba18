// Stands for this room where there was no header of HDF5 to build with.

#include "player/hdf5/hdf5_library.hpp"

namespace zbag {

Result<std::string> hdf5::library_version() {
  return fail(
      ErrorCode::kUnsupported,
      "this zbag was built without HDF5: install libhdf5-dev, or run launch/setup.sh, then build");
}

}  // namespace zbag
