// How large real recordings are as bags and as MCAP files, both with zstd: performance.md, "size on
// the real sets". Exits 1 when the bags are above 0.50 of MCAP in total, one above 0.95, or one
// that is mostly JPEG above 1.02.
//
//   size_bench [--real-time] [FOLDER]   FOLDER holds NAME/NAME.jsonl.xz; without it ZBAG_TEST_DATA
//
// A bag is written by the recorder, as `record --merge append --compression zstd:3` does, so that
// it has a point for every message of MCAP; its size is that of the closed file, and that after
// `compact` stands behind it. The recording comes as fast as it is taken, or, with --real-time, as
// a robot sends it: what arrives within 100 ms of it becomes durable together, and each frame
// arrives up to 20 ms after its stamp (a track's own in order). Nobody waits for that time: the
// flushes follow the stamps.
//
// MCAP is written by @mcap/core with what the C++ library has by default: chunks of 768 KiB, zstd's
// level 1. It is given the frames as they were on the bus, with _ts, _seq and _src, as any recorder
// would get them; by this the bags are judged. `fields` is what MCAP takes where it is given less
// than the bag holds: the maps without those three (its own head of a message has a stamp and a
// number), at level 1 or 3 (the default of the Python library and of npm's wasm), whichever is
// smaller.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "benchmarks/peers/mcap_core.hpp"
#include "benchmarks/program.hpp"
#include "benchmarks/workloads.hpp"
#include "player/imports/neutral_file.hpp"
#include "recorder/bag/upkeep/compact.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

constexpr double kTotalMax = 0.50;
constexpr double kEachMax = 0.95;
constexpr double kJpegMax = 1.02;  // of a set that is mostly that: it can not be compressed again

// Of the JPEG images among the fields.
std::size_t jpeg_bytes(const Fields& fields) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : fields) {
    const auto* const binary = value.get_if<Binary>();
    if (binary != nullptr && binary->bytes.starts_with("\xff\xd8\xff"))
      bytes += binary->bytes.size();
  }
  return bytes;
}

// A recording as each format is given it.
struct Set {
  std::string name;
  Workload frames;        // as on the bus
  Workload maps;          // the fields alone
  std::size_t jpegs = 0;  // bytes of images among them

  double ratio_max() const {
    return static_cast<double>(jpegs) > maps.bytes() / 2 ? kJpegMax : kEachMax;
  }
  void add(const std::string& track, const NeutralFrame& frame) {
    const auto [place, is_new] = places_.try_emplace(track, places_.size());
    if (is_new) counts_.push_back(0);
    const auto of_track = static_cast<std::uint32_t>(place->second);
    jpegs += jpeg_bytes(frame.fields);
    std::string bytes;
    encode_fields(frame.fields, bytes);
    maps.frames.push_back({of_track, frame.stamp.ns(), std::move(bytes)});
    constexpr std::uint64_t kSource = 0x1234'5678'9abc'def0ULL;
    encode_frame({frame.stamp, counts_[of_track]++, kSource}, frame.fields, bytes);
    frames.frames.push_back({of_track, frame.stamp.ns(), std::move(bytes)});
    if (is_new) maps.tracks.push_back(track);
    if (is_new) frames.tracks.push_back(track);
  }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<std::uint64_t> counts_;
};

Set read_set(const fs::path& path) {
  Set set;
  set.name = path.parent_path().filename();
  Result<NeutralReader> reader = NeutralReader::open(path);
  if (!reader) stop(reader.error().message);
  while (true) {
    const Result<std::optional<NeutralFrame>> frame = reader->next();
    if (!frame) stop(frame.error().message);
    if (!*frame) return set;
    set.add((*frame)->track, **frame);
  }
}

enum class Pace { kAsFast, kRealTime };

// The frames' places in order of arrival, and when that is.
std::vector<std::pair<std::int64_t, std::size_t>> arrivals_of(const Workload& workload) {
  constexpr std::int64_t kJitter = 20'000'000;
  std::mt19937_64 random(20261129);
  std::vector<std::int64_t> last(workload.tracks.size(), INT64_MIN);
  std::vector<std::pair<std::int64_t, std::size_t>> arrivals;
  for (std::size_t i = 0; i < workload.frames.size(); ++i) {
    const Workload::Frame& frame = workload.frames[i];
    std::int64_t& before = last[frame.track];
    before = std::max(before, frame.ts_ns + static_cast<std::int64_t>(random() % kJitter));
    arrivals.emplace_back(before, i);
  }
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return arrivals;
}

void take(Recording& recording, const Set& set, std::size_t at) {
  const Workload::Frame& frame = set.frames.frames[at];
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(frame.bytes.data()),
                        frame.bytes.size());
  recording.intake().accept(set.frames.tracks[frame.track], bytes, ArrivalTime::now());
  recording.hand_over(false);
}

void flush(Recording& recording) {
  if (const Result<FlushResult> flushed = recording.flush(); !flushed)
    stop(flushed.error().message);
}

