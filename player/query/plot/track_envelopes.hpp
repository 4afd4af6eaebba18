// Fields of a track over a range of bags as a picture shows them, whatever the number of points:
// blocks that lie within one pixel column say what they come to in their summaries, and only the
// others are decoded.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "player/query/analytics/number_column.hpp"
#include "player/query/plot/envelope.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct EnvelopeQuery {
  std::string track;
  TimeRange range;  // not empty: the axis of the picture
  std::vector<ValueField> fields;
  std::size_t columns = 2'000;  // a little more than pixels, for who looks closer at an SVG
  std::function<void(const std::string&)> warn = {};  // of damage
  std::function<bool(std::int64_t key)> go_on = {};   // false: somebody wants it to stop
};

struct TrackEnvelopes {
  std::vector<Envelope> envelopes;  // a field each
  std::vector<Skipped> skipped;     // likewise; numbers are in all blocks that were not decoded
  std::uint64_t decoded = 0;        // points that were
  std::uint64_t left_out = 0;       // damaged blocks
};

// kUnsupported: more blocks than memory is taken for, a bag; ask for less of the time. Other errors
// as BagReader::cursor(); kClosed when `go_on` says no.
Result<TrackEnvelopes> read_envelopes(std::span<const BagReader> bags, const EnvelopeQuery& query);

}  // namespace zbag
