// How fast recordings come in, and how fast two of them are compared.
//
//   import_bench [--rounds N] [--dir FOLDER] [--scale S] [--json FILE]
//
// Imports are `zbag import` as people start it, beside the `rosbags` package of Python, which only
// reads: 100,000 messages of ROS (an IMU, a scan of 360 beams, a transform) in a ROS 1 bag and in a
// ROS 2 bag of MCAP with CDR, and JSON lines of 10^6 points of ten fields. The package is told
// without the start of its Python, our command with its own. It runs where tests/run.sh has brought
// the package.
//
// Two bags of 10^7 points of ten fields are compared as `zbag diff` does, beside reading one of
// them: column by column, as exports and plots do, and point by point, as `zbag cat` does. The
// other bag is a copy; one that was recorded again, whose points arrived later; one in other
// blocks; one in which a field of every point lies within the tolerance; and one that was not
// compressed. What is compared is read twice, so 0.5 is as fast as reading both once.

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <sstream>
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
constexpr std::size_t kRosMessages = 100'000;
constexpr std::size_t kLines = 1'000'000;
constexpr const char* kPeer = ZBAG_ROSBAGS_PEER;

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

// What the command says on stdout, nullopt when it fails. Its stderr is ours.
std::optional<std::string> output_of(std::vector<std::string> words) {
  std::vector<char*> argv(words.size() + 1, nullptr);  // ends with a null
  std::ranges::transform(words, argv.begin(), [](std::string& word) { return word.data(); });
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string said;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = ::read(ends[0], part.data(), part.size())) > 0;)
    said.append(part.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = -1;
  if (failed != 0 || ::waitpid(pid, &status, 0) != pid || status != 0) return std::nullopt;
  return said;
}

// The command of the build that this program is of.
std::string zbag_command() {
  return (fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "zbag").string();
}

Sample import_by_zbag(const std::string& path, const std::string& bag) {
  fs::remove(bag);
  return timed([&] {
    if (!output_of({zbag_command(), "import", path, "-o", bag, "--quiet"}))
      stop("zbag import " + path);
  });
}

Sample read_by_rosbags(const std::string& path, std::size_t messages) {
  const std::optional<std::string> said = output_of({"/usr/bin/python3", kPeer, "read", path});
  if (!said) stop("rosbags does not read " + path);
  Sample sample;
  std::size_t read = 0;
  std::istringstream(*said) >> sample.seconds >> sample.cpu_seconds >> read;
  expect(read, messages);
  return sample;
}

double bytes_of(const fs::path& path) {
  if (!fs::is_directory(path)) return static_cast<double>(fs::file_size(path));
  double bytes = 0.0;
  for (const fs::directory_entry& entry : fs::directory_iterator(path))
    bytes += static_cast<double>(entry.file_size());
  return bytes;
}

void import_from_ros(Report& report, const fs::path& folder) {
  const std::size_t messages = report.arguments().scaled(kRosMessages);
  if (!output_of({"/usr/bin/python3", kPeer, "make", folder, std::to_string(messages)})) {
    fmt::print("The `rosbags` package is not here: imports from ROS are not measured.\n");
    return;
  }
  const std::string bag = folder / "ours.zbag";
  for (const auto& [title, name] : {std::pair("import of a ROS 1 bag", "run.bag"),
                                    std::pair("import of a ROS 2 bag, MCAP with CDR", "run2")}) {
    const std::string path = folder / name;
    const std::vector<Case> cases{
        {"rosbags, reading alone", [&] { return read_by_rosbags(path, messages); }},
        {"zbag import", [&] { return import_by_zbag(path, bag); }}};
    const Table table = report.compare(title, cases, messages, bytes_of(path));
    report.claim(std::string("zbag / rosbags, ") + title, table.ratio(table.rows[1]), 10.0);
  }
}

void import_lines(Report& report, const fs::path& folder) {
  const std::size_t points = report.arguments().scaled(kLines);
  const std::string bag = folder / "lines.zbag";
  const std::string lines = folder / "lines.jsonl";
  make_bag(bag, {.points = points});
  if (!output_of({zbag_command(), "export", bag, "-o", lines, "--quiet"}))
    stop("zbag export " + lines);
  const std::vector<Case> cases{
      {"zbag import", [&] { return import_by_zbag(lines, folder / "ours.zbag"); }}};
  const double bytes = bytes_of(lines);
  const Table table = report.compare("import of JSON lines", cases, points, bytes);
  report.claim("MB/s of JSON lines", table.mb_per_second(table.rows[0]), 200.0);
}

void import_all(Report& report, const fs::path& parent) {
  const fs::path folder = parent / ("import_bench." + std::to_string(::getpid()));
  fs::create_directories(folder);
  import_from_ros(report, folder);
  import_lines(report, folder);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  Report report(
      begin(argc, argv, "Imports, and comparing bags that come back with those that went."));
  import_all(report, report.arguments().folder);
  diff_all(report, report.arguments().folder);
  return report.finish();
}
