// Reads files of timings (schemas/timings/timing_record.hpp), line by line, in either form.
//
// A last line that is no record, as a crash leaves it behind, is told of and passed over. Memory:
// what one line takes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "schemas/result.hpp"
#include "schemas/timings/timing_record.hpp"

namespace zbag {

struct TimingReading {
  std::uint64_t records = 0;
  std::uint64_t skipped = 0;  // lines that are no records, but for a torn last one
};

struct TimingReadOptions {
  bool is_lenient = false;  // passes over every line that is no record
  std::function<void(const std::string&)> warn = {};
};

// Calls `take` with each record and the place it stands at, "timings.jsonl:3"; its error ends the
// reading. Empty lines are nothing. kNotFound, kIo, and kDamaged: a line before the last is no
// record, and the reading is not lenient.
Result<TimingReading> read_timings(
    const std::string& path, const TimingReadOptions& options,
    const std::function<Status(TimingRecord record, const std::string& place)>& take);

}  // namespace zbag
