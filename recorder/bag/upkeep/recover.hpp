// Saves everything intact of a bag into a new one, whatever has become of the rest.
//
// What is found, and how, is said in salvage.hpp; it never needs a healthy tree. Points are told
// apart by what numbers them: a point of the main run by its ordinal, a late one by its index;
// one of a folded block, which had another ordinal before, by key, arrival, `_src` and `_seq`. Of
// several states of a point the newest block's is taken (FoundBlock::newness), so no point is there
// twice and none of an append recording is lost for having the stamp of another. Where a folded
// block is lost and its points come back from what it replaced, as many as were late in it are
// reported as lost all the same. Points of the new bag are numbered in order of time.
//
// The new bag keeps the tracks' fates, losses, runs and attachments that were found; a track's
// `received` shrinks by what is lost, and a run of its own says in its metadata where it was
// recovered from and how many points are missing. A track whose name is lost is called `track-0007`
// by its ordinal.
//
// The file is only read, and trusted in nothing. Memory: 80 bytes a block, the blocks of one track
// that overlap (1 GiB at most: what exceeds it is reported as lost) and what BagCopy takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/upkeep/check.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct RecoverReport {
  std::uint64_t points = 0;
  std::uint64_t tracks = 0;
  // Of pages and records, the first of them; where none is, what check() finds: records and entries
  // of `order` that did not speak of the points there are, and were made anew.
  std::vector<std::string> damage;
  std::uint64_t damage_count = 0;
  // What is missing of a track: an extent, and how many points as far as that is known. The extent
  // begins where the lost blocks do, if that is known, else at the point before; it ends at the
  // point behind. No point outside of it is lost.
  std::vector<BagProblem> lost;  // kProblemsMax at most
  // Fewer than were lost where the newest record of a track is among what is: an older one stands
  // in.
  std::uint64_t lost_points = 0;
  // Why points may be missing of which nothing that is left speaks, a line each; empty: none are.
  std::vector<std::string> doubts;
  std::vector<std::string> unnamed_tracks;  // names made up for them

  bool is_whole() const { return damage_count == 0 && lost.empty() && unnamed_tracks.empty(); }
};

// kExists: `out` is there; kBusy: the bag is being recorded; kDamaged: nothing of a bag is left;
// kNewerFormat; kClosed: `progress` said stop, nothing is left behind.
Result<RecoverReport> recover_bag(const std::string& path, const std::string& out,
                                  const Progress& progress = {});

}  // namespace zbag
