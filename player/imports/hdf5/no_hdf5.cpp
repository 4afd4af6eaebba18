// Stands for this room where there was no header of HDF5 to build with: the format is refused.

#include "player/hdf5/hdf5_library.hpp"
#include "player/imports/format_reader.hpp"

namespace zbag {

Result<std::unique_ptr<FormatReader>> open_hdf5(const FoundRecording& recording,
                                                const ImportOptions&) {
  return fail(hdf5::library_version().error(), recording.path);
}

}  // namespace zbag
