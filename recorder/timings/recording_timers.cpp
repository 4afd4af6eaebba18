#include "recorder/timings/recording_timers.hpp"

#include <algorithm>
#include <string>

namespace zbag {

std::vector<PhaseTiming> RecordingTimers::timings() const {
  std::vector<PhaseTiming> all;
  for (const PhaseTimer* const timer : {&receiving, &storing, &merging}) {
    for (PhaseTiming& phase : timer->timings()) {
      const auto found = std::ranges::find(all, phase.name, &PhaseTiming::name);
      if (found == all.end()) {
        all.push_back(std::move(phase));
        continue;
      }
      if (phase.total_seconds == 0.0) continue;
      found->total_seconds += phase.total_seconds;
      found->agents.insert(found->agents.end(), phase.agents.begin(), phase.agents.end());
    }
  }
  // As a frame goes through them.
  constexpr const char* kOrder[] = {"receive", "decode", "merge", "encode", "commit", "fsync"};
  const auto place = [&](const PhaseTiming& phase) {
    return std::ranges::find(kOrder, phase.name) - std::begin(kOrder);
  };
  std::ranges::stable_sort(all, {}, place);
  return all;
}

}  // namespace zbag
