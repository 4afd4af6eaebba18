#include "player/exports/export_records.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "player/columns/column_names.hpp"
#include "recorder/bag/upkeep/copied_records.hpp"
#include "schemas/json_text.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

std::string run_name(const RunRecord& run) {
  const std::optional<Timestamp> start = Timestamp::from_seconds(run.start);
  if (!start) return "run";
  const auto seconds = static_cast<std::time_t>(std::floor(start->seconds()));
  return fmt::format("run_{:%Y%m%d_%H%M%S}", fmt::gmtime(seconds));
}

std::vector<ExportRun> name_runs(std::vector<RunRecord> records) {
  ColumnNames names;
  std::vector<ExportRun> runs;
  for (RunRecord& record : records) {
    std::string id = names.add(run_name(record));
    runs.push_back({std::move(id), std::move(record)});
  }
  return runs;
}

}  // namespace

Fields ExportRun::metadata() const {
  Fields fields = record.metadata;
  const Fields known{{"host", record.host},
                     {"version", record.version},
                     {"status", record.closed ? "closed" : "open"}};
  for (const auto& [name, value] : known) {
    if (find_field(fields, name) == nullptr) fields.emplace_back(name, value);
  }
  return fields;
}

ExportRecords records_of(const ExportSource& source) {
  BagSummary joined = joined_records(source.bags());
  std::erase_if(joined.losses,
                [&](const LossRecord& loss) { return !source.tracks().contains(loss.track); });
  Array bags;
  Array creators;
  for (const BagSummary& bag : source.bags()) {
    bags.emplace_back(bag.path);
    creators.emplace_back(bag.bag.creator);
  }
  const Fields listed{{"bags", std::move(bags)}, {"bag_creators", std::move(creators)}};
  ExportRecords records;
  records.runs = name_runs(std::move(joined.runs));
  records.losses = std::move(joined.losses);
  records.origin.emplace_back("creator", std::string("zbag ") + kZbagVersion);
  for (const auto& [name, value] : listed) {
    std::string text;
    write_json(value, text);
    records.origin.emplace_back(name, std::move(text));
  }
  return records;
}

std::string json_of(const Fields& fields) {
  std::string text;
  write_json(Value(fields), text);
  return text;
}

std::string json_of(const FieldNames& names) {
  Array list;
  for (const std::string& name : names) list.emplace_back(name);
  std::string text;
  write_json(Value(std::move(list)), text);
  return text;
}

}  // namespace zbag
