// What the blocks of a track say of its numbers without being decoded: what a plot of a long range,
// an overview or a query looks at first.
//
//   for (const SummarizedBlock& block : read_summaries(reader, selection, blocks_max).value())
//     if (!block.is_known) decode(block.first, block.last);  // with a ColumnCursor
//     else for (const auto& [field, numbers] : block.fields) use(field, numbers.min());
//
// Touches one page a block, and a few blocks as a whole for the names of their fields; header and
// summary are verified by a checksum of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "recorder/bag/block/columns/column_summary.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/column_reader.hpp"

namespace zbag {

struct SummarizedBlock {
  // The numbers of one type that a field has in the block.
  struct Field {
    std::size_t number = 0;  // in the selection
    ColumnSummary numbers;
  };

  std::int64_t first = 0;  // keys, ns
  std::int64_t last = 0;
  std::optional<std::uint32_t> points;  // nullopt: damaged, and its points are somewhere there
  bool is_late = false;                 // lies among the points of others, and in no order to them
  // False: only decoding tells what `fields` would. Where it is true a field that is not there has
  // no numbers, or arrays of them.
  bool is_known = false;
  std::vector<Field> fields;
};

// Of a block of one large point (an image) there is no summary. Looked into, its map says what one
// would; but for its head it is not verified then, which would take all of its bytes.
enum class LoneBlocks : std::uint8_t { kUnknown, kLookedInto };

// Every block that has points in the selection's range, if not only such, in order of their first
// keys and as they all are at one instant; an unknown track has none. A block that cannot be
// believed is not known, which is no error. kUnsupported when there are more than `blocks_max`: ask
// for less of the time. Other errors as BagReader::cursor().
Result<std::vector<SummarizedBlock>> read_summaries(const BagReader& reader,
                                                    const ColumnCursor::Selection& selection,
                                                    std::size_t blocks_max,
                                                    LoneBlocks lone = LoneBlocks::kUnknown);

}  // namespace zbag
