// What a file system keeps of a file beside its bytes, owner and mode: extended attributes, access
// lists (ACLs) among them.
#pragma once

#include "schemas/result.hpp"

namespace zbag {

// Gives the file open as `to` the extended attributes of the one open as `from`, and no others,
// those this process may see; none where the file system has none. kIo names the one that could not
// be kept. Memory: 192 KiB at most, as the kernel bounds names and values.
Status copy_attributes(int from, int to);

}  // namespace zbag
