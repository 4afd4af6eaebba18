// Writing and reading bags beside peers, in one interleaved run.
//
//   bag_bench [--rounds N] [--dir FOLDER] [--scale S] [--only W1] [--format NAME...]
//             [--json FILE]

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "benchmarks/peers/peers.hpp"
#include "benchmarks/report.hpp"
#include "benchmarks/targets.hpp"
#include "benchmarks/workloads.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

// A folder of its own for what one format writes: some write a file, some a folder, some several.
class Scratch {
 public:
  Scratch(const std::string& folder, const std::string& name)
      : folder_(fs::path(folder) / fmt::format("bag_bench.{}.{}", ::getpid(), name)) {
    clear();
  }
  ~Scratch() { fs::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path() const { return (folder_ / "log").string(); }
  void clear() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  double bytes() const {
    std::uintmax_t sum = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_))
      if (entry.is_regular_file()) sum += entry.file_size();
    return static_cast<double>(sum);
  }

 private:
  fs::path folder_;
};

void compare_writing(Report& report, const Suite& suite, const std::vector<Peer>& formats) {
  const Workload& work = suite.work;
  Scratch scratch(report.arguments().folder, "write");
  std::vector<Case> cases;
  cases.reserve(formats.size());
  for (const Peer& format : formats) {
    cases.push_back({format.name, [&] {
                       scratch.clear();
                       ::sync();  // what the case before left to the kernel is not this one's work
                       Written written(false);
                       Sample sample = timed([&] { written = format.write(work, scratch.path()); });
                       if (!written.ok) stop(format.name + " failed");
                       if (written.own) sample = *written.own;
                       sample.disk_bytes = scratch.bytes();
                       scratch.clear();
                       return sample;
                     }});
  }
  const Table table =
      report.compare("writing " + work.name, cases, work.frames.size(), work.bytes());
  claim(report, table, suite.writing);
}

// A file of each format that can read, open.
struct Opened {
  std::string name;
  std::unique_ptr<Scratch> scratch;
  std::unique_ptr<PeerReader> reader;  // closes before the scratch goes
};

std::vector<Opened> write_and_open(const Workload& work, const std::vector<Peer>& formats,
                                   const std::string& folder) {
  std::vector<Opened> opened;
  for (const Peer& format : formats) {
    if (!format.open) continue;
    auto scratch = std::make_unique<Scratch>(folder, format.name);
    if (!format.write(work, scratch->path()).ok) stop(format.name + " failed");
    std::unique_ptr<PeerReader> reader = format.open(work, scratch->path());
    if (!reader) stop(format.name + " does not open what it wrote");
    opened.push_back({format.name, std::move(scratch), std::move(reader)});
  }
  return opened;
}

// Every format reads the same selections and must meet the very messages the workload has there.
void compare_selections(Report& report, const std::string& title, const Workload& work,
                        const std::vector<Opened>& formats,
                        const std::vector<Selection>& selections,
                        const std::vector<Target>& targets) {
  Visited wanted;
  double bytes = 0.0;
  for (const Selection& selection : selections) {
    for (const Workload::Frame& frame : work.frames) {
      if (!selection.has(frame.track, frame.ts_ns)) continue;
      wanted.add(frame.bytes.data(), frame.bytes.size());
      bytes += static_cast<double>(frame.bytes.size());
    }
  }
  if (wanted.messages == 0) return;  // a workload scaled down to nothing
  std::vector<Case> cases;
  cases.reserve(formats.size());
  for (const Opened& format : formats) {
    cases.push_back({format.name, [&] {
                       Visited visited;
                       Sample sample = timed([&] {
                         for (const Selection& selection : selections)
                           if (!format.reader->read(selection, visited))
                             stop(format.name + " does not read");
                       });
                       if (const std::optional<Sample> own = format.reader->take_own())
                         sample = *own;
                       if (visited != wanted)
                         stop(fmt::format("{}, {}: {} messages of {}, or other bytes", title,
                                          format.name, visited.messages, wanted.messages));
                       sample.disk_bytes = format.scratch->bytes();
                       return sample;
                     }});
  }
  claim(report, report.compare(title, cases, wanted.messages, bytes), targets);
}

void compare_reading(Report& report, Suite& suite, const std::vector<Peer>& formats) {
  // All the files at once must stay in memory: reading is measured warm.
  constexpr double kBytesMax = 600e6;
  Workload& work = suite.work;
  const double share = std::min(1.0, kBytesMax / work.bytes());
  work.frames.resize(static_cast<std::size_t>(share * static_cast<double>(work.frames.size())));

  const std::vector<Opened> opened = write_and_open(work, formats, report.arguments().folder);
  const std::string title = "reading " + work.name;
  compare_selections(report, title + ": all", work, opened, {Selection()}, suite.reading_all);
  compare_selections(report, title + ": one track", work, opened, {{.track = 0}},
                     suite.reading_track);
  // One such range is a matter of microseconds, and where it lies decides what it costs.
  constexpr std::int64_t kPlaces = 20;
  std::vector<Selection> percents;
  const std::int64_t first = work.frames.front().ts_ns;
  const std::int64_t span = work.frames.back().ts_ns - first;
  for (std::int64_t place = 0; place < kPlaces; ++place) {
    const std::int64_t start = first + span * (2 * place + 1) / (2 * kPlaces);
    percents.push_back({.track = static_cast<std::uint32_t>(place) %
                                 static_cast<std::uint32_t>(work.tracks.size()),
                        .first_ns = start,
                        .limit_ns = start + span / 100});
  }
  compare_selections(report, title + ": 1 % of one track, 20 places", work, opened, percents,
                     suite.reading_percent);
}

void run(Report& report, Suite suite) {
  std::vector<Peer> formats = ours();
  for (Peer& peer : peers()) formats.push_back(std::move(peer));
  std::erase_if(formats,
                [&](const Peer& format) { return !report.arguments().wants_format(format.name); });
  if (formats.empty()) stop("no format of that name");
  compare_writing(report, suite, formats);
  compare_reading(report, suite, formats);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  const Arguments arguments = begin(argc, argv, "Writing and reading bags beside other formats.");
  Report report(arguments);
  if (arguments.wants("W1")) run(report, suite_w1(arguments.scaled(kW1Frames)));
  if (arguments.wants("W2")) run(report, suite_w2(arguments.scaled(kW2Frames)));
  if (arguments.wants("W3")) run(report, suite_w3(arguments.scaled(kW3Frames)));
  return report.finish();
}
