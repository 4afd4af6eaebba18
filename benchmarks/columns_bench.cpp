// What the codecs of a block make of real recordings and of W1: sizes and time per point.
//
//   columns_bench [FOLDER]   FOLDER holds NAME/NAME.jsonl.xz; without it ZBAG_TEST_DATA, else W1
//
// Blocks are cut as the writer cuts them (64 KiB of rows) and encoded by a BlockEncoder. "mcap"
// is what the same maps would take as MCAP messages in zstd chunks of 768 KiB with their message
// indexes, computed here, since no package brings its library.
#include <fmt/format.h>
#include <zstd.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>

#include "benchmarks/workloads.hpp"
#include "player/neutral_file.hpp"
#include "recorder/bag/block.hpp"
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
  std::vector<std::string_view> in_order;  // every map, in order of time
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
    in_order.push_back(kept);
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
    std::string map(5, '\0');
    map.resize(write_map_header(scan.fields, reinterpret_cast<std::uint8_t*>(map.data())));
    map.append(frame.bytes, scan.ranges[0].begin, scan.ranges[0].end - scan.ranges[0].begin);
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
};

double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
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
  out.columns_blocks += opened->header().codec == Codec::kColumns ? 1 : 0;
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

// MCAP: a message is 31 bytes and its payload; its index 16 more, outside the chunk.
std::size_t mcap_bytes(const Recording& recording) {
  constexpr std::size_t kChunk = 768 * 1024;
  std::string chunk;
  std::size_t bytes = 0;
  const auto flush = [&] {
    std::string packed(ZSTD_compressBound(chunk.size()), '\0');
    bytes += ZSTD_compress(packed.data(), packed.size(), chunk.data(), chunk.size(), 1) + 100;
    chunk.clear();
  };
  std::uint64_t number = 0;
  for (const std::string_view map : recording.in_order) {
    std::array<std::uint64_t, 4> head{++number, number * 4'000'000, number * 4'000'000 + 77'000,
                                      map.size()};
    chunk.append(reinterpret_cast<const char*>(head.data()), 31);
    chunk.append(map);
    bytes += 16;
    if (chunk.size() >= kChunk) flush();
  }
  flush();
  return bytes;
}

struct Sums {
  double raw = 0, rows_lz4 = 0, rows_zstd = 0, columns_lz4 = 0, columns_zstd = 0, mcap = 0;
};

void print_recording(const Recording& recording, Sums& sums) {
  const CompressionSpec lz4{Compression::kLz4, 1};
  const CompressionSpec zstd{Compression::kZstd, 3};
  const Outcome rows_lz4 = encode(recording, lz4, false);
  const Outcome rows_zstd = encode(recording, zstd, false);
  const Outcome columns_lz4 = encode(recording, lz4, true);
  const Outcome columns_zstd = encode(recording, zstd, true);
  const std::size_t mcap = mcap_bytes(recording);
  const auto kb = [](std::size_t bytes) { return static_cast<double>(bytes) / 1e3; };
  const auto each = [](double ns, std::size_t points) {
    return ns / static_cast<double>(std::max<std::size_t>(points, 1));
  };
  fmt::print(
      "{:18} {:8} {:9.0f} | {:8.0f} {:8.0f} {:8.0f} {:8.0f} | {:8.0f} {:5.2f} | {:4.0f} {:4.0f} "
      "{:5.0f} {:5.0f} | {:4.0f} {:4.0f} | {}/{}\n",
      recording.name, recording.points, kb(recording.raw_bytes), kb(rows_lz4.bytes),
      kb(rows_zstd.bytes), kb(columns_lz4.bytes), kb(columns_zstd.bytes), kb(mcap),
      static_cast<double>(columns_zstd.bytes) / static_cast<double>(mcap),
      each(rows_lz4.encode_ns, rows_lz4.points), each(columns_lz4.encode_ns, columns_lz4.points),
      each(rows_zstd.encode_ns, rows_zstd.points),
      each(columns_zstd.encode_ns, columns_zstd.points), each(rows_lz4.decode_ns, rows_lz4.points),
      each(columns_lz4.decode_ns, columns_lz4.points), columns_zstd.columns_blocks,
      columns_zstd.blocks);
  std::fflush(stdout);
  sums.raw += kb(recording.raw_bytes);
  sums.rows_lz4 += kb(rows_lz4.bytes);
  sums.rows_zstd += kb(rows_zstd.bytes);
  sums.columns_lz4 += kb(columns_lz4.bytes);
  sums.columns_zstd += kb(columns_zstd.bytes);
  sums.mcap += kb(mcap);
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  const char* const variable = std::getenv("ZBAG_TEST_DATA");
  const std::string folder = argc > 1 ? argv[1] : variable != nullptr ? variable : "";
  fmt::print(
      "{:18} {:>8} {:>9} | {:>8} {:>8} {:>8} {:>8} | {:>8} {:>5} | {:>20} | {:>9} | columns\n", "",
      "points", "raw kB", "rows lz4", "zstd", "cols lz4", "zstd", "mcap", "ratio",
      "encode ns r c rz cz", "decode");
  Sums w1;
  print_recording(w1_recording(), w1);
  Sums sums;
  std::vector<std::filesystem::path> files;
  if (!folder.empty()) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().string().ends_with(".jsonl.xz")) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) print_recording(read_recording(file), sums);
  if (files.empty()) return 0;
  fmt::print(
      "all: raw {:.0f} kB, rows lz4 {:.2f}x zstd {:.2f}x, columns lz4 {:.2f}x zstd {:.2f}x, of "
      "mcap {:.2f} (lz4 {:.2f})\n",
      sums.raw, sums.raw / sums.rows_lz4, sums.raw / sums.rows_zstd, sums.raw / sums.columns_lz4,
      sums.raw / sums.columns_zstd, sums.columns_zstd / sums.mcap, sums.columns_lz4 / sums.mcap);
  return 0;
}
