// Gives back what a bag's file does not need: pages that were written once and are free now.
//
// LMDB never makes a file smaller. Where the free pages are worth mentioning and the file is small
// enough that writing it anew is quick, it is written anew and takes the bag's place, atomically.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/pages/lock_file.hpp"
#include "schemas/result.hpp"

namespace zbag {

// More free pages than both are worth mentioning; above kSqueezedBytesMax of others the file stays.
inline constexpr std::uint64_t kFreeBytesMin = 64u << 10;
inline constexpr std::uint64_t kFreeSharePercent = 3;
inline constexpr std::uint64_t kSqueezedBytesMax = 128u << 20;

// Writes all that is in the bag, as it stands now, into a new file at `path`, without free pages
// between; durable when it returns well, but for its name. The names of tracks come first in it:
// of a copy that breaks off, what is there has them. kDiskFull, kIo: also when something has that
// name; then, or when it fails, no file of ours is left there. Memory: some MB.
Status write_anew(BagFile& bag, const std::string& path);

// Puts the bag at `made` in the place of `old_bag`, whose name is `path`, atomically, with its
// owner, mode and extended attributes; who reads that one reads on. Durable when it returns well.
// kIo: the name is no longer that of `old_bag`, and what has it now is left alone, or an attribute
// can not be kept. kBusy as name_bag(). REQUIRES: `made` is
// durable, and the caller keeps writers away from the old one.
Status replace_bag(const BagFile& old_bag, const std::string& made, const std::string& path);

// Squeezes the bag where that is worth it, nobody else has it open, of whatever process, it has one
// name, and the disk has room for both. Gives the file it is in then: `file` is open on the one
// that was, which has no name any more; nullopt: nothing was changed. Blocks for a copy of the
// file. kIo, kBusy: nothing was changed either. REQUIRES: nothing is written to it any more, and
// this process has no transaction open.
Result<std::optional<FileId>> squeeze_bag(BagFile& file);

}  // namespace zbag