void take_all(Recording& recording, const Set& set, Pace pace) {
  if (pace == Pace::kAsFast) {
    for (std::size_t i = 0; i < set.frames.frames.size(); ++i) take(recording, set, i);
    return;
  }
  constexpr std::int64_t kSync = 100'000'000;
  std::int64_t synced = INT64_MIN;
  for (const auto& [arrival, at] : arrivals_of(set.frames)) {
    if (synced == INT64_MIN) synced = arrival;
    if (arrival - synced >= kSync) {
      flush(recording);
      synced = arrival - (arrival - synced) % kSync;
    }
    take(recording, set, at);
  }
}

double bag_bytes(const Set& set, const std::string& path, Pace pace) {
  Recording::Options options;
  options.storage.merge = MergeMode::kAppend;
  options.overflow = Overflow::kBlock;
  if (pace == Pace::kRealTime) options.sync = std::chrono::hours(1);
  Result<std::unique_ptr<Recording>> recording = Recording::open(
      path, std::move(options), lmdb_storage({.compression = {Compression::kZstd, 3}}));
  if (!recording) stop(recording.error().message);
  take_all(**recording, set, pace);
  if (Status closed = (*recording)->close(); !closed) stop(closed.error().message);
  if ((*recording)->totals().fate.points != set.frames.frames.size())
    stop(set.name + ": not a point for every frame");
  return static_cast<double>(fs::file_size(path));
}

double mcap_bytes(const Workload& messages, const std::string& path, int level) {
  if (!write_mcap(messages, path, {.zstd_level = level, .chunk_bytes = 768 * 1024}))
    stop(path + ": MCAP failed");
  return static_cast<double>(fs::file_size(path));
}

double compacted_bytes(const std::string& bag, const std::string& out) {
  if (const Result<CompactReport> report = compact_bag(bag, out); !report)
    stop(report.error().message);
  return static_cast<double>(fs::file_size(out));
}

struct Sizes {
  double frames = 0.0;
  double bag = 0.0;
  double compacted = 0.0;
  double mcap = 0.0;         // of the frames
  double mcap_fields = 0.0;  // of the fields alone, at its best

  double ratio() const { return bag / mcap; }
  void add(const Sizes& other) {
    frames += other.frames;
    bag += other.bag;
    compacted += other.compacted;
    mcap += other.mcap;
    mcap_fields += other.mcap_fields;
  }
};

Sizes sizes_of(const Set& set, Pace pace) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("size_bench.{}", ::getpid());
  fs::create_directories(folder);
  Sizes sizes;
  sizes.frames = set.frames.bytes();
  sizes.bag = bag_bytes(set, folder / "bag", pace);
  sizes.compacted = compacted_bytes(folder / "bag", folder / "compacted");
  sizes.mcap = mcap_bytes(set.frames, folder / "mcap", 1);
  sizes.mcap_fields =
      std::min(mcap_bytes(set.maps, folder / "mcap", 1), mcap_bytes(set.maps, folder / "mcap", 3));
  fs::remove_all(folder);
  return sizes;
}

void print(const std::string& name, const Sizes& sizes, double ratio_max) {
  fmt::print("{:18} {:9.0f} {:9.0f} {:9.0f} {:9.0f} {:6.2f} {:9.2f} {:9.0f} {:6.2f} {:9.2f} {}\n",
             name, sizes.frames / 1e3, sizes.bag / 1e3, sizes.compacted / 1e3, sizes.mcap / 1e3,
             sizes.ratio(), sizes.compacted / sizes.mcap, sizes.mcap_fields / 1e3,
             sizes.bag / sizes.mcap_fields, sizes.compacted / sizes.mcap_fields,
             sizes.ratio() <= ratio_max ? "ok" : fmt::format("MISSED (wanted {})", ratio_max));
  std::fflush(stdout);
}

bool run(const std::vector<fs::path>& files, Pace pace) {
  fmt::print("{:18} {:>9} {:>9} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6} {:>9}\n", "kB", "frames", "bag",
             "compacted", "mcap", "ratio", "compacted", "fields", "ratio", "compacted");
  Sizes total;
  bool all = true;
  for (const fs::path& file : files) {
    const Set set = read_set(file);
    const Sizes sizes = sizes_of(set, pace);
    print(set.name, sizes, set.ratio_max());
    all = all && sizes.ratio() <= set.ratio_max();
    total.add(sizes);
  }
  print("all", total, kTotalMax);
  return all && total.ratio() <= kTotalMax;
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  keep_memory();
  const char* const variable = std::getenv("ZBAG_TEST_DATA");
  const bool is_real_time = argc > 1 && std::string_view(argv[1]) == "--real-time";
  const int words = is_real_time ? 2 : 1;
  const std::string folder = argc > words ? argv[words] : variable != nullptr ? variable : "";
  if (folder.empty()) stop("name the folder of the recordings");
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().string().ends_with(".jsonl.xz")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return run(files, is_real_time ? Pace::kRealTime : Pace::kAsFast) ? 0 : 1;
}
