// What is left of a journal, as blocks (FORMAT.md, The journal). No file is touched. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/upkeep/record_shelf.hpp"

namespace zbag {

struct JournalFindings {
  std::vector<std::pair<BlockKey, std::string>> blocks;
  std::vector<std::string> damage;
  std::set<std::uint64_t> unread;  // numbers of records that were not taken
};

// Takes the points of `journal` that have no block yet and brings `records` up to what it says.
// With `takes_all` it takes all points, as blocks without a serial: what else there is of them goes
// before; that some are missing is no damage then. Memory: the journal before compression, at most
// kJournalBytesMax, and as much for the blocks.
JournalFindings salvage_journal(const JournalValues& journal, bool takes_all, BagSummary& records);

}  // namespace zbag
