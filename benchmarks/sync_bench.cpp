// What a recording in real time costs the disk: twenty tracks of 1 to 100 Hz, in simulated time.
//
//   sync_bench [--minutes M] [--dir FOLDER]
//
// Each row is a log and a sync interval: what was given to the disk (proc(5), io: write_bytes,
// which counts pages when they are first written after each sync; so the folder must lie on a
// disk), what the closed file measures, both scaled to a day, and how much is given for each byte
// of the frames. All are durable at every sync. A recorder that misses no sync of 100 ms makes
// 864,000 a day.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/peers/synced_log.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "sync_bench: {}\n", why);
  std::exit(1);
}

// Handed to write() and its kin by this process so far.
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string key;
  std::uint64_t value = 0;
  while (io >> key >> value) {
    if (key == "wchar:") return value;
  }
  return 0;
}

// A robot as its sensors send: what is slow has few numbers, what is fast ten of an IMU.
class Robot {
 public:
  static constexpr int kTracks = 20;
  Robot() {
    for (int track = 0; track < kTracks; ++track)
      names_.push_back(fmt::format("robot/part{:02}", track));
  }
  const std::vector<std::string>& tracks() const { return names_; }

  // What it sends in [from, to), ns, in order of time.
  std::vector<SyncedFrame> frames(std::int64_t from, std::int64_t to) {
    std::vector<SyncedFrame> frames;
    for (std::uint32_t track = 0; track < kTracks; ++track) {
      const std::int64_t step = 1'000'000'000 / kHertz[track];
      const std::int64_t phase = step * track / kTracks;
      for (std::int64_t at = (from - phase + step - 1) / step * step + phase; at < to; at += step) {
        std::string bytes;
        const FrameHead head{Timestamp::from_ns(at), counts_[track]++, 0x1234 + track};
        encode_frame(head, kHertz[track] < 50 ? slow(at) : fast(), bytes);
        frames.push_back({track, at, std::move(bytes)});
      }
    }
    std::ranges::stable_sort(frames, {}, &SyncedFrame::ts_ns);
    return frames;
  }

 private:
  static constexpr std::int64_t kHertz[kTracks] = {1,  1,  1,  2,  2,  5,  5,   10,  10,  10,
                                                   20, 20, 20, 50, 50, 50, 100, 100, 100, 100};
  Fields slow(std::int64_t at) {
    const double x = static_cast<double>(at) / 1e9;
    return {{"voltage", std::round(2400.0 - 0.01 * x) / 100.0},
            {"current", std::round(310.0 + 40.0 * std::sin(x / 7.0)) / 100.0},
            {"temperature", std::round(315.0 + 25.0 * std::sin(x / 900.0)) / 10.0},
            {"state", "idle"}};
  }
  Fields fast() {
    Fields fields;
    for (const char* name :
         {"acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z", "q_w", "q_x", "q_y", "q_z"})
      fields.emplace_back(name, 0.000'1 * std::round(steps_(random_)));
    return fields;
  }

  std::vector<std::string> names_;
  std::uint64_t counts_[kTracks] = {};
  std::mt19937_64 random_{1};
  std::normal_distribution<double> steps_{0.0, 80.0};
};

class Bag : public SyncedLog {
 public:
  Bag(const std::string& path, CompressionSpec compression, std::vector<std::string> tracks)
      : tracks_(std::move(tracks)) {
    Recording::Options options;
    options.overflow = Overflow::kBlock;
    options.sync = std::chrono::hours(1);  // it is told when
    Result<std::unique_ptr<Recording>> recording =
        Recording::open(path, std::move(options), lmdb_storage({.compression = compression}));
    if (!recording) stop(recording.error().message);
    recording_ = std::move(*recording);
  }

  bool write(const std::vector<SyncedFrame>& frames) override {
    for (const SyncedFrame& frame : frames) {
      const std::span bytes(reinterpret_cast<const std::uint8_t*>(frame.bytes.data()),
                            frame.bytes.size());
      const ArrivalTime arrival{frame.ts_ns + 150'000, frame.ts_ns + 150'000 - 77};
      recording_->intake().accept(tracks_[frame.track], bytes, arrival);
      recording_->hand_over(false);
    }
    return recording_->flush().has_value();
  }
  bool close() override { return recording_->close().has_value(); }

