// A load on the real recorder over the bus: percent recorded, lag, CPU, memory.
//
//   record_soak [PROFILE] [--seconds S] [--dir FOLDER]
//
// Publishers are processes of their own; the recorder hosts the broker. Profiles are rosbag2's
// (performance.md): 100MBs_raw 200MBs_raw 300MBs_raw mixed_110Mbs automotive, and `small` (20
// sensors at 200 Hz). Lag is from publishing to a durable commit, taken once a millisecond.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <thread>

#include "benchmarks/child.hpp"
#include "benchmarks/measure.hpp"
#include "benchmarks/program.hpp"
#include "bus/session.hpp"
#include "recorder/bag/bag_reader.hpp"
#include "recorder/recorder.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Load {
  int publishers;
  std::size_t bytes;
  double hz;
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
std::uint64_t publish(const std::string& url, std::size_t number, const Load& load,
                      double seconds) {
  Context context;
  BusUrls urls;
  urls.publish_to = url;
  Result<std::unique_ptr<Session>> session =
      Session::on_bus(context, urls, {.name = fmt::format("load{}", number)},
                      {.linger = std::chrono::milliseconds(5000)});
  if (!session || !(*session)->wait_for_listener(std::chrono::seconds(10))) stop("no recorder");
  std::vector<Track> tracks;
  for (int i = 0; i < load.publishers; ++i)
    tracks.push_back((*session)->track(fmt::format("load{}/track{}", number, i)).value());
  const std::string bytes(load.bytes, 'x');
  const Binary data{bytes};
  const auto start = Clock::now();
  const auto frames = static_cast<std::int64_t>(seconds * load.hz);
  std::uint64_t sent = 0;
  for (std::int64_t i = 0; i < frames; ++i) {
    std::this_thread::sleep_until(
        start + std::chrono::duration_cast<Clock::duration>(
                    std::chrono::duration<double>(static_cast<double>(i) / load.hz)));
    for (Track& track : tracks) sent += track.append({{"data", data}}) ? 1 : 0;
  }
  return sent;
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

struct Outcome {
  std::uint64_t sent = 0;
  RecordingTotals totals;
  std::vector<double> lag_ms;
  double cpu_seconds = 0.0;
  double seconds = 0.0;
  double peak_mb = 0.0;
  double disk_mb = 0.0;
};

Outcome soak(const Profile& profile, double seconds, const std::string& folder) {
  const std::string path = folder + "/record_soak.zbag";
  const std::string url_file = path + ".url";
  for (const char* suffix : {"", "-lock", ".url"}) fs::remove(path + suffix);
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
  Context context;
  Recorder::Options options;
  options.urls = {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"};
  options.with_broker = true;
  Result<std::unique_ptr<Recorder>> recorder = Recorder::open(context, path, std::move(options));
  if (!recorder) stop(recorder.error().message);
  std::jthread watcher([&] {
    for (auto& child : children) outcome.sent += std::strtoull(child->hear().c_str(), nullptr, 10);
    (*recorder)->stop();
  });
  std::jthread lag_probe([&](const std::stop_token& stopping) {
    // What a reader of the bag sees of the newest stamp, against now: publish -> committed.
    const BagReader reader((*recorder)->recording().file());
    while (!stopping.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const Result<BagSummary> summary = reader.summary();
      const auto end = summary ? summary->end() : std::nullopt;
      if (!end) continue;
      const double now =
          std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
              .count();
      outcome.lag_ms.push_back((now - end->seconds()) * 1e3);
    }
  });
  const Sample sample = timed([&] {
    if (Status status = (*recorder)->run(
            [&](const BusUrls& urls) { std::ofstream(url_file) << urls.publish_to; });
        !status) {
      stop(status.error().message);
    }
  });
  lag_probe.request_stop();
  lag_probe.join();
  watcher.join();
  outcome.totals = (*recorder)->recording().totals();
  outcome.cpu_seconds = sample.cpu_seconds;
  outcome.seconds = sample.seconds;
  outcome.peak_mb = peak_memory_mb();
  outcome.disk_mb = static_cast<double>(fs::file_size(path)) / 1e6;
  recorder->reset();
  for (const char* suffix : {"", "-lock", ".url"}) fs::remove(path + suffix);
  return outcome;
}

void show(const std::string& name, Outcome outcome) {
  // The last second is the drain, in which nothing new is published.
  std::sort(outcome.lag_ms.begin(), outcome.lag_ms.end());
  const auto at = [&](double share) {
    return outcome.lag_ms.empty() ? 0.0
                                  : outcome.lag_ms[static_cast<std::size_t>(
                                        share * static_cast<double>(outcome.lag_ms.size() - 1))];
  };
  const double recorded = outcome.sent == 0
                              ? 0.0
                              : 100.0 * static_cast<double>(outcome.totals.fate.points) /
                                    static_cast<double>(outcome.sent);
  fmt::print(
      "{:<14} sent {:>9}  recorded {:>7.3f} %  lost {}  dropped {}  newest point in the bag p50 "
      "{:.0f} ms p99 {:.0f} ms old  "
      "CPU {:.2f} cores  peak {:.0f} MB  disk {:.0f} MB\n",
      name, outcome.sent, recorded, outcome.totals.lost().value_or(0), outcome.totals.fate.dropped,
      at(0.5), at(0.99), outcome.cpu_seconds / outcome.seconds, outcome.peak_mb, outcome.disk_mb);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  keep_memory();
  std::string profile = "small";
  double seconds = 10.0;
  std::string folder = fs::temp_directory_path().string();
  for (int i = 1; i < argc; ++i) {
    const std::string_view option(argv[i]);
    if (option == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (option == "--dir" && i + 1 < argc) {
      folder = argv[++i];
    } else {
      profile = option;
    }
  }
  if (!profiles().contains(profile)) {
    fmt::print(stderr, "record_soak: no profile {}\n", profile);
    return 2;
  }
  show(profile, soak(profiles().at(profile), seconds, folder));
  return 0;
}
