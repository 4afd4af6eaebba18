// What becomes of a bag afterwards: a question in SQL beside the same question of files that
// DuckDB reads by itself, and exports.
//
//   query_bench [--rounds N] [--dir FOLDER] [--scale S] [--json FILE]
//
// The mean of one of ten fields of 10^7 points: out of the bag, out of Parquet and out of JSON
// lines, both exported from it. The Parquet file is DuckDB's own form, in row groups of that field
// alone, and was written once for all: the bag may take twice its time, and must be ten times as
// fast as lines. Exports: a tenth of the points, with the defaults; 1 000 points stand for what one
// looks at between two runs.

#include <fmt/format.h>

#include <filesystem>

#include "benchmarks/imu_bag.hpp"
#include "benchmarks/report.hpp"
#include "player/exports/exporter.hpp"
#include "player/query/bag_database.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPoints = 10'000'000;
constexpr std::size_t kSteps = 1'000;
constexpr double kFieldBytes = ImuBag::kPointBytes;
const std::string& kTrack = ImuBag::kTrack;

// Bytes that were written.
double export_as(const std::string& bag, const std::string& format, const std::string& out) {
  Result<Playlist> playlist = Playlist::open({bag});
  if (!playlist) stop(playlist.error().message);
  ExportSource source(*playlist, {}, {}, {});
  const auto exporter =
      make_exporter({.format = format,
                     .out = out,
                     .existing = Existing::kIsReplaced,
                     .layout = format == "jsonl" ? ExportLayout::kRows : ExportLayout::kByName});
  if (!exporter) stop(exporter.error().message);
  if (Status written = (*exporter)->write(source); !written) stop(written.error().message);
  double bytes = 0.0;
  if (!fs::is_directory(out)) return static_cast<double>(fs::file_size(out));
  for (const auto& entry : fs::recursive_directory_iterator(out))
    bytes += entry.is_regular_file() ? static_cast<double>(entry.file_size()) : 0.0;
  return bytes;
}

// As `zbag sql` does, opening included.
void ask(const std::string& bag, const std::string& sql) {
  Result<BagReader> reader = BagReader::open(bag);
  if (!reader) stop(reader.error().message);
  Result<BagDatabase> bags =
      BagDatabase::open({{bag, *reader}}, {.database = {.allows_files = true}});
  if (!bags) stop(bags.error().message);
  Result<Statement> statement = bags->database().prepare(sql);
  if (!statement) stop(statement.error().message);
  const Status ran = statement->run([](std::span<const ResultCell> row) {
    return row[0] ? Status() : fail(ErrorCode::kInvalid, "the mean of nothing");
  });
  if (!ran) stop(ran.error().message);
}

void ask_all(Report& report, const std::string& folder) {
  const std::string bag = folder + "/query_bench.zbag";
  const std::size_t points = report.arguments().scaled(kPoints);
  make_bag(bag, {.points = points});
  const std::string parquet = folder + "/query_bench.parquet";
  const std::string lines = folder + "/query_bench.rows";
  export_as(bag, "parquet", parquet);
  export_as(bag, "jsonl", lines);
  const auto mean_of = [&](const std::string& table) {
    return [&, table] { return timed([&] { ask(bag, "SELECT avg(ax) FROM " + table); }); };
  };
  const Table table =
      report.compare("the mean of one field",
                     {{"bag", mean_of("\"" + kTrack + "\"")},
                      {"Parquet", mean_of("'" + parquet + "'")},
                      {"JSON lines", mean_of("read_json('" + lines + "/" + kTrack + ".jsonl')")}},
                     points, kFieldBytes * static_cast<double>(points));
  report.claim("the mean of one field: bag / Parquet, in speed",
               table.rows[0].rate.median / table.rows[1].rate.median, 0.5);
  report.claim("the mean of one field: bag / JSON lines, in speed",
               table.rows[0].rate.median / table.rows[2].rate.median, 10.0);
  for (const std::string& path : {bag, parquet, lines}) fs::remove_all(path);
}

void export_all(Report& report, const std::string& folder) {
  const std::string bag = folder + "/query_bench.tenth.zbag";
  const std::size_t points = report.arguments().scaled(kPoints / 10);
  make_bag(bag, {.points = points});
  std::map<std::string, double> bytes;
  std::vector<Case> cases;
  for (const std::string format : {"parquet", "jsonl", "csv", "sqlite", "mcap"}) {
    cases.push_back({format, [&, format] {
                       const std::string out = folder + "/query_bench.out." + format;
                       fs::remove_all(out);
                       return timed([&] { bytes[format] = export_as(bag, format, out); });
                     }});
  }
  const Table table =
      report.compare("exports", cases, points, kFieldBytes * static_cast<double>(points));
  const auto speed = [&](const char* format) { return table.find(format)->rate.median; };
  const auto mb_per_second = [&](const char* format) {
    return speed(format) * bytes[format] / static_cast<double>(points) / 1e6;
  };
  report.claim("parquet: million points a second", speed("parquet") / 1e6, 1.0);
  report.claim("jsonl: MB a second", mb_per_second("jsonl"), 300.0);
  report.claim("csv: MB a second", mb_per_second("csv"), 250.0);
  for (const Case& one : cases) fs::remove_all(folder + "/query_bench.out." + one.name);
  fs::remove(bag);
}

// S2.43
void export_steps(Report& report, const std::string& folder) {
  const std::string bag = folder + "/query_bench.steps.zbag";
  const std::string out = folder + "/query_bench.steps.parquet";
  make_bag(bag, {.points = kSteps});
  const Table table = report.compare(
      "1 000 steps", {{"parquet", [&] { return timed([&] { export_as(bag, "parquet", out); }); }}},
      kSteps, kFieldBytes * kSteps);
  report.claim("1 000 steps to Parquet: times a second",
               table.rows[0].rate.median / static_cast<double>(kSteps), 10.0);
  fs::remove(bag);
  fs::remove(out);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  Report report(begin(argc, argv, "Asking bags in SQL, and exporting them."));
  const std::string folder = report.arguments().folder;
  ask_all(report, folder);
  export_all(report, folder);
  export_steps(report, folder);
  return report.finish();
}
