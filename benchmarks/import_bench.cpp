// What becomes of a bag that comes back from somewhere: compared with the one that went there.
//
//   import_bench [--rounds N] [--dir FOLDER] [--scale S] [--json FILE]
//
// Two bags of 10^7 points of ten fields are compared as `zbag diff` does, beside reading one of
// them: column by column, as exports and plots do, and point by point, as `zbag cat` does. The
// other bag is a copy; one that was recorded again, whose points arrived later; one in other
// blocks; one in which a field of every point lies within the tolerance; and one that was not
// compressed. What is compared is read twice, so 0.5 is as fast as reading both once.

#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/imu_bag.hpp"
#include "benchmarks/report.hpp"
#include "player/query/diff/bag_diff.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/column_reader.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPoints = 10'000'000;

BagReader opened(const std::string& path) {
  Result<BagReader> reader = BagReader::open(path);
  if (!reader) stop(reader.error().message);
  return std::move(*reader);
}

void expect(std::size_t got, std::size_t wanted) {
  if (got != wanted) stop(std::to_string(got) + " of " + std::to_string(wanted) + " points");
}

void read_columns(const std::string& path, std::size_t points) {
  ColumnCursor::Selection selection{.track = ImuBag::kTrack};
  for (const char* const field : ImuBag::fields()) selection.fields.push_back({field});
  Result<ColumnCursor> cursor = ColumnCursor::open(opened(path), selection);
  if (!cursor) stop(cursor.error().message);
  ColumnChunk chunk;
  std::size_t read = 0;
  while (true) {
    const Result<bool> more = cursor->next(chunk);
    if (!more) stop(more.error().message);
    if (!*more) break;
    read += chunk.keys.size();
  }
  expect(read, points);
}

void read_points(const std::string& path, std::size_t points) {
  Result<BagCursor> cursor = opened(path).cursor({});
  if (!cursor) stop(cursor.error().message);
  std::size_t read = 0;
  while (true) {
    const Result<std::optional<PointView>> point = cursor->next();
    if (!point) stop(point.error().message);
    if (!*point) break;
    ++read;
  }
  expect(read, points);
}

void compare_bags(const std::string& a, const std::string& b, std::size_t points,
                  std::optional<double> tolerance = {}) {
  const Result<BagDiff> diff = diff_bags(opened(a), opened(b), {.tolerance = tolerance}, {});
  if (!diff) stop(diff.error().message);
  if (!diff->is_equal()) stop("the bags differ");
  expect(diff->points_a() + diff->points_b(), 2 * points);
}

void diff_all(Report& report, const std::string& folder) {
  const std::size_t points = report.arguments().scaled(kPoints);
  std::vector<std::string> paths;
  const auto made = [&](const ImuBag& bag) {
    paths.push_back(folder + "/import_bench." + std::to_string(paths.size()) + ".zbag");
    make_bag(paths.back(), bag);
    return paths.back();
  };
  const std::string a = made({.points = points});
  struct Other {
    const char* name;
    std::string path;
    std::optional<double> tolerance;
    std::optional<double> at_least;
  };
  const BagOptions large{.compression = {Compression::kLz4, 0}, .block_pages = 37};
  const BagOptions plain{.compression = {Compression::kNone, 0}};
  const std::vector<Other> others{
      {"a copy", made({.points = points}), {}, 0.4},
      {"recorded again", made({.points = points, .arrives_behind_ns = 12'345'678}), {}, 0.4},
      {"in other blocks", made({.points = points, .storage = large}), {}, 0.4},
      {"within the tolerance", made({.points = points, .offset = 1e-7}), 1e-6, 0.4},
      {"not compressed", made({.points = points, .storage = plain}), {}, {}}};
  std::vector<Case> cases{
      {"reading one", [&] { return timed([&] { read_columns(a, points); }); }},
      {"reading one by points", [&] { return timed([&] { read_points(a, points); }); }}};
  for (const Other& other : others) {
    cases.push_back({std::string("diff: ") + other.name, [&] {
                       return timed([&] { compare_bags(a, other.path, points, other.tolerance); });
                     }});
  }
  const Table table = report.compare("diff of two bags", cases, points,
                                     ImuBag::kPointBytes * static_cast<double>(points));
  for (std::size_t i = 0; i < others.size(); ++i)
    report.claim(table.rows[2 + i].name + " / reading one, in speed",
                 table.ratio(table.rows[2 + i]), others[i].at_least);
  for (const std::string& path : paths) fs::remove(path);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  Report report(begin(argc, argv, "Comparing bags that come back with those that went."));
  diff_all(report, report.arguments().folder);
  return report.finish();
}
