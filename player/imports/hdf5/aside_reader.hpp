// A file that is read by a process of its own: a hostile one can bring the library of HDF5 down,
// which then costs that process and not the bag that is being made.
//
// The process is a fork, which opens the file and hands all that it reads through a pipe, as far as
// somebody takes it. It has no more memory than kMemoryBytesMax, may work for kSilentSecondsMax
// without a word, ends with this one, and says nothing on the terminal. What comes from it is taken
// as what a file says: it is checked.
#pragma once

#include <memory>

#include "player/imports/format_reader.hpp"

namespace zbag::hdf5::reading {

inline constexpr std::size_t kMemoryBytesMax = std::size_t{4} << 30;

// Of its processor. What is read at once takes a second or two; the library has loops that damage
// makes endless.
inline constexpr unsigned kSilentSecondsMax = 10;

using OpenFormat = Result<std::unique_ptr<FormatReader>> (*)(const FoundRecording&,
                                                             const ImportOptions&);

// Errors as `open`, called there; kDamaged: it has brought the process down. What it reads may have
// notes, refusals, kinds and descriptions, but no schemas and no attachments.
Result<std::unique_ptr<FormatReader>> open_aside(const FoundRecording& recording,
                                                 const ImportOptions& options, OpenFormat open);

}  // namespace zbag::hdf5::reading
