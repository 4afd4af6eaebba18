// What a block says of its numbers without being decoded (FORMAT.md, Summary).
//
// Header and summary have a checksum of their own and lie on one page. Takes bytes of strangers;
// touches no file. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/block/columns/column_summary.hpp"
#include "recorder/bag/block/header.hpp"

namespace zbag {

struct BlockSummary {
  BlockHeader header;
  std::uint64_t names = 0;             // alike where the columns are of the same fields
  std::vector<ColumnSummary> columns;  // of every number but arrays, in the order of the body

  // Few blocks have none: rows, lone ones, and those that it would have cost a page.
  bool is_there() const { return header.summary_bytes > 0; }
};

// Fills `summary` from the head of a stored block alone. kDamaged: it is none, or the head's
// checksum is wrong; kNewerFormat: an unknown codec.
Status read_summary(std::string_view block, BlockSummary& summary);

// The fields that the columns of `summary`, of that block, are of: each as the names of the maps
// around it and its own. Verifies the block and reads its directory, so ask once for all blocks
// whose `names` are alike. kDamaged: they are not what the summary says.
Result<std::vector<std::vector<std::string>>> read_summary_names(std::string_view block,
                                                                 const BlockSummary& summary);

// kDamaged when the head's checksum is wrong, or the summary says other than the block, which is
// decoded for it. REQUIRES: Block::open() takes it.
Status verify_summary(std::string_view block);

}  // namespace zbag
