// What a recorder shows while it runs and says when it has ended.
#pragma once

#include <string>
#include <vector>

#include "recorder/recorder.hpp"

namespace zbag {

// The live screen of --stats: the whole, then each track, with rates since `before`, which was
// `seconds` ago.
std::vector<std::string> recorder_lines(const Recorder& recorder, const RecordingTotals& totals,
                                        const RecordingTotals& before, double seconds);

// The fate of every frame, and what was lost of whom.
void say_summary(const Recorder& recorder, const RecordingTotals& totals);

}  // namespace zbag
