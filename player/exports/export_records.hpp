// What an export says beside the points, in formats that have a place for it: runs, losses, and
// where it all comes from.
#pragma once

#include <cstddef>
#include <cstdint>
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
  std::int64_t first_key = 0;

  // The run's own, and its host, its version of zbag and its status.
  Fields metadata() const;
};

struct ExportRecords {
  // By their start, at least one, which holds what was recorded in none. Several bags: those that
  // several have, as cuts of one recording do, are there once.
  std::vector<ExportRun> runs;
  std::vector<LossRecord> losses;  // of the chosen tracks
  // `creator`, `bags` and the like.
  std::vector<std::pair<std::string, std::string>> origin;

  // Which run a point belongs to, as far as its stamp can tell: the last that had begun by then,
  // or the first.
  std::size_t run_of(std::int64_t key) const;
};

ExportRecords records_of(const ExportSource& source);

std::string json_of(const Fields& fields);
std::string json_of(const FieldNames& names);  // a list

}  // namespace zbag
