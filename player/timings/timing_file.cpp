#include "player/timings/timing_file.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "player/imports/json_line.hpp"
#include "player/imports/text_lines.hpp"

namespace zbag {
namespace {

Result<TimingRecord> record_in(std::string_view line) {
  const Result<Value> value = parse_json_line(line);
  if (!value) return tl::unexpected(value.error());
  return timing_record_of(*value);
}

}  // namespace

Result<TimingReading> read_timings(
    const std::string& path, const TimingReadOptions& options,
    const std::function<Status(TimingRecord record, const std::string& place)>& take) {
  Result<TextLines> lines = TextLines::open(path);
  if (!lines) return tl::unexpected(lines.error());
  const auto tell = [&](const std::string& text) {
    if (options.warn) options.warn(text);
  };
  TimingReading reading;
  std::optional<std::string> fault;  // of the line before, which is perhaps the last
  while (true) {
    const Result<std::optional<std::string_view>> line = lines->next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) break;
    if ((*line)->empty()) continue;
    if (fault) {
      if (!options.is_lenient)
        return fail(ErrorCode::kDamaged,
                    fmt::format("{}; --lenient passes over such lines", *fault));
      tell(*std::exchange(fault, std::nullopt) + "; it is passed over");
      ++reading.skipped;
    }
    Result<TimingRecord> record = record_in(**line);
    if (!record) {
      fault = fmt::format("{}: {}", lines->place(), record.error().message);
      continue;
    }
    ++reading.records;
    if (Status taken = take(std::move(*record), lines->place()); !taken)
      return tl::unexpected(taken.error());
  }
  if (fault) tell(*fault + "; the last line is torn and passed over");
  return reading;
}

}  // namespace zbag
