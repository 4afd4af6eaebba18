// Makes blocks of points (FORMAT.md, Blocks).
//
// Each row is copied once, into the place it is stored in, or taken apart into columns. Nothing
// here touches a file. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "recorder/bag/block/columns/columns_body.hpp"
#include "recorder/bag/block/columns/point_streams.hpp"
#include "recorder/bag/block/compression.hpp"
#include "recorder/bag/block/header.hpp"
#include "schemas/points/point.hpp"

namespace zbag {

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
  // Copies the pairs of the points [begin, end), so that they need not outlive this call any more.
  // `arena` becomes their home and must live as long as this encoder holds them.
  void own_rows(std::size_t begin, std::size_t end, std::string& arena);

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
  void write_heads(std::uint8_t*& at) const;
  void write_rows(std::uint8_t*& at) const;
  std::size_t body_bytes() const;
  void keep_summary(std::span<const std::uint8_t> summary);

  // The heads of the points, a stream for each of their parts (FORMAT.md, Body of `rows`).
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
  std::vector<std::uint8_t> summary_;  // what lies between header and body
  std::vector<std::uint8_t> stored_;   // the body as prepared; empty: plain rows
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

}  // namespace zbag
