// Whether a read costs what it returns, not what the bag holds: 1 000 points of a bag of 10^4 and
// of one of 10^8 (at --scale 1), by time and by index, and one point by its stamp. And what the
// heads of all blocks say of 10^7 points against decoding them; a picture of these, and analytics.
//
//   range_bench [--rounds N] [--dir FOLDER] [--scale S] [--json FILE]

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "benchmarks/report.hpp"
#include "player/query/analytics/track_analytics.hpp"
#include "player/query/plot/track_envelopes.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "recorder/bag/read/track_summaries.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStepNs = 1'000'000;
constexpr std::int64_t kFirstNs = 1'700'000'000'000'000'000;
constexpr std::size_t kSmall = 10'000;
constexpr std::size_t kLarge = 100'000'000;
constexpr std::size_t kRange = 1'000;
const std::string kTrack = "robot/encoder";

void remove_bag(const std::string& path) {
  for (const char* suffix : {"", "-lock"}) fs::remove(path + suffix);
}

// One track of one number at 1 kHz, as `record` writes it by default.
void make(const std::string& path, std::size_t points, CompressionSpec compression = {}) {
  remove_bag(path);
  Recording::Options options;
  options.overflow = Overflow::kBlock;
  Result<std::unique_ptr<Recording>> recording =
      Recording::open(path, std::move(options), lmdb_storage({.compression = compression}));
  if (!recording) stop(recording.error().message);
  std::string frame;
  for (std::size_t i = 0; i < points; ++i) {
    const std::int64_t ns = kFirstNs + static_cast<std::int64_t>(i) * kStepNs;
    const FieldView position{"position", static_cast<double>(i % 4096)};
    encode_frame({Timestamp::from_ns(ns), i, 1}, {&position, 1}, frame);
    (*recording)
        ->intake()
        .accept(kTrack, {reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size()},
                {ns, ns - kFirstNs});
    (*recording)->hand_over(false);
  }
  if (Status closed = (*recording)->close(); !closed) stop(closed.error().message);
}

// Reads at places spread over the bag.
constexpr std::size_t kPlaces = 100;

template <class Read>
Sample spread(std::size_t points, Read read, std::size_t places = kPlaces) {
  return timed([&] {
    for (std::size_t place = 0; place < places; ++place) read((points - kRange) / places * place);
  });
}

void by_time(const BagReader& reader, std::size_t from) {
  BagReader::Selection selection;
  selection.track = kTrack;
  // Between two stamps: as doubles they are not whole nanoseconds.
  const std::int64_t first = kFirstNs + static_cast<std::int64_t>(from) * kStepNs - kStepNs / 2;
  selection.range = {first, first + static_cast<std::int64_t>(kRange) * kStepNs - 1};
  Result<BagCursor> cursor = reader.cursor(selection);
  if (!cursor) stop(cursor.error().message);
  std::size_t found = 0;
  while (true) {
    const Result<std::optional<PointView>> point = cursor->next();
    if (!point) stop(point.error().message);
    if (!*point) break;
    ++found;
  }
  if (found != kRange) stop(fmt::format("{} points of {}", found, kRange));
}

void by_index(const BagReader& reader, std::size_t from) {
  const Result<Page> page = reader.read_page(kTrack, from, kRange);
  if (!page || page->points.size() != kRange) stop("a page is not whole");
}

void by_stamp(const BagReader& reader, std::size_t at) {
  const auto stamp =
      Timestamp::from_ns(kFirstNs + static_cast<std::int64_t>(at) * kStepNs + kStepNs / 2);
  const Result<std::optional<Point>> point = reader.floor(kTrack, stamp);
  if (!point || !*point) stop("no point");
}

void run(Report& report) {
  const std::string folder = report.arguments().folder;
  const std::size_t large = std::max(report.arguments().scaled(kLarge), 2 * kSmall);
  struct Bag {
    std::string path;
    std::size_t points;
  };
  const std::vector<Bag> bags{{folder + "/range_bench.small.zbag", kSmall},
                              {folder + "/range_bench.large.zbag", large}};
  std::vector<BagReader> readers;
  for (const Bag& bag : bags) {
    make(bag.path, bag.points);
    Result<BagReader> reader = BagReader::open(bag.path);
    if (!reader) stop(reader.error().message);
    readers.push_back(std::move(*reader));
  }
  const auto compare = [&](const std::string& title, std::uint64_t points_each, auto read) {
    std::vector<Case> cases;
    for (std::size_t i = 0; i < bags.size(); ++i) {
      cases.push_back({fmt::format("out of {}", bags[i].points), [&, i] {
                         return spread(bags[i].points,
                                       [&](std::size_t at) { read(readers[i], at); });
                       }});
    }
    const std::uint64_t points = points_each * kPlaces;
    const Table table = report.compare(title, cases, points, 9.0 * static_cast<double>(points));
    report.claim(title + ": large bag / small bag, in speed",
                 table.rows[1].rate.median / table.rows[0].rate.median, 1.0 / 3.0);
  };
  compare("1000 points by time", kRange, by_time);
  compare("1000 points by index", kRange, by_index);
  compare("one point by stamp", 1, by_stamp);
  readers.clear();
  for (const Bag& bag : bags) remove_bag(bag.path);
}

