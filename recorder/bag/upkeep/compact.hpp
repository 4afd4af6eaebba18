// Rewrites a bag: late points go to their places in the main run, small blocks become full ones,
// free pages are left behind. What it holds stays as it is: points, their index order, fates,
// losses, runs, attachments.
//
// Every block of the bag is verified on the way, and the new bag is checked and its points counted
// before it takes the place of the old one; a bag with damage is left alone. Memory: a block a
// track, 8 MiB of points, and 24 bytes for every late point that has been folded before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "recorder/bag/upkeep/check.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct CompactReport {
  std::uint64_t points = 0;
  std::uint64_t folded = 0;  // late points that have their places now
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

// Into `out`, or in place: the bag's writer lock is held, and one rename swaps the files; readers
// that have it open read the old one on. kBusy: it is being recorded; kDamaged: nothing was done;
// kExists: `out` is there; kIo: another bag has come in its place, or it is gone, and that stays
// so.
Result<CompactReport> compact_bag(const std::string& path, const std::optional<std::string>& out,
                                  const Progress& progress = {});

}  // namespace zbag
