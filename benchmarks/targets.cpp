#include "benchmarks/targets.hpp"

#include <fmt/format.h>

namespace zbag::bench {
namespace {

constexpr std::string_view kLcm = "LCM event log";
constexpr std::string_view kLcmSynced = "LCM event log, synced";
constexpr std::string_view kRawSynced = "raw append, synced";
constexpr std::string_view kSqlite = "SQLite fast";
constexpr std::string_view kRos = "ROS 1 bag";

}  // namespace

// What was measured then: kmsg/s, MB on disk (inverse), MB/s, for 1 % the inverse of ms.
Suite suite_w1(std::size_t frames) {
  return {.work = w1_small(frames),
          .writing = {{"zbag", kLcm, 1.3, 2.0, "MCAP default", 2950, 3650},
                      {"zbag", kLcm, {}, 1.2, "MCAP no CRC", 4700, 3650},
                      {"zbag", kSqlite, 2.0, 4.0},
                      {"zbag", kRos, 10.0, 25.0},
                      {"zbag lz4", kLcm, {}, 1.3, "MCAP lz4 fastest", 2100, 3650},
                      {"zbag zstd", kLcm, {}, 1.3, "MCAP zstd", 1700, 3650},
                      {"zbag lz4", kLcm, {}, 1.0, "MCAP lz4 fastest", 1.0 / 159, 1.0 / 224, true},
                      {"zbag zstd", kLcm, {}, 1.0, "MCAP zstd", 1.0 / 110, 1.0 / 224, true}},
          .reading_all = {{"zbag", kLcm, 3.0, 5.0, "MCAP chunked", 1350, 489}},
          .reading_track = {{"zbag", kSqlite, 10.0, 25.0, "MCAP chunked", 375, 91}},
          .reading_percent = {{"zbag", kSqlite, 10.0, 25.0, "MCAP chunked", 1 / 0.41, 1 / 1.13}}};
}

// Reading was measured on W1 alone: for the others there is nothing to derive a target from.
Suite suite_w2(std::size_t frames) {
  return {.work = w2_medium(frames),
          .writing = {{"zbag", kLcm, 1.1, 1.5, "MCAP default", 263, 345},
                      {"zbag", kLcm, {}, 1.0, "MCAP no CRC", 478, 345},
                      {"zbag", kSqlite, {}, 2.0},
                      {"zbag", kRos, {}, 4.0},
                      {"zbag lz4", kLcm, {}, 1.1, "MCAP lz4 fastest", 124, 345},
                      {"zbag zstd", kLcm, {}, 1.1, "MCAP zstd", 103, 345}}};
}

// A second of W3 is more than any disk takes: what is compared is two files that are on it. Beside
// one still in memory the ratio is shown and asks for nothing; raw append, synced, is the disk.
Suite suite_w3(std::size_t frames) {
  return {.work = w3_large(frames),
          .writing = {{"zbag", kLcmSynced, 1.5, 2.5, "MCAP default", 1.5, 3.9},
                      {"zbag", kLcmSynced, {}, 1.0, "MCAP no CRC", 4.1, 3.9},
                      {"zbag", kLcm, {}, 2.5, "MCAP default", 1.5, 3.9},
                      {"zbag", kRawSynced, {}, 1.0},
                      {"zbag", kSqlite, {}, 3.0},
                      {"zbag", kRos, {}, 1.2}}};
}

void claim(Report& report, const Table& table, const std::vector<Target>& targets) {
  for (const Target& target : targets) {
    const Table::Row* const ours = table.find(target.ours);
    const Table::Row* const peer = table.find(target.peer);
    if (ours == nullptr || peer == nullptr) continue;
    const double factor = target.mcap_then / target.peer_then;
    std::string what =
        fmt::format("{}{} / {}", target.of_size ? "smallness of " : "", target.ours, target.peer);
    if (!target.mcap.empty()) what += fmt::format(" ({} is {:.2f} of it)", target.mcap, factor);
    report.claim(what,
                 target.of_size ? peer->disk_bytes / ours->disk_bytes
                                : ours->rate.median / peer->rate.median,
                 target.first ? std::optional(*target.first * factor) : std::nullopt,
                 target.engine * factor);
  }
}

}  // namespace zbag::bench
