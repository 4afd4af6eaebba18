// Finds what is left of a bag: its blocks and records, whatever has become of its pages.
//
// Three ways, the first that leads somewhere:
//  1. Both meta pages are there and the trees of the newer one are sound: what they hold.
//  2. A meta page is lost, and some page that looks like the root of the tables leads to trees that
//     are all sound, hold the newest state of which any record is found, and as many points as that
//     says: what they hold. (Roots of earlier transactions linger on free pages.)
//  3. What can be reached from the newer meta page, if there is one, and, on all other pages,
//     whatever is a record or a block with a right checksum (FORMAT.md: a block carries its magic,
//     track and size; the checksum of a record says of which table it is), blocks also where the
//     file ends within a page, and both where a page had them that has them no more.
//
// Where the key of a block or the name of a table is damaged, what it leads to is taken by what it
// says itself. Where a record of sound trees is damaged, an earlier state of it is looked for on
// free pages: the name of a track never changes, and its counters are made to fit what is copied.
// An attachment is found on a stray page too, as long as all its overflow pages are what they were.
//
// Under 3 a block may be found in several states: a segment beside the full block that replaced it,
// a block before and after a late point merged into it. Which is newer is decided by FoundBlock's
// newness(). Points never leave a bag, so a stale block can bring back a value of an earlier time
// only where every later state of it is lost, or where a late frame has replaced a value and the
// block has not become longer by it: nothing says then which of the two states is the newer.
//
// Points of the journal come as blocks that are made here: under 1 and 2 of those that have no
// block yet, under 3 of all that is left of it, old records on free pages included. The counters of
// their tracks follow.
//
// LMDB is not used. Memory: 80 bytes a block, two bits a page, the journal. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/pages/page_walk.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct FoundBlock {
  BlockHeader header;
  std::uint32_t serial = 0;  // 0 also when the entry that names it is lost
  bool is_of_tree = false;   // reached from the root in use
  bool is_of_journal = false;
  std::string_view value;  // in the mapped file; its checksum is right unless it is of a tree

  // Of two blocks with the same point: what the tree says goes first, then folded points before
  // those that were not yet, the later serial, the block with more points (segments before they
  // were joined), with longer rows (before a merge).
  auto newness() const {
    return std::tuple(is_of_tree, header.is_folded(), serial, header.count, header.raw_bytes,
                      value.data());
  }
};

// An entry of the tree whose block cannot be read.
struct UnreadableBlock {
  BlockKey key;
  std::string what;
};

struct Findings {
  BagSummary records;  // tracks, runs, losses, unnamed, bag: the newest state found of each
  std::vector<FoundBlock> blocks;
  std::vector<UnreadableBlock> unreadable;
  std::deque<std::string> made;                         // blocks of points of the journal
  std::map<std::string, std::string_view> attachments;  // values as stored, their checksums right
  std::vector<std::string> damage;  // of pages and records, the first of them; empty: all sound
  std::uint64_t damage_count = 0;
  bool is_scan = false;  // the third way was taken
  // What the tracks' records and the journal count is known to be all that was written.
  bool knows_end = true;
  // Records of the journal of which no state is left, the first of them, and what that may mean.
  std::vector<std::string> doubts;
};

// Views in the findings live as long as `file` and they do. kNewerFormat; kDamaged: nothing of a
// bag is there; kClosed: `progress` said stop.
Result<Findings> salvage(const MappedFile& file, const Progress& progress = {});

}  // namespace zbag
