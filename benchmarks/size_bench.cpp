// How large real recordings are as bags and as MCAP files, both with zstd: performance.md, "size on
// the real sets". Exits 1 when the bags are above 0.6 of MCAP in total, or one above 0.95.
//
//   size_bench [FOLDER]   FOLDER holds NAME/NAME.jsonl.xz; without it ZBAG_TEST_DATA
//
// A bag is written by the recorder, as `record --merge append --compression zstd:3` does of a
// recording that comes as fast as it is taken, so that it has a point for every message of MCAP;
// its size is that of the closed file. MCAP is written by @mcap/core with a message for every map:
// without _ts, _seq and _src, which its own head of a message has. Chunks are those of the C++
// library, 768 KiB. Its level of zstd is 1 by default, that of the Python library and of npm's wasm
// is 3: the smaller file counts.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "benchmarks/peers/mcap_core.hpp"
#include "benchmarks/program.hpp"
#include "benchmarks/workloads.hpp"
#include "player/formats/neutral_file.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;

constexpr double kTotalMax = 0.6;
constexpr double kEachMax = 0.95;

// A recording as each format is given it.
struct Set {
  std::string name;
  Workload frames;  // as on the bus
  Workload maps;    // the fields alone

  void add(const std::string& track, const NeutralFrame& frame) {
    const auto [place, is_new] = places_.try_emplace(track, places_.size());
    if (is_new) counts_.push_back(0);
    const auto of_track = static_cast<std::uint32_t>(place->second);
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

double bag_bytes(const Set& set, const std::string& path) {
  Recording::Options options;
  options.storage.merge = MergeMode::kAppend;
  options.overflow = Overflow::kBlock;
  Result<std::unique_ptr<Recording>> recording = Recording::open(
      path, std::move(options), lmdb_storage({.compression = {Compression::kZstd, 3}}));
  if (!recording) stop(recording.error().message);
  for (const Workload::Frame& frame : set.frames.frames) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(frame.bytes.data()),
                          frame.bytes.size());
    (*recording)->intake().accept(set.frames.tracks[frame.track], bytes, ArrivalTime::now());
    (*recording)->hand_over(false);
  }
  if (Status closed = (*recording)->close(); !closed) stop(closed.error().message);
  if ((*recording)->totals().fate.points != set.frames.frames.size())
    stop(set.name + ": not a point for every frame");
  return static_cast<double>(fs::file_size(path));
}

double mcap_bytes(const Set& set, const std::string& path, int level) {
  if (!write_mcap(set.maps, path, {.zstd_level = level, .chunk_bytes = 768 * 1024}))
    stop(set.name + ": MCAP failed");
  return static_cast<double>(fs::file_size(path));
}

struct Sizes {
  double maps = 0.0;
  double bag = 0.0;
  double mcap1 = 0.0;  // at zstd's level 1
  double mcap3 = 0.0;
  double mcap = 0.0;  // the smaller

  double ratio() const { return bag / mcap; }
};

Sizes sizes_of(const Set& set) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("size_bench.{}", ::getpid());
  fs::create_directories(folder);
  Sizes sizes{set.maps.bytes(), bag_bytes(set, folder / "bag"), mcap_bytes(set, folder / "mcap", 1),
              mcap_bytes(set, folder / "mcap", 3)};
  sizes.mcap = std::min(sizes.mcap1, sizes.mcap3);
  fs::remove_all(folder);
  return sizes;
}

void print(const std::string& name, const Sizes& sizes, double ratio_max) {
  fmt::print("{:18} {:9.0f} {:9.0f} {:9.0f} {:9.0f} {:6.2f} {}\n", name, sizes.maps / 1e3,
             sizes.bag / 1e3, sizes.mcap1 / 1e3, sizes.mcap3 / 1e3, sizes.ratio(),
             sizes.ratio() <= ratio_max ? "ok" : fmt::format("MISSED (wanted {})", ratio_max));
  std::fflush(stdout);
}

bool run(const std::vector<fs::path>& files) {
  fmt::print("{:18} {:>9} {:>9} {:>9} {:>9} {:>6}\n", "kB", "maps", "bag", "mcap 1", "mcap 3",
             "ratio");
  Sizes total;
  bool all = true;
  for (const fs::path& file : files) {
    const Set set = read_set(file);
    const Sizes sizes = sizes_of(set);
    print(set.name, sizes, kEachMax);
    all = all && sizes.ratio() <= kEachMax;
    total.maps += sizes.maps;
    total.bag += sizes.bag;
    total.mcap1 += sizes.mcap1;
    total.mcap3 += sizes.mcap3;
    total.mcap += sizes.mcap;
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
  const std::string folder = argc > 1 ? argv[1] : variable != nullptr ? variable : "";
  if (folder.empty()) stop("name the folder of the recordings");
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().string().ends_with(".jsonl.xz")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return run(files) ? 0 : 1;
}
