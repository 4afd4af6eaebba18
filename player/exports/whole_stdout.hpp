// Stdout for what must come whole: a signal that comes while the reader is slow cuts no line.
//
// The first signal interrupts a write, which then goes on: whoever writes looks at the signal
// behind it. A second one in the same write gives up, since the reader may never read again.
#pragma once

#include <cstdio>
#include <string_view>

namespace zbag {

// False: not all of it is out, and errno says why (EINTR: given up).
bool write_stdout(std::string_view text);

// The same with a buffer, to be closed by std::fclose(), which leaves stdout itself open. Null,
// with errno, where there is no memory.
std::FILE* open_stdout();

}  // namespace zbag
