#include "player/exports/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <utility>

#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::array<std::string_view, 4> kKnown = {"run", "track", "date", "hour"};

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

std::string date_of(Time time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}", int{day.year()}, unsigned{day.month()},
                     unsigned{day.day()});
}

std::string hour_of(Time time) {
  const auto since_midnight = time - std::chrono::floor<std::chrono::days>(time);
  return fmt::format("{:02}", std::chrono::floor<std::chrono::hours>(since_midnight).count());
}

}  // namespace

Result<Partitions> Partitions::of(std::vector<std::string> names,
                                  const std::vector<BagSummary>& bags, std::string track) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    const bool is_known = std::find(kKnown.begin(), kKnown.end(), *name) != kKnown.end();
    if (is_known && std::find(names.begin(), name, *name) == name) continue;
    return fail(ErrorCode::kInvalid,
                fmt::format("--partition-by {}: it takes run, track, date and hour, each once",
                            printable(*name)));
  }
  Partitions partitions;
  partitions.names_ = std::move(names);
  partitions.track_ = std::move(track);
  for (const BagSummary& bag : bags) {
    const std::string stem = std::filesystem::path(bag.path).stem().string();
    for (const RunRecord& run : bag.runs) {
      const std::string number = std::to_string(run.id);
      partitions.runs_.push_back(
          {run.start_ns(), bags.size() == 1 ? number : fmt::format("{}-{}", stem, number)});
    }
  }
  std::sort(partitions.runs_.begin(), partitions.runs_.end(),
            [](const Run& a, const Run& b) { return a.start_ns < b.start_ns; });
  if (partitions.runs_.empty()) partitions.runs_.push_back({0, "none"});
  return partitions;
}

// Stamps may be older than the first run: of a recording that was imported.
const std::string& Partitions::run_at(std::int64_t key) const {
  const auto behind =
      std::upper_bound(runs_.begin(), runs_.end(), key,
                       [](std::int64_t wanted, const Run& run) { return wanted < run.start_ns; });
  return behind == runs_.begin() ? behind->name : std::prev(behind)->name;
}

std::string Partitions::text_of(const std::string& name, std::int64_t key) const {
  if (name == "track") return track_;
  if (name == "run") return run_at(key);
  const Time time{std::chrono::nanoseconds(key)};
  return name == "date" ? date_of(time) : hour_of(time);
}

void Partitions::add_to(ColumnChunk& chunk) const {
  for (const std::string& name : names_) {
    FieldColumn& column = chunk.fields.emplace_back();
    column.names = {name};
    column.validity.assign(chunk.keys.size(), 1);
    FieldPart& part = column.parts.emplace_back();
    part.type = ColumnType::kText;
    part.count = chunk.keys.size();
    for (const std::int64_t key : chunk.keys) {
      const std::string text = text_of(name, key);
      part.bytes.insert(part.bytes.end(), text.begin(), text.end());
      part.ends.push_back(part.bytes.size());
    }
  }
}

}  // namespace zbag
