// What order costs: a reader over many tracks, backwards, and by index behind late points; a writer
// whose publisher's clock has stepped back.
//
//   order_bench [--rounds N] [--dir FOLDER] [--scale S] [--json FILE]
//
// Each claim is a ratio of speeds of one interleaved set, and the bounds are:
//
// - All points in order of time, of 10, 100 and 1 000 tracks that take turns, as many points
//   together. Which track is next is found by a tournament, whose rounds grow as the logarithm of
//   the tracks, and the rest of a point costs the same: of 1 000 tracks a point may cost
//   log 1 000 / log 10 = 3 times what it does of 10, and 3 / 2 of what it does of 100. In speed at
//   least 1/3 and 2/3. Of 100 beside 10 nothing is asked: when this was written 100 tracks cost
//   about 2.4 times what 10 did and 1 000 no more than that, so it is a step and not the
//   tournament; where it comes from is not known.
// - Backwards beside forwards: the same blocks, each verified and decompressed once, and points
//   found by where they begin either way. What only forwards has is the processor's and the
//   kernel's reading ahead, which is worth less than half. At least 1/2.
// - 1 000 points by index out of a bag ten and a hundred times larger, at the beginning, in the
//   middle and at the end: trees one or two levels higher, and colder pages. At least 1/3, as
//   performance.md asks of a range. Every tenth frame was late there: half of these are points of
//   their own between older ones, so that every index behind them moved, half merged into one.
// - Points behind all that is written, as after a clock that stepped back, written in order and
//   synced by thousands: the last of them beside the first. What lies in a gap between main blocks
//   is divided when there is more than a few blocks of it, so they cost the same but for the height
//   of the tree. At least 1/2. What comes in order is shown beside them.
#include <fmt/format.h>

#include <filesystem>

#include "benchmarks/report.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStepNs = 1'000'000;
// In the middle of a step: stamps are doubles on the way, which moves them by less than a µs.
constexpr std::int64_t kFirstNs = 1'700'000'000'000'500'000;
constexpr CompressionSpec kPlain{Compression::kNone, 0};

// A bag that goes with the object.
class ScratchBag {
 public:
  ScratchBag(const std::string& folder, const std::string& name)
      : path_(fmt::format("{}/order_bench.{}.zbag", folder, name)) {
    remove();
  }
  ~ScratchBag() { remove(); }
  ScratchBag(const ScratchBag&) = delete;
  ScratchBag& operator=(const ScratchBag&) = delete;

  const std::string& path() const { return path_; }

 private:
  void remove() const {
    for (const char* suffix : {"", "-lock"}) fs::remove(path_ + suffix);
  }
  std::string path_;
};

// Records frames of one number.
class Writer {
 public:
  Writer(const std::string& path, CompressionSpec compression) {
    Recording::Options options;
    options.overflow = Overflow::kBlock;
    Result<std::unique_ptr<Recording>> recording =
        Recording::open(path, std::move(options), lmdb_storage({.compression = compression}));
    if (!recording) stop(recording.error().message);
    recording_ = std::move(*recording);
  }

  void flush() {
    if (const auto flushed = recording_->flush(); !flushed) stop(flushed.error().message);
  }

  void add(const std::string& track, std::int64_t ns, const char* name = "position") {
    const FieldView field{name, static_cast<double>(++count_ % 4096)};
    encode_frame({Timestamp::from_ns(ns), count_, 1}, {&field, 1}, frame_);
    const std::int64_t arrival = kFirstNs + static_cast<std::int64_t>(count_) * kStepNs;
    recording_->intake().accept(
        track, {reinterpret_cast<const std::uint8_t*>(frame_.data()), frame_.size()},
        {arrival, arrival - kFirstNs});
    recording_->hand_over(false);
  }
  // How many points there are.
  std::size_t close() {
    if (Status closed = recording_->close(); !closed) stop(closed.error().message);
    return recording_->totals().fate.points;
  }

 private:
  std::unique_ptr<Recording> recording_;
  std::string frame_;
  std::uint64_t count_ = 0;
};

BagReader reader_of(const ScratchBag& bag) {
  Result<BagReader> reader = BagReader::open(bag.path());
  if (!reader) stop(reader.error().message);
  return std::move(*reader);
}

