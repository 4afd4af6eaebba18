// What a recorder shows while it runs and says when it has ended.
#pragma once

#include <string>
#include <vector>

#include "nodes/fit_text.hpp"
#include "nodes/track_table.hpp"
#include "recorder/recorder.hpp"

namespace zbag {

// The live screen of --stats: the whole, and each track, with rates since `before`, which was
// `seconds` ago.
std::vector<Line> recorder_head(const Recorder& recorder, const RecordingTotals& totals);
TrackTable recorder_table(const RecordingTotals& totals, const RecordingTotals& before,
                          double seconds);

// The fate of every frame, and of whom most was lost: a screen at most.
void say_summary(const Recorder& recorder, const RecordingTotals& totals);

}  // namespace zbag
