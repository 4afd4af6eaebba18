// A load on the real recorder over the bus: percent recorded, lag, CPU, memory.
//
//   record_soak [PROFILE...] [--seconds S] [--ring MB] [--dir FOLDER]
//
// Publishers are processes of their own; the recorder hosts the broker on ipc. Profiles are
// rosbag2's (performance.md): 100MBs_raw 200MBs_raw 300MBs_raw mixed_110Mbs automotive, and `small`
// (20 sensors at 200 Hz). With --ring the recording is split into bags of that size, of which the
// newest three are kept: hours fit on any disk. Lag is from publishing, which is the stamp, to the
// durable commit, taken of every frame. Exit 1: something was lost, more than one frame in a
// hundred came later than the sync interval and 20 ms, memory grew, or the publishers could not
// keep their rates.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "benchmarks/child.hpp"
#include "benchmarks/measure.hpp"
#include "benchmarks/program.hpp"
#include "bus/session/session.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/recorder.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Load {
  int publishers;
  std::size_t bytes;
  double hz;

  std::int64_t frames(double seconds) const { return static_cast<std::int64_t>(seconds * hz); }
};
using Profile = std::vector<Load>;

const std::map<std::string, Profile>& profiles() {
  static const std::map<std::string, Profile> kProfiles = {
      {"small", {{20, 120, 200.0}}},
      {"100MBs_raw", {{20, 200'000, 25.0}}},
      {"200MBs_raw", {{20, 400'000, 25.0}}},
      {"300MBs_raw", {{20, 600'000, 25.0}}},
      {"mixed_110Mbs", {{500, 100, 200.0}, {1, 5'000'000, 10.0}}},
      {"automotive",
       {{4, 160'000, 25.0},
        {1, 640'000, 25.0},
        {6, 3'750'000, 24.0},
        {5, 1'600, 50.0},
        {1, 200, 25.0},
        {1, 400, 100.0},
        {12, 150, 40.0}}},
  };
  return kProfiles;
}

// All publishers of one load share a process, a session and a timer, as a multi-sensor driver does.
// Returns the seconds it took.
double publish(const std::string& url, std::size_t number, const Load& load, double seconds) {
  Context context;
  BusUrls urls;
  urls.publish_to = url;
  Result<std::unique_ptr<Session>> session =
      Session::on_bus(context, urls, {.name = fmt::format("load{}", number)},
                      {.linger = std::chrono::milliseconds(5000)});
  if (!session || !(*session)->wait_for_listener(std::chrono::seconds(10))) stop("no recorder");
  std::vector<Track> tracks;
  tracks.reserve(static_cast<std::size_t>(load.publishers));
  for (int i = 0; i < load.publishers; ++i)
    tracks.push_back((*session)->track(fmt::format("load{}/track{}", number, i)).value());
  const std::string bytes(load.bytes, 'x');
  const Binary data{bytes};
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < load.frames(seconds); ++i) {
    std::this_thread::sleep_until(
        start + std::chrono::duration_cast<Clock::duration>(
                    std::chrono::duration<double>(static_cast<double>(i) / load.hz)));
    for (Track& track : tracks) static_cast<void>(track.append({{"data", data}}));  // or is missed
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

// Memory of our own, without what the kernel keeps of the bag.
double own_memory_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0.0;
    if (word == "RssAnon:" && status >> kilobytes) return kilobytes / 1e3;
  }
  return 0.0;
}

// How old frames were when they became durable, in steps of a tenth of a millisecond.
class Lags {
 public:
  void add(std::int64_t ns) {
    const std::int64_t step = std::clamp<std::int64_t>(ns / 100'000, 0, kSteps - 1);
    ++counts_[static_cast<std::size_t>(step)];
    ++total_;
  }
  double at_ms(double share) const {
    const double wanted = share * static_cast<double>(total_);
    std::uint64_t passed = 0;
    for (std::size_t step = 0; step < counts_.size(); ++step) {
      passed += counts_[step];
      if (passed > 0 && static_cast<double>(passed) >= wanted)
        return static_cast<double>(step) / 10.0;
    }
    return 0.0;
  }

 private:
  static constexpr std::int64_t kSteps = 600'000;  // a minute
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(kSteps);
  std::uint64_t total_ = 0;
};

struct Outcome {
  std::uint64_t wanted = 0;         // frames of the profile
  double publishing_seconds = 0.0;  // of the slowest publisher
  RecordingTotals totals;
  Lags lags;
  double cpu_seconds = 0.0;
  double seconds = 0.0;
  double early_mb = 0.0;  // memory of our own after a tenth of the time
  double late_mb = 0.0;   // and at nine tenths
  double peak_mb = 0.0;
  std::uint64_t points_in_bags = 0;  // as the bags say, with those a ring has removed

  bool is_whole() const {
    return points_in_bags == wanted && totals.fate.points == wanted &&
           totals.lost().value_or(0) == 0 && totals.fate.dropped == 0;
  }
};

void remove_all(const std::string& path) {
  for (const char* suffix : {"", "-lock", ".url", ".in", ".out"}) fs::remove(path + suffix);
}

std::uint64_t points_in(const std::string& path) {
  const Result<BagReader> reader = BagReader::open(path);
  if (!reader) stop(reader.error().message);
  const Result<BagSummary> summary = reader->summary();
  if (!summary) stop(summary.error().message);
  return summary->points();
}

Outcome soak(const Profile& profile, double seconds, double ring_mb, const std::string& path) {
  const std::string url_file = path + ".url";
  remove_all(path);
  // The publishers are forked first, before this process has threads, and wait for the address.
  std::vector<std::unique_ptr<Child>> children;
  for (std::size_t i = 0; i < profile.size(); ++i) {
    children.push_back(std::make_unique<Child>([&, i](const Child::Say& say) {
      std::string url;
      while (url.empty()) {
        std::ifstream(url_file) >> url;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      say(std::to_string(publish(url, i, profile[i], seconds)));
    }));
  }
  Outcome outcome;
  for (const Load& load : profile)
    outcome.wanted += static_cast<std::uint64_t>(load.publishers * load.frames(seconds));
  Context context;
  Recorder::Options options;
  options.urls = {"ipc://" + path + ".in", "ipc://" + path + ".out"};
  options.with_broker = true;
  options.recording.on_stored = [&](const Batch& batch) {
    const std::int64_t now = ArrivalTime::now().wall_ns;
    for (const TrackBatch& track : batch.tracks)
      for (const RowPoint& point : track.points) outcome.lags.add(now - point.key);
  };
  // As the command asks for by default.
  options.open_storage = lmdb_storage({.compression = {Compression::kLz4, 0}});
  options.recording.storage.min_free_bytes = 1'024'000'000;
  options.recording.storage.reserve_bytes = options.recording.buffer_bytes / 4 + (4u << 20);
  if (ring_mb > 0.0) {
    options.recording.split.bytes_max = static_cast<std::uint64_t>(ring_mb * 1e6);
    options.recording.split.files_max = 3;
  }
  Result<std::unique_ptr<Recorder>> recorder = Recorder::open(context, path, std::move(options));
  if (!recorder) stop(recorder.error().message);
  const auto start = Clock::now();
  const auto passed = [&](double share) {
    return start + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(share * seconds));
  };
  std::jthread watcher([&] {
    std::this_thread::sleep_until(passed(0.1));
    outcome.early_mb = own_memory_mb();
    std::this_thread::sleep_until(passed(0.9));
    outcome.late_mb = own_memory_mb();
    for (auto& child : children) {
      const double took = std::strtod(child->hear().c_str(), nullptr);
      outcome.publishing_seconds = std::max(outcome.publishing_seconds, took);
    }
    (*recorder)->stop();
  });
  const Sample sample = timed([&] {
    if (Status status = (*recorder)->run(
            [&](const BusUrls& urls) { std::ofstream(url_file) << urls.publish_to; });
        !status) {
      stop(status.error().message);
    }
  });
  watcher.join();
  outcome.totals = (*recorder)->recording().totals();
  outcome.cpu_seconds = sample.cpu_seconds;
  outcome.seconds = sample.seconds;
  outcome.peak_mb = peak_memory_mb();
  const std::vector<std::string> bags = (*recorder)->recording().paths();
  recorder->reset();
  outcome.points_in_bags = outcome.totals.removed_points;
  for (const std::string& bag : bags) {
    outcome.points_in_bags += points_in(bag);
    remove_all(bag);
  }
  remove_all(path);
  return outcome;
}

// Whether all was recorded, and in time.
bool show(const std::string& name, double seconds, const Outcome& outcome) {
  constexpr double kLagMaxMs = 100.0 + 20.0;  // the sync interval, and what performance.md adds
  constexpr double kMemoryNoiseMb = 50.0;     // half the buffer: how full it was at that moment
  const double recorded = 100.0 * static_cast<double>(outcome.points_in_bags) /
                          static_cast<double>(std::max<std::uint64_t>(outcome.wanted, 1));
  const double p99 = outcome.lags.at_ms(0.99);
  double bytes = 0.0;
  for (const auto& [track, sums] : outcome.totals.tracks) bytes += static_cast<double>(sums.bytes);
  fmt::print(
      "{:<13} {:>6.1f} {:>9} {:>11.3f} {:>5} {:>7} {:>6.1f} {:>6.1f} {:>6.1f} {:>5.2f} "
      "{:>6.0f} {:>5.0f} {:>5.0f} {:>5}\n",
      name, bytes / 1e6 / outcome.publishing_seconds, outcome.wanted, recorded,
      outcome.totals.lost().value_or(0), outcome.totals.fate.dropped, outcome.lags.at_ms(0.5), p99,
      outcome.lags.at_ms(1.0), outcome.cpu_seconds / outcome.seconds, outcome.early_mb,
      outcome.late_mb, outcome.peak_mb, outcome.totals.bags);
  const bool keeps_rate = outcome.publishing_seconds < seconds * 1.03;
  if (!keeps_rate)
    fmt::print("{}: the publishers took {:.1f} s\n", name, outcome.publishing_seconds);
  // What a longer recording takes more must not grow with its length.
  const bool is_flat = outcome.late_mb <= outcome.early_mb * 1.1 + kMemoryNoiseMb;
  if (!is_flat) fmt::print("{}: memory grew\n", name);
  return outcome.is_whole() && p99 <= kLagMaxMs && keeps_rate && is_flat;
}

void show_header(double seconds) {
  fmt::print(
      "{:.0f} seconds each; lag in ms from publishing to the durable commit; CPU in cores; "
      "memory in MB after a tenth of the time, at nine tenths, with the kernel's share at "
      "its peak; bags it was split into\n\n",
      seconds);
  fmt::print(
      "{:<13} {:>6} {:>9} {:>11} {:>5} {:>7} {:>6} {:>6} {:>6} {:>5} {:>6} {:>5} {:>5} {:>5}\n", "",
      "MB/s", "frames", "recorded %", "lost", "dropped", "p50", "p99", "max", "CPU", "early",
      "late", "peak", "bags");
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  keep_memory();
  std::vector<std::string> names = {"small"};
  double seconds = 10.0;
  double ring_mb = 0.0;
  std::string folder = fs::temp_directory_path().string();
  CLI::App app("A load on the real recorder over the bus.");
  app.option_defaults()->always_capture_default();
  app.add_option("PROFILE", names, "small, or rosbag2's")->check(CLI::IsMember(profiles()));
  app.add_option("--seconds", seconds, "how long each is published")->check(CLI::PositiveNumber);
  app.add_option("--ring", ring_mb, "MB of a bag, of which three are kept; 0: one bag of all")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--dir", folder, "folder of the bag, which goes when it is measured")
      ->check(CLI::ExistingDirectory);
  parse(app, argc, argv);

  show_header(seconds);
  bool all_well = true;
  for (const std::string& name : names) {
    std::fflush(stdout);
    // A process each, so that a peak of memory is its own.
    Child child([&](const Child::Say& say) {
      const std::string path = fmt::format("{}/record_soak.{}.zbag", folder, ::getpid());
      const bool is_well = show(name, seconds, soak(profiles().at(name), seconds, ring_mb, path));
      std::fflush(stdout);
      say(is_well ? "well" : "not well");
    });
    all_well = child.hear() == "well" && all_well;
  }
  return all_well ? 0 : 1;
}