std::int64_t stamp_of(std::size_t place) {
  return kFirstNs + static_cast<std::int64_t>(place) * kStepNs;
}

// Tracks that take turns.
void make_tracks(const ScratchBag& bag, std::size_t tracks, std::size_t points,
                 CompressionSpec compression) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < tracks; ++i) names.push_back(fmt::format("robot/joint{}", i));
  Writer writer(bag.path(), compression);
  for (std::size_t i = 0; i < points; ++i) writer.add(names[i % tracks], stamp_of(i));
  if (writer.close() != points) stop("points are missing");
}

// Every point of the bag, which must come in order.
Sample read_all(const BagReader& reader, std::size_t points, bool reverse) {
  std::size_t found = 0;
  const Sample sample = timed([&] {
    Result<BagCursor> cursor = reader.cursor({.reverse = reverse});
    if (!cursor) stop(cursor.error().message);
    while (true) {
      const Result<std::optional<PointView>> point = cursor->next();
      if (!point) stop(point.error().message);
      if (!*point) return;
      const std::size_t place = reverse ? points - 1 - found : found;
      if ((*point)->stamp().ns() / kStepNs != stamp_of(place) / kStepNs)
        stop("points out of order");
      ++found;
    }
  });
  if (found != points) stop(fmt::format("{} points of {}", found, points));
  return sample;
}

// In speed: how a row of the table does beside another.
void claim(Report& report, const Table& table, std::size_t row, std::size_t beside,
           double at_least) {
  const Table::Row& ours = table.rows[row];
  const Table::Row& other = table.rows[beside];
  report.claim(fmt::format("{}: {} / {}", table.title, ours.name, other.name),
               ours.rate.median / other.rate.median, at_least);
}

void run_tracks(Report& report) {
  const std::string& folder = report.arguments().folder;
  const std::size_t points = report.arguments().scaled(3'000'000);
  const std::vector<std::size_t> counts{10, 100, 1'000};
  std::vector<std::unique_ptr<ScratchBag>> bags;
  std::vector<BagReader> readers;
  std::vector<Case> cases;
  readers.reserve(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    bags.push_back(std::make_unique<ScratchBag>(folder, fmt::format("{}tracks", counts[i])));
    make_tracks(*bags[i], counts[i], points, kPlain);
    readers.push_back(reader_of(*bags[i]));
    cases.push_back({fmt::format("{} tracks", counts[i]),
                     [&, i] { return read_all(readers[i], points, false); }});
  }
  const Table table = report.compare("all points in order of time", cases, points,
                                     9.0 * static_cast<double>(points));
  claim(report, table, 2, 0, 1.0 / 3.0);
  claim(report, table, 2, 1, 2.0 / 3.0);
}

void run_backwards(Report& report, const std::string& name, CompressionSpec compression) {
  constexpr std::size_t kTracks = 10;
  const std::size_t points = report.arguments().scaled(3'000'000);
  const ScratchBag bag(report.arguments().folder, "backwards");
  make_tracks(bag, kTracks, points, compression);
  const BagReader reader = reader_of(bag);
  const Table table =
      report.compare("all points of 10 tracks, " + name,
                     {{"forwards", [&] { return read_all(reader, points, false); }},
                      {"backwards", [&] { return read_all(reader, points, true); }}},
                     points, 9.0 * static_cast<double>(points));
  claim(report, table, 1, 0, 1.0 / 2.0);
}

const std::string kTrack = "robot/encoder";

// One track whose every tenth frame comes late, by more than a recorder holds open: in turn a
// point of its own and one more field of a stored one. Returns the points.
std::size_t make_late(const ScratchBag& bag, std::size_t frames) {
  constexpr std::size_t kBehind = 18'000;
  Writer writer(bag.path(), kPlain);
  std::size_t alone = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    // Late is what comes behind what is written; what falls among the newest would be folded.
    if (i % (kBehind / 2) == 0) writer.flush();
    writer.add(kTrack, stamp_of(i));
    if (i < kBehind || i % 9 != 0) continue;
    const bool is_alone = i % 18 == 0;
    writer.add(kTrack, stamp_of(i - kBehind) + (is_alone ? kStepNs / 4 : 0), "torque");
    alone += is_alone ? 1 : 0;
  }
  const std::size_t points = writer.close();
  const Result<BagSummary> summary = reader_of(bag).summary();
  if (!summary || summary->tracks.front().late_points != alone) stop("too few points are late");
  return points;
}

