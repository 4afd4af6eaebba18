// What publishers' numbering says of frames that did not reach a recorder (wire.md, The fate of a
// frame). Plain values; recorder/losses.hpp finds them out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace zbag {

// Of one publisher and one track in one run.
struct LossRecord {
  std::uint64_t src = 0;
  std::string track;
  std::int64_t run_start_ns = 0;
  std::string publisher;
  std::uint64_t lost = 0;
  std::uint64_t missed_before = 0;  // sent before the recorder was there
  std::uint64_t received = 0;
};

// What it had said when a bag began that goes on from another one.
struct LossesBefore {
  struct Track {
    std::uint64_t lost = 0;
    std::uint64_t missed_before = 0;
  };
  std::map<std::string, Track> tracks;
  std::map<std::pair<std::uint64_t, std::string>, LossRecord> publishers;  // by src and track
};

}  // namespace zbag
