#include "nodes/timings_options.hpp"

#include <fmt/format.h>

#include <utility>

#include "nodes/errors.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {

void add_timings_options(OptionTable& options, TimingsArguments& arguments) {
  const GroupScope group(options, OptionGroup::kOutput);
  options.add(
      "--timings", arguments.folder, option_type::any_text("DIR"),
      fmt::format("Appends how long the phases took to DIR/{}; see zbag timings", kTimingsFile));
  options.add_flag(
      "--timings-csv", arguments.enable_csv_output,
      fmt::format("With --timings: a line in DIR/{}, too (deprecated)", kTimingsSummaryFile));
}

Result<std::optional<TimingLog>> open_timings(const std::string& verb,
                                              const TimingsArguments& arguments) {
  if (arguments.folder.empty()) {
    if (!arguments.enable_csv_output) return std::optional<TimingLog>();
    return fail(ErrorCode::kInvalid, "--timings-csv is beside --timings DIR: give that, too");
  }
  Result<TimingLog> log = TimingLog::open(
      arguments.folder, {.enable_csv_output = arguments.enable_csv_output, .warn = warner(verb)});
  if (!log) return fail(log.error(), "--timings");
  return std::optional<TimingLog>(std::move(*log));
}

void log_run(const std::string& verb, TimingLog& log, const std::string& registration_id,
             std::vector<PhaseTiming> phases, const Fields& metadata) {
  Fields all{{"model", verb}};
  all.insert(all.end(), metadata.begin(), metadata.end());
  const Status written =
      log.append(make_timing_record(registration_id, wall_seconds(), std::move(phases), all));
  if (!written) warn(verb, fmt::format("the timings are not written: {}", written.error().message));
}

}  // namespace zbag
