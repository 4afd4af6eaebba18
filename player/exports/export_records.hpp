// What an export says beside the points, in formats that have a place for it: runs, losses, and
// where it all comes from.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "player/exports/export_source.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/points/loss.hpp"

namespace zbag {

struct ExportRun {
  std::string id;  // run_20261120_100000, by its start in UTC (requirements S2.32)
  RunRecord record;

  // The run's own, and its host, its version of zbag and its status.
  Fields metadata() const;
};

struct ExportRecords {
  // By their start. Those that several bags have, as cuts of one recording do, are there once.
  std::vector<ExportRun> runs;
  std::vector<LossRecord> losses;  // of the chosen tracks
  // `creator`, `bags` and the like.
  std::vector<std::pair<std::string, std::string>> origin;
};

ExportRecords records_of(const ExportSource& source);

std::string json_of(const Fields& fields);
std::string json_of(const FieldNames& names);  // a list

}  // namespace zbag