 private:
  std::vector<std::string> tracks_;
  std::unique_ptr<Recording> recording_;
};

using MakeLog = std::function<std::unique_ptr<SyncedLog>(const std::string& path,
                                                         const std::vector<std::string>& tracks)>;
MakeLog bag(CompressionSpec compression) {
  return [compression](const std::string& path, const std::vector<std::string>& tracks) {
    return std::make_unique<Bag>(path, compression, tracks);
  };
}

// Adds up whole pages.
class PagesToDisk {
 public:
  explicit PagesToDisk(bool appends) : appends_(appends) {}
  // What was written since the last call is durable now.
  void synced() {
    constexpr std::uint64_t kPage = 4'096;
    const std::uint64_t now = bytes_written();
    const std::uint64_t pages = (now - std::exchange(before_, now) + kPage - 1) / kPage;
    bytes_ += kPage * (pages + (appends_ && pages > 0 ? 1 : 0));
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  bool appends_;
  std::uint64_t before_ = bytes_written();
  std::uint64_t bytes_ = 0;
};

struct Kind {
  const char* name;
  MakeLog make;
  bool appends;
};

void show(const Kind& kind, const std::string& folder, double minutes, double sync_seconds) {
  const auto& [name, make, appends] = kind;
  const fs::path path = fs::path(folder) / fmt::format("sync_bench.{}", ::getpid());
  fs::create_directories(path);
  Robot robot;
  const std::unique_ptr<SyncedLog> log = make(path / "log", robot.tracks());
  if (!log) {
    fmt::print("{:14} is not here\n", name);
    return;
  }
  const auto step = static_cast<std::int64_t>(sync_seconds * 1e9);
  const auto end = static_cast<std::int64_t>(minutes * 60e9);
  PagesToDisk disk(appends);
  std::uint64_t own = 0;
  for (std::int64_t from = 0; from < end; from += step) {
    const std::vector<SyncedFrame> frames = robot.frames(from, from + step);
    for (const SyncedFrame& frame : frames) own += frame.bytes.size();
    if (!log->write(frames)) stop(fmt::format("{} failed", name));
    disk.synced();
  }
  if (!log->close()) stop(fmt::format("{} failed", name));
  disk.synced();
  const std::uint64_t given = disk.bytes();
  std::uint64_t kept = 0;
  for (const auto& entry : fs::directory_iterator(path))
    if (!entry.path().string().ends_with("-lock")) kept += entry.file_size();
  fs::remove_all(path);
  const double per_day = 24.0 * 60.0 / minutes / 1e6;
  fmt::print("{:14} {:>5.1f} s {:>11.0f} {:>11.0f} {:>11.0f} {:>13.2f}\n", name, sync_seconds,
             static_cast<double>(own) * per_day, static_cast<double>(given) * per_day,
             static_cast<double>(kept) * per_day,
             static_cast<double>(given) / static_cast<double>(own));
  std::fflush(stdout);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag;
  double minutes = 60.0;
  std::string folder = std::filesystem::temp_directory_path().string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option(argv[i]);
    if (option == "--minutes") minutes = std::atof(argv[i + 1]);
    if (option == "--dir") folder = argv[i + 1];
  }
  fmt::print("{:14} {:>7} {:>11} {:>11} {:>11} {:>13}\n", "MB a day", "sync", "frames", "to disk",
             "kept", "given / own");
  const bench::Kind kinds[] = {{"zbag plain", bench::bag({Compression::kNone}), false},
                               {"zbag lz4", bench::bag({Compression::kLz4}), false},
                               {"zbag zstd:3", bench::bag({Compression::kZstd, 3}), false},
                               {"LCM", bench::synced_lcm, true},
                               {"SQLite WAL", bench::synced_sqlite, true}};
  for (const double sync : {0.1, 1.0, 5.0}) {
    for (const bench::Kind& kind : kinds) bench::show(kind, folder, minutes, sync);
  }
}
