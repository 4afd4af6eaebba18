// --timings DIR: where a verb says how long its phases took.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodes/options.hpp"
#include "recorder/timings/timing_log.hpp"
#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct TimingsArguments {
  std::string folder;  // empty: nowhere
  bool enable_csv_output = false;
};
void add_timings_options(OptionTable& options, TimingsArguments& arguments);

// nullopt: nowhere. As TimingLog::open(); kInvalid: a table is asked for without a folder.
Result<std::optional<TimingLog>> open_timings(const std::string& verb,
                                              const TimingsArguments& arguments);

// One record of a run, whose model is the verb; `metadata` may say otherwise. What can not be
// written is warned of: it was not what the verb was for.
void log_run(const std::string& verb, TimingLog& log, const std::string& registration_id,
             std::vector<PhaseTiming> phases, const Fields& metadata);

}  // namespace zbag
