// Files of other kinds than somebody asked for, by name.
#pragma once

#include <string_view>

namespace zbag {

// As many first bytes as tell.
inline constexpr std::size_t kFileKindBytes = 512;

// What a file is that begins so, with its article and what to do with it ("gzip data: unpack it
// first, ..."); nullptr: nothing that is known.
const char* kind_of_file(std::string_view begin);

}  // namespace zbag
