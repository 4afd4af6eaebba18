// What the codecs of a block make of real recordings and of W1: sizes and time per point.
//
//   columns_bench [FOLDER]   FOLDER holds NAME/NAME.jsonl.xz; without it ZBAG_TEST_DATA, else W1
//
// Blocks are cut as the writer cuts them (64 KiB of rows) and encoded by a BlockEncoder. What whole
// files take, beside MCAP's, is in size_bench.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>

#include "benchmarks/workloads.hpp"
#include "player/imports/neutral_file.hpp"
#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_encoder.hpp"
#include "recorder/bag/block/block_fields.hpp"
#include "schemas/check.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

constexpr std::size_t kBlockBytes = 16 * 4096 - 16;
constexpr std::size_t kLoneBytes = kBlockBytes / 2;

// The points of a recording by track, with the maps they lend.
struct Recording {
  std::string name;
  std::map<std::string, std::vector<RowPoint>> tracks;
  std::deque<std::string> maps;
  std::size_t points = 0;
  std::size_t raw_bytes = 0;

  void add(const std::string& track, Timestamp stamp, std::string map) {
    const std::string& kept = maps.emplace_back(std::move(map));
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(kept.data()), kept.size());
    const MapBytes opened = open_map(bytes).value();
    std::vector<RowPoint>& rows = tracks[track];
    RowPoint row;
    row.key = stamp.ns();
    row.seconds = stamp.seconds();
    // Arrives as an import's frames do: a few microseconds one behind another.
    row.wall_ns =
        1'795'202'544'000'000'000 + static_cast<std::int64_t>(points * 4'000 + rng() % 999);
    row.mono_ns = row.wall_ns - 1'795'000'000'123'456'789 + static_cast<std::int64_t>(rng() % 40);
    row.src = 0x1234'5678'9abc'def0ULL;
    row.seq = rows.size();
    row.has_src = row.has_seq = true;
    row.pairs = opened.pairs.data();
    row.pairs_bytes = static_cast<std::uint32_t>(opened.pairs.size());
    row.fields = opened.count;
    if (!rows.empty() && rows.back().key > row.key) return;  // late: another block's business
    rows.push_back(row);
    raw_bytes += kept.size();
    ++points;
  }

 private:
  std::uint64_t rng() {
    return state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL, state_ >> 33;
  }
  std::uint64_t state_ = 1;
};

Recording read_recording(const std::filesystem::path& path) {
  Recording recording;
  recording.name = path.parent_path().filename();
  NeutralReader reader = NeutralReader::open(path).value();
  while (true) {
    Result<std::optional<NeutralFrame>> frame = reader.next();
    if (!frame) continue;
    if (!*frame) return recording;
    std::string map;
    encode_fields((*frame)->fields, map);
    recording.add((*frame)->track, (*frame)->stamp, std::move(map));
  }
}

Recording w1_recording() {
  const Workload work = w1_small(200'000);
  Recording recording;
  recording.name = "W1";
  for (const Workload::Frame& frame : work.frames) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(frame.bytes.data()),
                          frame.bytes.size());
    const FrameScan scan = scan_frame(bytes).scan;
    const FrameScan::ByteRange pairs = scan.ranges[0];
    std::string map;
    append_map({scan.fields, bytes.subspan(pairs.begin, pairs.end - pairs.begin)}, map);
    recording.add(work.tracks[frame.track], Timestamp::from_ns(frame.ts_ns), std::move(map));
  }
  return recording;
}

struct Outcome {
  std::size_t bytes = 0;
  std::size_t columns_blocks = 0;
  std::size_t blocks = 0;
  std::size_t points = 0;  // in blocks, lone ones left out
  double encode_ns = 0.0;  // of all points
  double decode_ns = 0.0;
  double field_ns = 0.0;  // of one numeric field, opening the block included
};

double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

// The names of the first number among the columns of a block.
std::vector<std::string> a_number(const ColumnsBody& body) {
  std::vector<std::string> names;
  const auto column = std::find_if(body.columns().begin(), body.columns().end(),
                                   [](const Column& c) { return is_number(c.type); });
  for (std::uint32_t path = column->path + 1; path > 0; path = body.paths()[path - 1].parent)
    names.insert(names.begin(), body.paths()[path - 1].name);
  return names;
}

double time_of_field(std::string_view value) {
  const std::vector<std::string> names =
      a_number(*Block::open(value, Block::Maps::kLater)->columns());
  const auto began = std::chrono::steady_clock::now();
  Block block = Block::open(value, Block::Maps::kLater).value();
  ZBAG_CHECK(read_block_field(block, names).has_value());
  return since(began);
}

