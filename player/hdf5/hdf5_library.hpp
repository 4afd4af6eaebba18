// Which library of HDF5 writes and reads files here.
#pragma once

#include <string>

#include "schemas/result.hpp"

namespace zbag::hdf5 {

// "1.10.8". kUnsupported says why there is none: zbag was built without it, or it is not installed.
Result<std::string> library_version();

}  // namespace zbag::hdf5
