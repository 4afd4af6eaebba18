// Stands for this room where there was no header of HDF5 to build with: the format is refused.

#include "player/exports/exporter.hpp"
#include "player/exports/hdf5/hdf5_library.hpp"

namespace zbag {
namespace {

constexpr const char* kWhy =
    "this zbag was built without HDF5: install libhdf5-dev, or run launch/setup.sh, then build";

}  // namespace

Result<std::string> hdf5::library_version() { return fail(ErrorCode::kUnsupported, kWhy); }

Result<std::unique_ptr<Exporter>> make_hdf5_exporter(const ExportOptions&) {
  return fail(ErrorCode::kUnsupported, kWhy);
}

}  // namespace zbag
