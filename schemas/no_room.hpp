// What the operating system says of a file that can not grow.
#pragma once

#include <cerrno>

namespace zbag {

// ErrorCode::kDiskFull: no room on the disk, no share of it left, the largest file there may be
// (ulimit -f).
inline bool is_no_room(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

}  // namespace zbag
