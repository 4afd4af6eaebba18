// What a slow recording costs the disk: a day of a quiet robot, in simulated time.
//
//   sync_bench [--hours H] [--dir FOLDER]
//
// Ten tracks at 1 Hz, as an idle robot sends its battery, its temperatures, its state. Each row is
// a sync interval: commits, block bytes given to LMDB over block bytes kept, and the pages LMDB
// wrote, scaled to a day. A folder in memory (/dev/shm) shows the same counts sooner.

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "sync_bench: {}\n", why);
  std::exit(1);
}

// Bytes this process has handed to write() and its kin so far (proc(5), io: wchar).
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string key;
  std::uint64_t value = 0;
  while (io >> key >> value) {
    if (key == "wchar:") return value;
  }
  return 0;
}

// Values kept in the blocks table.
std::uint64_t kept_bytes(BagFile& file) {
  Result<std::unique_ptr<ReadTxn>> txn = file.read();
  if (!txn) stop(txn.error().message);
  Result<TableCursor> cursor = TableCursor::open(**txn, file.tables().blocks);
  if (!cursor) stop(cursor.error().message);
  std::uint64_t bytes = 0;
  for (auto item = cursor->first(); item && *item; item = cursor->next())
    bytes += (*item)->value.size();
  return bytes;
}

// One track's points of the seconds from `from` on.
class QuietTrack {
 public:
  explicit QuietTrack(std::string name) : name_(std::move(name)) {}

  TrackBatch batch(std::int64_t from, std::int64_t seconds) {
    maps_.clear();
    TrackBatch batch;
    batch.name = name_;
    for (std::int64_t second = from; second < from + seconds; ++second) {
      const double x = static_cast<double>(second);
      std::string& map = maps_.emplace_back();
      encode_fields({{"voltage", std::round(2400.0 - 0.01 * x) / 100.0},
                     {"current", std::round(310.0 + 40.0 * std::sin(x / 7.0)) / 100.0},
                     {"temperature", std::round(315.0 + 25.0 * std::sin(x / 900.0)) / 10.0},
                     {"state", "idle"}},
                    map);
      const MapBytes opened =
          *open_map({reinterpret_cast<const std::uint8_t*>(map.data()), map.size()});
      RowPoint point;
      point.key = second * 1'000'000'000;
      point.seconds = x;
      point.wall_ns = point.key + 150'000 + second % 1000;
      point.mono_ns = point.wall_ns - 77;
      point.pairs = opened.pairs.data();
      point.pairs_bytes = static_cast<std::uint32_t>(opened.pairs.size());
      point.fields = opened.count;
      batch.points.push_back(point);
    }
    batch.fate.received = batch.points.size();
    return batch;
  }

 private:
  std::string name_;
  std::deque<std::string> maps_;
};

void show(const std::string& folder, double hours, double sync_seconds, CompressionSpec spec) {
  const std::string path = folder + "/sync_bench.zbag";
  for (const char* suffix : {"", "-lock"}) fs::remove(path + suffix);
  BagWriter::Options options;
  options.compression = spec;
  Result<BagWriter> writer = BagWriter::open(path, options);
  if (!writer) stop(writer.error().message);
  std::vector<QuietTrack> tracks;
  tracks.reserve(10);
  for (int i = 0; i < 10; ++i) tracks.emplace_back(fmt::format("robot/part{}", i));
  // The sensors are not in step: with an interval below a second each commit holds its share.
  const auto commits_per_second = static_cast<std::int64_t>(std::max(1.0, 1.0 / sync_seconds));
  const auto seconds_per_commit = static_cast<std::int64_t>(std::max(1.0, sync_seconds));
  const auto seconds = static_cast<std::int64_t>(hours * 3600.0);
  const std::uint64_t before = bytes_written();
  std::uint64_t given = 0;
  std::uint64_t commits = 0;
  for (std::int64_t second = 0; second < seconds; second += seconds_per_commit) {
    for (std::int64_t share = 0; share < commits_per_second; ++share) {
      Batch batch;
      for (std::size_t i = 0; i < tracks.size(); ++i) {
        if (static_cast<std::int64_t>(i) % commits_per_second == share)
          batch.tracks.push_back(tracks[i].batch(second, seconds_per_commit));
      }
      const Result<WriteReport> report = writer->write(batch);
      if (!report) stop(report.error().message);
      given += report->block_bytes;
      ++commits;
    }
  }
  const std::uint64_t kept = kept_bytes(*writer->file());
  const double pages = static_cast<double>(bytes_written() - before) / 4096.0;
  const double per_day = 24.0 / hours;
  fmt::print("{:>6.1f} s {:>6} {:>12.0f} {:>14.2f} {:>14.0f} {:>12.0f} {:>12.1f}\n", sync_seconds,
             spec.kind == Compression::kNone ? "plain" : "lz4",
             static_cast<double>(commits) * per_day,
             static_cast<double>(given) / static_cast<double>(kept), pages * per_day,
             pages * per_day * 4096.0 / 1e6, static_cast<double>(kept) * per_day / 1e6);
  static_cast<void>(writer->close());
  for (const char* suffix : {"", "-lock"}) fs::remove(path + suffix);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag;
  double hours = 1.0;
  std::string folder = std::filesystem::temp_directory_path().string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option(argv[i]);
    if (option == "--hours") hours = std::atof(argv[i + 1]);
    if (option == "--dir") folder = argv[i + 1];
  }
  fmt::print("{:>8} {:>6} {:>12} {:>14} {:>14} {:>12} {:>12}\n", "sync", "", "commits/day",
             "given / kept", "pages/day", "MB/day", "kept MB/day");
  for (const Compression kind : {Compression::kNone, Compression::kLz4}) {
    for (const double sync : {0.1, 1.0, 5.0}) bench::show(folder, hours, sync, {kind, 0});
  }
}
