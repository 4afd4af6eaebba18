// How long the phases of one run took, and what is known of the run: a line of JSON in a file of
// timings.
//
//   {"run_metadata":{"registration_id":"day.zbag","timestamp":"2025-01-14T10:30:00.123Z",...},
//    "timings":{"total_seconds":50.4,"phases":{"encode":{"total_seconds":34.5,
//      "breakdown":{"floats_seconds":33.2},"agents":["merge thread"]}}}}
//
// Two forms are read, that one and the short one, {"registration_id":...,"phases":{"encode":
// {"total":34.5,"floats":33.2}}}; written is the long one alone, its keys always in the same order.
// What is not known here is kept, so that whoever adds a key changes nothing else.
// A total is what its writer says it is and need not be the sum of its parts: remarks() tells.
// Pure: nothing here blocks, logs or throws.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

// All of them in seconds.
struct PhaseTiming {
  std::string name;
  double total_seconds = 0.0;
  // Parts of it, "encode_seconds". The short form has them without "_seconds".
  std::vector<std::pair<std::string, double>> breakdown;
  std::vector<std::string> agents;  // who did it; may be empty
  Fields more;                      // other keys, as they came

  friend bool operator==(const PhaseTiming&, const PhaseTiming&) = default;
};

struct TimingRecord {
  Fields run_metadata;  // `registration_id` and `timestamp` first
  double total_seconds = 0.0;
  std::vector<PhaseTiming> phases;  // in the order they came
  Fields more_timings;              // other keys beside `phases`
  Fields more;                      // and beside `timings`

  friend bool operator==(const TimingRecord&, const TimingRecord&) = default;

  // The text or number of that name, as text; empty: there is none.
  std::string metadata_text(std::string_view name) const;
  const PhaseTiming* find_phase(std::string_view name) const;  // nullptr: there is none
};

// A record of what took place at `unix_seconds`; its total is the sum of the phases. What
// `metadata` has is added, in place of what is called so already.
TimingRecord make_timing_record(std::string_view registration_id, double unix_seconds,
                                std::vector<PhaseTiming> phases, const Fields& metadata);

// Of a parsed line, in either form. kInvalid names the key that is no record's: no phases, or a
// time that is no number. Times of whole seconds may be ints.
Result<TimingRecord> timing_record_of(const Value& line);

// The long form.
Fields fields_of(const TimingRecord& record);
// The same as JSON, with its line end.
std::string line_of(const TimingRecord& record);

// Totals that are not what their parts come to, within a millisecond; "phases.encode: ...". Where
// nothing is taken apart nothing is said.
std::vector<std::string> remarks(const TimingRecord& record);

// "registration_id,total_seconds,model,timestamp" and a record's line of that (RFC 4180), three
// decimals, both with their ends: a line feed, as beside JSON lines.
std::string_view timing_summary_head();
std::string timing_summary_line(const TimingRecord& record);

}  // namespace zbag