void finish(BlockEncoder& encoder, std::uint32_t track, CompressionSpec compression, Outcome& out) {
  if (encoder.count() == 0) return;
  const auto began = std::chrono::steady_clock::now();
  const auto block = encoder.finish({.track = track}, compression);
  out.encode_ns += since(began);
  const std::string_view value(reinterpret_cast<const char*>(block.data()), block.size());
  const auto opened_at = std::chrono::steady_clock::now();
  const Result<Block> opened = Block::open(value);
  out.decode_ns += since(opened_at);
  ZBAG_CHECK(opened.has_value());
  out.bytes += block.size();
  out.points += encoder.count();
  ++out.blocks;
  if (opened->header().codec == Codec::kColumns) {
    ++out.columns_blocks;
    out.field_ns += time_of_field(value);
  }
  encoder.clear();
}

Outcome encode(const Recording& recording, CompressionSpec compression, bool columns) {
  BlockEncoder encoder;
  encoder.use_columns(columns);
  Outcome out;
  std::uint32_t track = 0;
  for (const auto& [name, points] : recording.tracks) {
    ++track;
    for (const RowPoint& point : points) {
      if (point.pairs_bytes > kLoneBytes) {
        out.bytes += lone_block_bytes(point);
        continue;
      }
      if (encoder.count() > 0 && encoder.bytes_with(point) > kBlockBytes)
        finish(encoder, track, compression, out);
      encoder.add(point, false);
    }
    finish(encoder, track, compression, out);
  }
  return out;
}

constexpr std::array<const char*, 4> kForms = {"rows lz4", "rows zstd", "columns lz4",
                                               "columns zstd"};

// The least time of a few rounds: what else runs only ever adds to it.
Outcome best_of(const Recording& recording, CompressionSpec compression, bool columns) {
  constexpr int kRounds = 3;
  Outcome best = encode(recording, compression, columns);
  for (int round = 1; round < kRounds; ++round) {
    const Outcome other = encode(recording, compression, columns);
    best.encode_ns = std::min(best.encode_ns, other.encode_ns);
    best.decode_ns = std::min(best.decode_ns, other.decode_ns);
    best.field_ns = std::min(best.field_ns, other.field_ns);
  }
  return best;
}

// Sizes in kB.
struct Sums {
  double raw = 0.0;
  std::array<double, 4> forms{};
};

std::array<Outcome, 4> print_recording(const Recording& recording, Sums& sums) {
  std::array<Outcome, 4> outcomes;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const CompressionSpec spec{i % 2 == 0 ? Compression::kLz4 : Compression::kZstd, 3};
    outcomes[i] = best_of(recording, spec, i >= 2);
  }
  const double raw = static_cast<double>(recording.raw_bytes) / 1e3;
  fmt::print("{:18} {:8} {:8.0f} |", recording.name, recording.points, raw);
  sums.raw += raw;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const double stored = static_cast<double>(outcomes[i].bytes) / 1e3;
    sums.forms[i] += stored;
    fmt::print(" {:7.0f}", stored);
  }
  const double points = static_cast<double>(std::max<std::size_t>(outcomes[0].points, 1));
  fmt::print(" |");
  for (const Outcome& outcome : outcomes) fmt::print(" {:5.0f}", outcome.encode_ns / points);
  fmt::print(" |");
  for (const Outcome& outcome : outcomes) fmt::print(" {:5.0f}", outcome.decode_ns / points);
  fmt::print(" | {:5.1f} | {}/{}\n", outcomes[2].field_ns / points, outcomes[2].columns_blocks,
             outcomes[2].blocks);
  std::fflush(stdout);
  return outcomes;
}

// What one number of every point costs where rows must be decoded for it, against reading its
// column alone. Says whether it is what performance.md asks for.
bool show_field(const std::array<Outcome, 4>& outcomes) {
  constexpr double kWanted = 10.0;
  const double lz4 = outcomes[0].decode_ns / outcomes[2].field_ns;
  const double zstd = outcomes[1].decode_ns / outcomes[3].field_ns;
  fmt::print("one field of W1 / decoding its rows: lz4 {:.1f}, zstd {:.1f} (wanted {:.0f}) {}\n",
             lz4, zstd, kWanted, std::min(lz4, zstd) >= kWanted ? "ok" : "MISSED");
  return std::min(lz4, zstd) >= kWanted;
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  const char* const variable = std::getenv("ZBAG_TEST_DATA");
  const std::string folder = argc > 1 ? argv[1] : variable != nullptr ? variable : "";
  fmt::print("kB: raw | {} | ns a point: encode | decode | field | blocks\n",
             fmt::join(kForms, ", "));
  Sums w1;
  const bool is_well = show_field(print_recording(w1_recording(), w1));
  Sums sums;
  std::vector<std::filesystem::path> files;
  if (!folder.empty()) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().string().ends_with(".jsonl.xz")) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) print_recording(read_recording(file), sums);
  if (files.empty()) return is_well ? 0 : 1;
  fmt::print("all: raw {:.0f} kB;", sums.raw);
  for (std::size_t i = 0; i < kForms.size(); ++i) {
    fmt::print(" {} {:.2f}x;", kForms[i], sums.raw / sums.forms[i]);
  }
  fmt::print("\n");
  return is_well ? 0 : 1;
}
