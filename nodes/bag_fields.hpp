// What a bag holds and what became of every frame, as programs read it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/block_spread.hpp"
#include "schemas/frame.hpp"

namespace zbag {

// cli.md, `info --json`. What `spread` would say is null where there is none.
Fields bag_fields(const BagReader& reader, const BagSummary& bag,
                  const std::optional<BlockSpread>& spread);

// What `compact` would give back at least, of what lies between blocks and behind them; 0 where
// that is less than a third of the bag and a megabyte.
std::uint64_t reclaimable_bytes(const BagSummary& bag, const BlockSpread& spread);
// nullopt: not known.
std::optional<RateSpread> rates_of(const TrackRecord& track,
                                   const std::optional<BlockSpread>& spread);
// Stamps may lie further apart than int64 nanoseconds reach.
double seconds_between(std::int64_t first, std::int64_t last);
// The name of the kind that is set for it; empty: none is, or nobody can say.
std::string kind_text(const BagReader& reader, const TrackRecord& track);
// "int|str"
std::string types_text(const std::set<std::string>& types);

}  // namespace zbag
