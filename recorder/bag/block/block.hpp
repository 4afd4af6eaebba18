// One block: a run of points of one track in key order, encoded together (FORMAT.md, Blocks).
//
// Encoding copies each row once, into the place it is stored in, or takes it apart into columns.
// Decoding verifies the checksum first, bounds every count by the bytes there are before it
// allocates, and gives back the same bytes (of columns: equal values and types, integers in their
// shortest form); of an uncompressed block it lends rows straight from the stored value.
// Nothing here touches a file. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/block/columns/columns_body.hpp"
#include "recorder/bag/block/columns/point_streams.hpp"
#include "recorder/bag/block/compression.hpp"
#include "schemas/points/point.hpp"
#include "schemas/result.hpp"

namespace zbag {

// On disk: append only.
enum class Codec : std::uint8_t { kRows = 0, kColumns = 1 };

inline constexpr std::uint32_t kBlockMagic = 0x314b425a;  // "ZBK1" as little-endian bytes
inline constexpr std::size_t kBlockHeaderBytes = 64;
inline constexpr std::size_t kLonePayloadOffset = 112;  // + 16 before the value = 2 * 64
inline constexpr std::size_t kBlockRawBytesMax = 256u << 20;
inline constexpr std::uint32_t kBlockPointsMax = 1u << 17;  // bounds what decoding allocates

enum BlockFlags : std::uint8_t {
  kBlockLate = 1,     // points that arrived behind the written end of their track
  kBlockIndexed = 2,  // carries an index for every point
  kBlockLone = 4,     // one large point whose map lies at kLonePayloadOffset
  kBlockFolded = 8,   // points may have been late, or had other numbers; each key was there once
  kBlockBorder = 16,  // of the main run, without points: parts the late blocks around it
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
  bool is_folded() const { return (flags & kBlockFolded) != 0; }
};

// What compressing blocks needs, one after another: large buffers, and which codec and which forms
// of it suit a track.
// One a thread serves all encoders. Not thread-safe.
class BlockScratch {
 private:
  friend class BlockEncoder;
  struct Preference {
    std::uint32_t track = 0;
    std::uint32_t blocks = 0;  // since everything was compared
    bool columns = true;
    ColumnsHabits habits;
  };
  std::array<Preference, 64> preferences_;  // by the low bits of the track's id
  Compressor compressor_;
  std::vector<std::uint8_t> raw_;         // the body of rows before compression
  std::vector<std::uint8_t> compressed_;  // and after
  ColumnsEncoder columns_;
  PointStreamsEncoder point_streams_;
  Bytes point_columns_;
};

// Encodes points, one after another, into blocks. Reused from block to block.
//
// Uncompressed blocks are `rows`, so that readers are lent their maps. Of compressed ones columns
// are taken unless rows are clearly smaller (by 1/32); which one won a track's last comparison, and
// in which form, is used for a while before all are tried again, so that the losers cost nothing.
class BlockEncoder {
 public:
  // What the body would measure at most with `point` added.
  std::size_t bytes_with(const RowPoint& point) const;
  // REQUIRES: keys do not descend.
  void add(const RowPoint& point, bool indexed);
  std::size_t count() const { return points_.size(); }
  const std::vector<RowPoint>& points() const { return points_; }
  void clear();
  // Whether columns are tried at all; they are unless this says no.
  void use_columns(bool use) { uses_columns_ = use; }
  // Copies the pairs of the points from `from` on, so that they need not outlive this call any
  // more. `arena` becomes their home and must live as long as this encoder holds them.
  void own_rows(std::size_t from, std::string& arena);

  // Says what the points will measure as a block, header and checksum included; write_to() then
  // puts them there, uncompressed ones straight from where they lie. `header` needs track, flags
  // and first_ordinal; the rest is filled in. REQUIRES: count() > 0.
  std::size_t prepare(BlockHeader header, CompressionSpec compression, BlockScratch& scratch);
  // REQUIRES: `out` measures what prepare() said, and nothing was added since.
  void write_to(std::span<std::uint8_t> out) const;
  // Both, into memory of the encoder's own; lent until the next call.
  std::span<const std::uint8_t> finish(BlockHeader header, CompressionSpec compression);

 private:
  void compress(CompressionSpec compression, BlockScratch& scratch);
  void compress_rows(CompressionSpec compression, BlockScratch& scratch);
  bool compress_columns(CompressionSpec compression, BlockScratch& scratch, ColumnsHabits& habits);
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
  std::vector<std::uint8_t> stored_;  // the body as prepared; empty: plain rows
  bool uses_columns_ = true;
  std::unique_ptr<BlockScratch> scratch_;  // of finish()
  std::vector<std::uint8_t> out_;
};

// A block of one point, for points of half a block and more.
std::size_t lone_block_bytes(const RowPoint& point);
// REQUIRES: `out` measures lone_block_bytes().
void write_lone_block(BlockHeader header, const RowPoint& point, std::span<std::uint8_t> out);

// A block without points at `key`, of kBlockHeaderBytes. `header` needs track and first_ordinal.
void write_border_block(BlockHeader header, std::int64_t key, std::span<std::uint8_t> out);

// A stored block, verified. Lends its rows as long as it and the value it came from live; moving it
// moves nothing it lends.
class Block {
 public:
  enum class Maps : std::uint8_t { kNow, kLater };

  // Reads the header alone, without looking at the checksum; kDamaged when it is none.
  static Result<BlockHeader> read_header(std::string_view value);
  // kDamaged: not a block, a wrong checksum, impossible sizes; kNewerFormat: an unknown codec.
  // With `Maps::kLater` a block of columns gives keys, stamps and (of indexed blocks) indices alone
  // and lends columns() in place of maps; damage of a field is then met when it is read.
  static Result<Block> open(std::string_view value, Maps maps = Maps::kNow);

  const BlockHeader& header() const { return header_; }
  const std::vector<StoredPoint>& points() const { return points_; }
  // Bytes of its own the maps lie in; 0: they are lent from the value.
  std::size_t owned_bytes() const { return raw_bytes_; }
  // The fields as columns; nullptr when maps are what there is. Decompresses as it is asked.
  ColumnsBody* columns() { return columns_ ? &*columns_ : nullptr; }

 private:
  Status decode_rows(std::span<const std::uint8_t> body);
  Status decode_columns(std::span<const std::uint8_t> body, Maps maps);
  bool join_maps(ColumnsBody& body);
  Status decode_lone(std::string_view value);

  BlockHeader header_;
  std::unique_ptr<std::uint8_t[]> raw_;  // the decompressed body, or maps put together
  std::size_t raw_bytes_ = 0;
  std::optional<ColumnsBody> columns_;  // instead of maps
  std::vector<StoredPoint> points_;
};

}  // namespace zbag
