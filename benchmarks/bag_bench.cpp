// Writing and reading bags beside peers, in one interleaved run.
//
//   bag_bench [--rounds N] [--dir FOLDER] [--scale S] [--only W1] [--peers no]
//
// "zbag" is the whole path behind the socket: validation, merge, blocks, checksums, durable
// commits.

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "benchmarks/measure.hpp"
#include "benchmarks/peers/peers.hpp"
#include "benchmarks/workloads.hpp"
#include "recorder/bag/bag_reader.hpp"
#include "recorder/recording.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  int rounds = 7;
  double scale = 1.0;
  std::string folder = fs::temp_directory_path().string();
  bool peers = true;
  std::string only;  // the workload to run; empty: all
};

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "bag_bench: {}\n", why);
  std::exit(1);
}

void remove_bag(const std::string& path) {
  fs::remove(path);
  fs::remove(path + "-lock");
  fs::remove(path + "-wal");
  fs::remove(path + "-shm");
}

void write_zbag(const Workload& work, const std::string& path, CompressionSpec compression) {
  Recording::Options options;
  options.bag.compression = compression;
  options.overflow = Overflow::kBlock;
  Result<std::unique_ptr<Recording>> recording = Recording::open(path, std::move(options));
  if (!recording) stop(recording.error().message);
  ArrivalTime arrival = ArrivalTime::now();
  std::size_t count = 0;
  for (const Workload::Frame& frame : work.frames) {
    if (++count % 32 == 0) arrival = ArrivalTime::now();
    (*recording)
        ->intake()
        .accept(work.tracks[frame.track],
                {reinterpret_cast<const std::uint8_t*>(frame.bytes.data()), frame.bytes.size()},
                arrival);
    (*recording)->hand_over(false);
  }
  if (Status closed = (*recording)->close(); !closed) stop(closed.error().message);
  if ((*recording)->totals().fate.points != work.frames.size()) stop("points are missing");
}

Case case_of(const std::string& name, const std::string& path, const std::function<void()>& write) {
  return {name, [=] {
            remove_bag(path);
            ::sync();  // what the case before left to the kernel is not this one's work
            Sample sample = timed(write);
            sample.disk_bytes = static_cast<double>(fs::file_size(path));
            remove_bag(path);
            return sample;
          }};
}

double ratio(const std::vector<Case>& cases, const std::vector<double>& rates,
             const std::string& ours, const std::string& theirs) {
  double a = 0.0;
  double b = 0.0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].name == ours) a = rates[i];
    if (cases[i].name == theirs) b = rates[i];
  }
  return b == 0.0 ? 0.0 : a / b;
}

// What "first" asks of a workload (performance.md, Targets): our plain rate over theirs.
struct Wanted {
  double lcm;
  double sqlite;  // 0: not asked
};

bool compare_writing(const Workload& work, const Arguments& arguments, Wanted wanted) {
  const std::string path = arguments.folder + "/bag_bench.tmp";
  std::vector<Case> cases;
  cases.push_back(case_of("zbag", path, [&] { write_zbag(work, path, {Compression::kNone, 0}); }));
  cases.push_back(case_of("zbag lz4", path, [&] {
    write_zbag(work, path, {Compression::kLz4, 0});
  }));
  for (const Peer& peer : arguments.peers ? peers() : std::vector<Peer>()) {
    cases.push_back(case_of(peer.name, path, [&work, path, peer] {
      if (!peer.write(work, path)) stop(peer.name + " failed");
    }));
  }
  const std::vector<double> rates =
      compare("writing " + work.name, cases, arguments.rounds, work.frames.size(), work.bytes());
  bool holds = true;
  const double to_lcm = ratio(cases, rates, "zbag", "LCM event log");
  const double to_sqlite = ratio(cases, rates, "zbag", "SQLite fast");
  if (to_lcm > 0.0)
    holds = claim(work.name + ": zbag / LCM event log", to_lcm, wanted.lcm) && holds;
  if (to_sqlite > 0.0 && wanted.sqlite > 0.0)
    holds = claim(work.name + ": zbag / SQLite fast", to_sqlite, wanted.sqlite) && holds;
  return holds;
}

std::uint64_t scan(const BagReader& reader, const BagReader::Selection& selection) {
  Result<BagCursor> cursor = reader.cursor(selection);
  if (!cursor) stop(cursor.error().message);
  std::uint64_t points = 0;
  while (true) {
    const Result<std::optional<PointView>> point = cursor->next();
    if (!point) stop(point.error().message);
    if (!*point) return points;
    ++points;
  }
}

// Reading has no peer yet: rates of ours, for before and after.
void show_reading(const Workload& work, const Arguments& arguments) {
  const std::string path = arguments.folder + "/bag_bench.tmp";
  remove_bag(path);
  write_zbag(work, path, {Compression::kNone, 0});
  Result<BagReader> reader = BagReader::open(path);
  if (!reader) stop(reader.error().message);
  const BagReader::Selection all;
  BagReader::Selection one;
  one.track = work.tracks.front();
  BagReader::Selection percent = one;
  const std::int64_t first = work.frames.front().ts_ns;
  const std::int64_t span = work.frames.back().ts_ns - first;
  percent.range = {first + span / 2, first + span / 2 + span / 100};
  const std::uint64_t one_points = scan(*reader, one);
  const std::uint64_t percent_points = scan(*reader, percent);
  const auto per_message = work.bytes() / static_cast<double>(work.frames.size());
  const auto read = [&](const BagReader::Selection& selection) {
    return [&] { return timed([&] { static_cast<void>(scan(*reader, selection)); }); };
  };
  compare("reading " + work.name + ": all", {{"zbag", read(all)}}, arguments.rounds,
          work.frames.size(), work.bytes());
  compare("reading " + work.name + ": one track", {{"zbag", read(one)}}, arguments.rounds,
          one_points, per_message * static_cast<double>(one_points));
  compare("reading " + work.name + ": 1 % of one track", {{"zbag", read(percent)}},
          arguments.rounds, percent_points, per_message * static_cast<double>(percent_points));
  remove_bag(path);
}

int run(const Arguments& arguments) {
  const auto scaled = [&](std::size_t frames) {
    return static_cast<std::size_t>(static_cast<double>(frames) * arguments.scale);
  };
  const auto wants = [&](const char* name) {
    return arguments.only.empty() || arguments.only == name;
  };
  bool holds = true;
  if (wants("W1")) {
    const Workload work = w1_small(scaled(1'000'000));
    holds = compare_writing(work, arguments, {1.05, 2.0}) && holds;
    show_reading(work, arguments);
  }
  if (wants("W2"))
    holds = compare_writing(w2_medium(scaled(100'000)), arguments, {0.84, 0.0}) && holds;
  if (wants("W3"))
    holds = compare_writing(w3_large(scaled(1'500)), arguments, {0.58, 0.0}) && holds;
  return holds ? 0 : 1;
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, 64 << 20);  // as the zbag command does
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  zbag::bench::Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option(argv[i]);
    if (option == "--rounds") arguments.rounds = std::atoi(argv[i + 1]);
    if (option == "--scale") arguments.scale = std::atof(argv[i + 1]);
    if (option == "--peers") arguments.peers = std::string_view(argv[i + 1]) != "no";
    if (option == "--only") arguments.only = argv[i + 1];
    if (option == "--dir") arguments.folder = argv[i + 1];
  }
  return zbag::bench::run(arguments);
}