// Pages from `first` on, at places close to each other.
Sample read_pages(const BagReader& reader, std::size_t first) {
  constexpr std::size_t kLimit = 1'000;
  constexpr std::size_t kPages = 50;
  constexpr std::size_t kApart = 97;
  return timed([&] {
    for (std::size_t i = 0; i < kPages; ++i) {
      const Result<Page> page = reader.read_page(kTrack, first + i * kApart, kLimit);
      if (!page) stop(page.error().message);
      if (page->points.size() != kLimit) stop("a page is not whole");
    }
  });
}

void run_by_index(Report& report) {
  constexpr std::size_t kSmall = 100'000;
  constexpr std::uint64_t kPoints = 50'000;  // of 50 pages
  constexpr std::size_t kReach = 6'000;      // of the pages of one place
  const std::size_t large = std::max(report.arguments().scaled(100 * kSmall), 4 * kSmall);
  std::vector<std::unique_ptr<ScratchBag>> bags;
  std::vector<BagReader> readers;
  std::vector<std::size_t> points;
  readers.reserve(3);
  for (const std::size_t frames : {kSmall, std::max(large / 10, 2 * kSmall), large}) {
    bags.push_back(
        std::make_unique<ScratchBag>(report.arguments().folder, fmt::format("late{}", frames)));
    points.push_back(make_late(*bags.back(), frames));
    readers.push_back(reader_of(*bags.back()));
  }
  for (const auto& [name, share] : {std::pair{"begin", 0.0}, {"middle", 0.5}, {"end", 1.0}}) {
    std::vector<Case> cases;
    for (std::size_t i = 0; i < readers.size(); ++i) {
      const auto first = static_cast<std::size_t>(share * static_cast<double>(points[i] - kReach));
      cases.push_back({fmt::format("out of {}", points[i]),
                       [&, i, first] { return read_pages(readers[i], first); }});
    }
    const Table table = report.compare(fmt::format("1000 points by index, 10 % late, {}", name),
                                       cases, kPoints, 9.0 * static_cast<double>(kPoints));
    claim(report, table, 1, 0, 1.0 / 3.0);
    claim(report, table, 2, 0, 1.0 / 3.0);
  }
}

// Writes a tenth of `points` that lie behind others, having written those before it: the first
// tenth is number 0. Nothing lies ahead of points in order.
Sample write_tenth(const ScratchBag& bag, std::size_t points, std::size_t tenth, bool in_order) {
  constexpr std::size_t kAhead = 100'000;
  constexpr std::size_t kSync = 1'000;
  for (const char* suffix : {"", "-lock"}) fs::remove(bag.path() + suffix);
  Writer writer(bag.path(), kPlain);
  for (std::size_t i = 0; i < kAhead && !in_order; ++i) writer.add(kTrack, stamp_of(points + i));
  writer.flush();
  const auto write = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      writer.add(kTrack, stamp_of(i));
      if (i % kSync == kSync - 1) writer.flush();
    }
    writer.flush();
  };
  write(0, tenth * points / 10);
  const Sample sample = timed([&] { write(tenth * points / 10, (tenth + 1) * points / 10); });
  if (writer.close() != (tenth + 1) * points / 10 + (in_order ? 0 : kAhead))
    stop("points are missing");
  return sample;
}

void run_clock_step(Report& report) {
  const std::size_t points = report.arguments().scaled(2'000'000);
  const std::size_t tenth = points / 10;
  const ScratchBag bag(report.arguments().folder, "step");
  const Table table = report.compare(
      "writing points behind those that are written",
      {{"in order", [&] { return write_tenth(bag, points, 9, true); }},
       {"behind, the first tenth", [&] { return write_tenth(bag, points, 0, false); }},
       {"behind, the last tenth", [&] { return write_tenth(bag, points, 9, false); }}},
      tenth, 9.0 * static_cast<double>(tenth));
  claim(report, table, 2, 1, 1.0 / 2.0);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  Report report(begin(argc, argv, "What order costs."));
  run_tracks(report);
  run_backwards(report, "plain", kPlain);
  run_backwards(report, "zstd", {zbag::Compression::kZstd, 1});
  run_by_index(report);
  run_clock_step(report);
  return report.finish();
}