double greatest_by_summaries(const BagReader& reader) {
  const auto blocks = read_summaries(reader, {.track = kTrack, .fields = {{"position"}}}, SIZE_MAX);
  if (!blocks) stop(blocks.error().message);
  double greatest = 0.0;
  for (const SummarizedBlock& block : *blocks) {
    for (const SummarizedBlock::Field& field : block.fields)
      greatest = std::max(greatest, std::get<double>(*field.numbers.max()));
  }
  return greatest;
}

double greatest_by_points(const BagReader& reader) {
  Result<ColumnCursor> cursor =
      ColumnCursor::open(reader, {.track = kTrack, .fields = {{"position"}}});
  if (!cursor) stop(cursor.error().message);
  double greatest = 0.0;
  for (ColumnChunk chunk;;) {
    const Result<bool> more = cursor->next(chunk);
    if (!more) stop(more.error().message);
    if (!*more) return greatest;
    for (const FieldPart& part : chunk.fields[0].parts)
      greatest = std::max(greatest, *std::max_element(part.doubles.begin(), part.doubles.end()));
  }
}

// Of a track's numbers the greatest: from the summaries of its blocks, and from its points.
void read_all_ways(Report& report, const BagReader& reader, std::size_t points) {
  constexpr double kWanted = 20.0;
  const auto by = [&](double (*read)(const BagReader&)) {
    return [&reader, read] {
      return timed([&] {
        if (read(reader) != 4095.0) stop("not the greatest");
      });
    };
  };
  const Table table = report.compare(
      "the greatest of all, zstd",
      {{"from the points", by(greatest_by_points)}, {"from summaries", by(greatest_by_summaries)}},
      points, 9.0 * static_cast<double>(points));
  report.claim("the greatest of all: from summaries / from the points, in speed",
               table.rows[1].rate.median / table.rows[0].rate.median, kWanted);
}

// A plot of all points is to take well under a second of 10^7.
void look_at_all(Report& report, const BagReader& reader, std::size_t points) {
  constexpr double kWanted = 15e6;  // points a second
  const ValueField position = ValueField::parse("position", {});
  const TimeRange range{kFirstNs, kFirstNs + static_cast<std::int64_t>(points) * kStepNs};
  const auto analytics = [&] {
    return TrackAnalytics({&reader, 1}, {.track = kTrack, .field = position});
  };
  const auto picture = [&](std::size_t columns) {
    return timed([&] {
      const auto found = read_envelopes({&reader, 1}, {kTrack, range, {position}, columns});
      if (!found || found->envelopes[0].line().empty()) stop("no picture");
    });
  };
  std::uint64_t rows = 0;
  const std::vector<Case> cases{
      {"a picture, 2000 columns", [&] { return picture(2'000); }},
      {"a picture, 200 columns", [&] { return picture(200); }},
      {"percentiles",
       [&] {
         return timed(
             [&] { rows += analytics().calculate_percentiles(kUsualPercents)->total_count; });
       }},
      {"sliding average of a second",
       [&] {
         return timed([&] {
           const Status done = analytics().calculate_moving_average(
               1'000'000'000, WindowMode::kSliding, [&](const AverageRow&) { ++rows; });
           if (!done) stop(done.error().message);
         });
       }},
      {"trend", [&] {
         return timed([&] { rows += analytics().calculate_trends(1'000'000'000, 0.0)->periods; });
       }}};
  const Table table =
      report.compare("all points, zstd", cases, points, 9.0 * static_cast<double>(points));
  report.claim("a picture of all points, points a second", table.rows[0].rate.median, kWanted);
}

// A compressed block is decoded to find one point in it, and kept for whoever asks for the next.
void run_again(Report& report) {
  constexpr std::size_t kPoints = 10'000'000;
  constexpr std::size_t kManyPlaces = 1'000;  // more blocks, decoded, than are kept
  const std::string path = report.arguments().folder + "/range_bench.zstd.zbag";
  const std::size_t points = std::max(report.arguments().scaled(kPoints), 2 * kSmall);
  make(path, points, {Compression::kZstd, 1});
  const Result<BagReader> reader = BagReader::open(path);
  if (!reader) stop(reader.error().message);
  const auto read = [&](std::size_t at) { by_stamp(*reader, at); };
  const Table table = report.compare(
      "one point by stamp, zstd",
      {{"far from the last", [&] { return spread(points, read, kManyPlaces); }},
       {"near the last", [&] { return spread(2 * kManyPlaces, read, kManyPlaces); }}},
      kManyPlaces, 9.0 * kManyPlaces);
  report.claim("one point by stamp, zstd: near the last / far from it, in speed",
               table.rows[1].rate.median / table.rows[0].rate.median, {});
  read_all_ways(report, *reader, points);
  look_at_all(report, *reader, points);
  remove_bag(path);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  Report report(begin(argc, argv, "Reading 1 000 points of small and of large bags."));
  run(report);
  run_again(report);
  return report.finish();
}
