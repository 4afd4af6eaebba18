// How long a recording's threads take for its phases:
//
//   receive, decode   taking frames from the bus, and from their bytes   the socket's thread
//   merge, encode     points of frames, blocks of points                 the merge thread
//   commit, fsync     blocks into the bag, and that onto the disk        the store thread
//
// Each timer belongs to its thread; timings() to whoever has waited for all of them to end.
#pragma once

#include <vector>

#include "schemas/timings/phase_timer.hpp"
#include "schemas/timings/timing_record.hpp"

namespace zbag {

struct RecordingTimers {
  PhaseTimer receiving{{"receive", "decode"}, "socket thread"};
  PhaseTimer merging{{"merge", "encode"}, "merge thread"};
  PhaseTimer storing{{"commit", "fsync"}, "store thread"};

  // Phases in the order above; what two threads did of one is added up. The threads run beside each
  // other: of each the sum is no more than what passed, of all together it may be.
  std::vector<PhaseTiming> timings() const;
};

}  // namespace zbag
