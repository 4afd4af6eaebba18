// One block: a run of points of one track in key order, encoded together (FORMAT.md, Blocks).
//
// Encoding copies each row once, into the place it is stored in. Decoding verifies the checksum
// first, bounds every count by the bytes there are before it allocates, and gives back the same
// bytes; of an uncompressed block it lends rows straight from the stored value.
// Nothing here touches a file. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/compression.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/result.hpp"

namespace zbag {

// On disk: append only.
enum class Codec : std::uint8_t { kRows = 0 };

inline constexpr std::uint32_t kBlockMagic = 0x314b425a;  // "ZBK1" as little-endian bytes
inline constexpr std::size_t kBlockHeaderBytes = 64;
inline constexpr std::size_t kLonePayloadOffset = 112;  // + 16 before the value = 2 * 64
inline constexpr std::size_t kBlockRawBytesMax = 256u << 20;
inline constexpr std::uint32_t kBlockPointsMax = 1u << 17;  // bounds what decoding allocates

enum BlockFlags : std::uint8_t {
  kBlockLate = 1,     // points that arrived behind the written end of their track
  kBlockIndexed = 2,  // carries an index for every point
  kBlockLone = 4,     // one large point whose map lies at kLonePayloadOffset
};

// One point on its way into a block. The pairs are lent: they must outlive the encoding.
struct RowPoint {
  std::int64_t key = 0;
  double seconds = 0.0;
  std::int64_t wall_ns = 0;  // first arrival, wall clock
  std::int64_t mono_ns = 0;  // and monotonic clock of the recorder's host
  std::uint64_t src = 0;
  std::uint64_t seq = 0;
  std::uint64_t index = 0;  // written only into indexed blocks
  std::uint64_t shape = 0;  // see FrameScan; 0: look for yourself
  const std::uint8_t* pairs = nullptr;
  std::uint32_t pairs_bytes = 0;
  std::uint32_t fields = 0;
  bool has_src = false;
  bool has_seq = false;

  MapBytes map() const { return {fields, {pairs, pairs_bytes}}; }
};

// One point of a decoded block. `map` is the whole MessagePack map of its fields, lent by the
// block.
struct StoredPoint {
  std::int64_t key = 0;
  double seconds = 0.0;
  std::int64_t wall_ns = 0;
  std::int64_t mono_ns = 0;
  std::uint64_t src = 0;
  std::uint64_t seq = 0;
  std::uint64_t index = 0;  // only of indexed blocks; others count on from first_ordinal
  std::span<const std::uint8_t> map;
  bool has_src = false;
  bool has_seq = false;
};

struct BlockHeader {
  Codec codec = Codec::kRows;
  Compression compression = Compression::kNone;
  std::uint8_t flags = 0;
  std::uint32_t track = 0;
  std::uint32_t count = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::uint32_t raw_bytes = 0;      // of the body before compression
  std::uint32_t stored_bytes = 0;   // of the body as it is
  std::uint64_t first_ordinal = 0;  // how many points of the main run lie before this block; of a
                                    // late lone block, the index of its point
  bool is_late() const { return (flags & kBlockLate) != 0; }
};

// Encodes points, one after another, into blocks of the `rows` codec. Reused from block to block.
class BlockEncoder {
 public:
  // What the body would measure at most with `point` added.
  std::size_t bytes_with(const RowPoint& point) const;
  // REQUIRES: keys do not descend.
  void add(const RowPoint& point, bool indexed);
  std::size_t count() const { return points_.size(); }
  const std::vector<RowPoint>& points() const { return points_; }
  void clear();
  // Copies the pairs of the points from `from` on, so that they need not outlive this call any
  // more. `arena` becomes their home and must live as long as this encoder holds them.
  void own_rows(std::size_t from, std::string& arena);

  // Says what the points will measure as a block, header and checksum included; write_to() then
  // puts them there, uncompressed ones straight from where they lie. `header` needs track, flags
  // and first_ordinal; the rest is filled in. REQUIRES: count() > 0.
  std::size_t prepare(BlockHeader header, CompressionSpec compression);
  // REQUIRES: `out` measures what prepare() said, and nothing was added since.
  void write_to(std::span<std::uint8_t> out) const;
  // Both, into memory of the encoder's own; lent until the next call.
  std::span<const std::uint8_t> finish(BlockHeader header, CompressionSpec compression);

 private:
  void compress(CompressionSpec compression);
  void write_columns(std::uint8_t*& at) const;
  void write_rows(std::uint8_t*& at) const;
  std::size_t body_bytes() const;

  // Columns of the body as FORMAT.md names them.
  std::vector<std::uint8_t> keys_, wall_, offset_, src_codes_, seqs_, seq_flags_, indices_,
      lengths_, doubles_;
  std::vector<std::uint64_t> srcs_;
  std::vector<RowPoint> points_;
  std::size_t rows_bytes_ = 0;
  std::size_t doubles_count_ = 0;
  std::size_t last_double_ = 0;
  std::size_t with_src_ = 0;
  std::size_t with_seq_ = 0;
  std::int64_t last_seq_ = 0;
  BlockHeader prepared_;
  Compressor compressor_;
  std::vector<std::uint8_t> raw_;         // the body before compression
  std::vector<std::uint8_t> compressed_;  // and after
  std::vector<std::uint8_t> out_;
};

// A block of one point, for points of half a block and more.
std::size_t lone_block_bytes(const RowPoint& point);
// REQUIRES: `out` measures lone_block_bytes().
void write_lone_block(BlockHeader header, const RowPoint& point, std::span<std::uint8_t> out);

// A stored block, verified. Lends its rows as long as it and the value it came from live.
class Block {
 public:
  // Reads the header alone, without looking at the checksum; kDamaged when it is none.
  static Result<BlockHeader> read_header(std::string_view value);
  // kDamaged: not a block, a wrong checksum, impossible sizes; kNewerFormat: an unknown codec.
  static Result<Block> open(std::string_view value);

  const BlockHeader& header() const { return header_; }
  const std::vector<StoredPoint>& points() const { return points_; }

 private:
  Status decode_rows(std::span<const std::uint8_t> body);
  Status decode_lone(std::string_view value);

  BlockHeader header_;
  std::unique_ptr<std::uint8_t[]> raw_;  // the decompressed body
  std::vector<StoredPoint> points_;
};

}  // namespace zbag
